"""The `openai` SDK as people write it: the client as it comes, a semaphore, everything gathered."""

from __future__ import annotations

import asyncio
import json
from typing import TextIO

from openai import AsyncOpenAI

from benchmarks.contenders.job import KEY, Job, body, job


async def main(job: Job, out: TextIO) -> None:
    permits = asyncio.Semaphore(job.concurrency)
    async with AsyncOpenAI(base_url=job.url, api_key=KEY) as client:

        async def ask(prompt: str) -> None:
            async with permits:
                answer = await client.chat.completions.create(**body(prompt))
            found = json.loads(answer.choices[0].message.content or "")
            out.write(json.dumps({"prompt": prompt, **found}) + "\n")

        await asyncio.gather(*map(ask, job.prompts))


if __name__ == "__main__":
    given = job()
    with given.out.open("w", encoding="utf-8") as file:
        asyncio.run(main(given, file))
