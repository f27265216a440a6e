"""The floor: raw aiohttp, each answer parsed and appended, and nothing else."""

from __future__ import annotations

import asyncio
import json
from typing import TextIO

import aiohttp

from benchmarks.contenders.job import KEY, Job, body, job

try:
    from uvloop import run
except ImportError:
    from asyncio import run


async def main(job: Job, out: TextIO) -> None:
    prompts = iter(job.prompts)
    connector = aiohttp.TCPConnector(limit=job.concurrency)
    headers = {"Authorization": f"Bearer {KEY}"}
    async with aiohttp.ClientSession(connector=connector, headers=headers) as session:

        async def ask() -> None:
            for prompt in prompts:
                async with session.post(f"{job.url}/chat/completions", json=body(prompt)) as answer:
                    data = await answer.json()
                found = json.loads(data["choices"][0]["message"]["content"])
                out.write(json.dumps({"prompt": prompt, **found}) + "\n")

        async with asyncio.TaskGroup() as group:
            for _ in range(job.concurrency):
                group.create_task(ask())


if __name__ == "__main__":
    given = job()
    with given.out.open("w", encoding="utf-8") as file:
        run(main(given, file))
