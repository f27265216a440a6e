"""distilabel: a pipeline of a loading step and a task that generates text, as its quick start shows."""

from __future__ import annotations

import json

from distilabel.models import OpenAILLM
from distilabel.pipeline import Pipeline
from distilabel.steps import LoadDataFromDicts
from distilabel.steps.tasks import TextGeneration

from benchmarks.contenders.job import KEY, MAX_TOKENS, MODEL, TEMPERATURE, job

if __name__ == "__main__":
    given = job()
    with Pipeline("benchmark") as pipeline:
        load = LoadDataFromDicts(
            data=[{"instruction": prompt} for prompt in given.prompts], batch_size=given.concurrency
        )
        model = OpenAILLM(
            model=MODEL,
            base_url=given.url,
            api_key=KEY,
            generation_kwargs={"max_new_tokens": MAX_TOKENS, "temperature": TEMPERATURE},
        )
        load >> TextGeneration(llm=model, input_batch_size=given.concurrency)
    made = pipeline.run(use_cache=False)
    with given.out.open("w", encoding="utf-8") as file:
        for row in made["default"]["train"]:
            try:
                found = json.loads(row["generation"])
            except (TypeError, ValueError):
                continue  # no answer, or one that is none
            file.write(json.dumps({"prompt": row["instruction"], **found}) + "\n")
