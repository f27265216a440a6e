"""NeMo Data Designer, with prompts as its seed dataset and one structured column, as its tutorials show."""

from __future__ import annotations

import data_designer.config as dd
import pandas
from data_designer.interface import DataDesigner
from pydantic import BaseModel

from benchmarks.contenders.job import KEY, MAX_TOKENS, MODEL, TEMPERATURE, job


class Turn(BaseModel):
    user: str
    assistant: str


class Conversation(BaseModel):
    conversations: list[Turn]


if __name__ == "__main__":
    given = job()
    provider = dd.ModelProvider(name="local", endpoint=given.url, provider_type="openai", api_key=KEY)
    parameters = dd.ChatCompletionInferenceParams(
        max_parallel_requests=given.concurrency, max_tokens=MAX_TOKENS, temperature=TEMPERATURE
    )
    model = dd.ModelConfig(alias="writer", model=MODEL, provider="local", inference_parameters=parameters)
    builder = dd.DataDesignerConfigBuilder(model_configs=[model])
    builder.with_seed_dataset(dd.DataFrameSeedSource(df=pandas.DataFrame({"prompt": given.prompts})))
    builder.add_column(
        dd.LLMStructuredColumnConfig(
            name="answer", model_alias="writer", prompt="{{ prompt }}", output_format=Conversation
        )
    )
    designer = DataDesigner(artifact_path=given.out.parent / "artifacts", model_providers=[provider])
    designer.set_run_config(dd.RunConfig(otel_metrics_port=None))
    dataset = designer.create(builder, num_records=len(given.prompts)).load_dataset()
    dataset.join(pandas.json_normalize(dataset["answer"], max_level=0)).drop(columns="answer").to_json(
        given.out, orient="records", lines=True
    )
