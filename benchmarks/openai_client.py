"""What a call costs the client: ``python -m benchmarks.openai_client``, with ``--long 200000`` one long run.

Each way to ask runs in a process of its own against ``benchmarks.server``, which answers at once. CPU is that of the
client alone, start-up left out; `open` is the seconds from the first import to a client that is ready.

A long run goes through the provider, as `adf` does, and shows that the last calls cost no more than the first.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import statistics
import subprocess
import sys
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

from benchmarks.server import RunningServer

AT_ONCE = 64
CALLS = 5_000
ROUNDS = 3
"""How often each way is measured, in turn, so that a noisy machine disturbs all alike."""

BLOCK = 20_000
"""Calls of a long run that make one line of its table."""

TICK = 0.01
"""Seconds between two looks at how late the event loop is."""

TURN = {
    "type": "object",
    "properties": {"user": {"type": "string", "minLength": 1}, "assistant": {"type": "string", "minLength": 1}},
    "required": ["user", "assistant"],
    "additionalProperties": False,
}
SCHEMA = {
    "type": "object",
    "properties": {"conversations": {"type": "array", "minItems": 1, "items": TURN}},
    "required": ["conversations"],
    "additionalProperties": False,
}
PROMPT = "Write a conversation between a customer and a shop assistant about a bicycle. " * 25

Ask = Callable[[str], Awaitable[object]]


# --- the ways --------------------------------------------------------------------------------------------------------


def parameters(prompt: str) -> dict[str, Any]:
    return {
        "model": "m",
        "messages": [{"role": "user", "content": prompt}],
        "max_tokens": 4096,
        "temperature": 0.9,
        "top_p": 1.0,
        "seed": 1,
        "response_format": {
            "type": "json_schema",
            "json_schema": {"name": "answer", "schema": SCHEMA, "strict": True},
        },
    }


@asynccontextmanager
async def sdk(url: str) -> AsyncIterator[Ask]:
    from openai import AsyncOpenAI

    async with AsyncOpenAI(api_key="none", base_url=url, max_retries=0) as client:
        yield lambda prompt: client.chat.completions.create(**parameters(prompt))


@asynccontextmanager
async def sdk_aiohttp(url: str) -> AsyncIterator[Ask]:
    from openai import AsyncOpenAI, DefaultAioHttpClient

    async with AsyncOpenAI(api_key="none", base_url=url, max_retries=0, http_client=DefaultAioHttpClient()) as client:
        yield lambda prompt: client.chat.completions.create(**parameters(prompt))


@asynccontextmanager
async def sdk_aiohttp_post(url: str) -> AsyncIterator[Ask]:
    import httpx2
    from openai import AsyncOpenAI, DefaultAioHttpClient

    async with AsyncOpenAI(api_key="none", base_url=url, max_retries=0, http_client=DefaultAioHttpClient()) as client:

        async def ask(prompt: str) -> object:
            answer = await client.post(
                "/chat/completions",
                cast_to=httpx2.Response,
                content=json.dumps(parameters(prompt)).encode(),
                options={"headers": {"Content-Type": "application/json"}},
            )
            return json.loads(answer.text)

        yield ask


@asynccontextmanager
async def provider(url: str) -> AsyncIterator[Ask]:
    from adf_openai.provider import OpenAI

    from adf_core import Request

    async with OpenAI(base_url=url, model="m") as asked:
        yield lambda prompt: asked.generate(Request(prompt, json_schema=SCHEMA, seed=1))


@asynccontextmanager
async def aiohttp(url: str) -> AsyncIterator[Ask]:
    import aiohttp

    headers = {"Content-Type": "application/json"}
    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0), headers=headers) as session:

        async def ask(prompt: str) -> object:
            body = json.dumps(parameters(prompt)).encode()
            async with session.post(f"{url}/chat/completions", data=body) as answer:
                return json.loads(await answer.read())

        yield ask


WAYS = {
    "`openai` SDK, `chat.completions.create`": sdk,
    "the same over aiohttp": sdk_aiohttp,
    "SDK over aiohttp, `client.post`": sdk_aiohttp_post,
    "`adf_openai.OpenAI.generate`": provider,
    "aiohttp alone": aiohttp,
}


# --- measuring -------------------------------------------------------------------------------------------------------


async def call(ask: Ask, calls: int) -> tuple[float, float]:
    """Seconds of CPU and of the clock that so many calls take, ``AT_ONCE`` at a time."""
    numbers = iter(range(calls))

    async def work() -> None:
        for number in numbers:
            await ask(f"{number} {PROMPT}")

    clock, cpu = time.perf_counter(), time.process_time()
    await asyncio.gather(*(work() for _ in range(AT_ONCE)))
    return time.process_time() - cpu, time.perf_counter() - clock


async def measure(way: str, url: str) -> None:
    """Print the seconds to open, the CPU milliseconds of a call, and the calls a second."""
    started = time.perf_counter()
    async with WAYS[way](url) as ask:
        opened = time.perf_counter() - started
        await call(ask, AT_ONCE)
        cpu, seconds = await call(ask, CALLS)
    print(json.dumps([opened, cpu / CALLS * 1000, CALLS / seconds]))


def compare() -> None:
    found: dict[str, list[list[float]]] = {way: [] for way in WAYS}
    with RunningServer() as server:
        for _ in range(ROUNDS):
            for way, measured in found.items():
                command = [sys.executable, "-m", "benchmarks.openai_client", "--way", way, "--url", f"{server.url}/v1"]
                measured.append(json.loads(subprocess.check_output(command, text=True)))
    print("| way | open | CPU a call | calls a second |\n|---|---:|---:|---:|")
    for way, measured in found.items():
        opened, cpu, rate = (statistics.median(column) for column in zip(*measured, strict=True))
        print(f"| {way} | {opened:.2f} s | {cpu:.2f} ms | {rate:,.0f} |")


async def late(lags: list[float]) -> None:
    """Note again and again how many milliseconds too late the event loop comes back."""
    loop = asyncio.get_running_loop()
    while True:
        wanted = loop.time() + TICK
        await asyncio.sleep(TICK)
        lags.append((loop.time() - wanted) * 1000)


async def run_long(calls: int, url: str) -> None:
    print("| calls | calls a second | CPU a call | event loop late (p99) | memory |\n|---:|---:|---:|---:|---:|")
    lags: list[float] = []
    async with provider(url) as ask:
        watch = asyncio.create_task(late(lags))
        for done in range(BLOCK, calls + 1, BLOCK):
            lags.clear()
            cpu, seconds = await call(ask, BLOCK)
            print(
                f"| {done:,} | {BLOCK / seconds:,.0f} | {cpu / BLOCK * 1000:.2f} ms "
                f"| {statistics.quantiles(lags, n=100)[-1]:.1f} ms | {resident():.0f} MiB |",
                flush=True,
            )
        watch.cancel()


def resident() -> float:
    """MiB of memory that this process holds now."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * resource.getpagesize() / 2**20


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--long", type=int, metavar="N", help=f"N calls in one process, a line for every {BLOCK:,}")
    parser.add_argument("--way", choices=WAYS, help=argparse.SUPPRESS)
    parser.add_argument("--url", help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.way:
        asyncio.run(measure(arguments.way, arguments.url))
    elif arguments.long:
        with RunningServer() as server:
            asyncio.run(run_long(arguments.long, f"{server.url}/v1"))
    else:
        compare()


if __name__ == "__main__":
    main()
