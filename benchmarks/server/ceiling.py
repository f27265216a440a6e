"""How many requests a second the server answers when nothing else slows it down."""

from __future__ import annotations

import asyncio
import json
import re
import shutil
import subprocess
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import aiohttp

from benchmarks.server.running import RunningServer

_SECONDS = 5
_CONNECTIONS = 64

_PROMPT = "x" * 1500
"""About as long as a prompt with a diagram in it."""

_SCRIPT = """
local number = 0
function setup(thread) number = number + 1; thread:set("part", number) end
function init() count = 0 end
function request()
  count = count + 1
  local body = string.format('%s', part * 100000000 + count)
  return wrk.format("POST", "/v1/chat/completions", {["Content-Type"] = "application/json"}, body)
end
"""


@dataclass(frozen=True, slots=True)
class Ceiling:
    """``tool`` is what asked. ``per_second`` are answers to requests that are all different."""

    tool: str
    per_second: float


def describe(ceiling: Ceiling) -> str:
    return f"{ceiling.per_second:,.0f} requests a second at zero latency ({ceiling.tool})"


def measure() -> Ceiling:
    """Start a server and ask it as fast as possible, with wrk where it is installed, else with aiohttp."""
    with RunningServer() as server:
        if shutil.which("wrk"):
            return Ceiling(f"asked by wrk over {_CONNECTIONS} connections", _asked_by_wrk(server.url))
        per_second = asyncio.run(_asked_by_aiohttp(server.url))
        return Ceiling("asked by aiohttp, which is itself the slower part; install wrk to see the server's", per_second)


def _asked_by_wrk(url: str) -> float:
    script = _SCRIPT % json.dumps({"model": "m", "messages": [{"role": "user", "content": f"%d {_PROMPT}"}]})
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "requests.lua"
        path.write_text(script)
        command = ["wrk", "-t", "1", "-c", str(_CONNECTIONS), "-d", f"{_SECONDS}s", "-s", str(path), url]
        output = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    found = re.search(r"^Requests/sec:\s+([\d.]+)", output, re.MULTILINE)
    if found is None or "Non-2xx" in output:
        raise RuntimeError(f"wrk could not measure the server:\n{output}")
    return float(found[1])


async def _asked_by_aiohttp(url: str) -> float:
    answered = 0
    end = time.monotonic() + _SECONDS

    async def ask(session: aiohttp.ClientSession, part: int) -> None:
        nonlocal answered
        while time.monotonic() < end:
            body = {"model": "m", "messages": [{"role": "user", "content": f"{part} {answered} {_PROMPT}"}]}
            async with session.post(f"{url}/v1/chat/completions", json=body) as answer:
                await answer.read()
            answered += 1

    async with aiohttp.ClientSession(connector=aiohttp.TCPConnector(limit=0)) as session, asyncio.TaskGroup() as group:
        for part in range(_CONNECTIONS):
            group.create_task(ask(session, part))
    return answered / _SECONDS
