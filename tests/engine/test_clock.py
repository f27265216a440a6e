"""Time: a server that is away for a minute, in simulated time; and a wall clock that jumps by hours."""

from __future__ import annotations

import asyncio
import itertools
import os
import random
import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import Executor
from pathlib import Path
from typing import Any

import pytest

from adf_core import Overloaded, RateLimited, Request, Response, Unreachable
from adf_core.engine import Run, RunOptions, Summary
from adf_core.journal import FILE_NAME, JournalReader
from adf_core.project import load
from adf_core.testing import OpenAIServer, ScriptedProvider, make_project, plugins_with
from adf_core.testing.openai_server import default_answer
from adf_core.testing.scripted import two_turns

from .virtual_time import VirtualTimeLoop

CONCURRENCY = 8
HOUR = 3600.0


class Simulation(VirtualTimeLoop):
    """Simulated time for a whole run: what is given to threads is done at once."""

    def run_in_executor(self, executor: Executor | None, func: Callable[..., Any], *args: Any) -> asyncio.Future[Any]:
        done = self.create_future()
        done.set_result(func(*args))
        return done


def simulate(folder: Path, provider: type[ScriptedProvider], seeds: int, **more: Any) -> tuple[Summary, float]:
    """Run a project of so many seeds; beside the summary the seconds that passed in the simulation."""
    chosen = {"name": provider.name, **more}
    directions = {"seed_evolving_directions": ["plain"], "derivational_evolving_directions": []}
    made = make_project(folder, provider=chosen, generation={"s_factor": seeds}, **directions)
    plugins = plugins_with(provider)
    run = Run(load(made, plugins), plugins, RunOptions(out=folder / "out", concurrency=CONCURRENCY))

    async def execute() -> tuple[Summary, float]:
        return await run.execute(), asyncio.get_running_loop().time()

    with asyncio.Runner(loop_factory=Simulation) as runner:
        return runner.run(execute())


class Away(ScriptedProvider):
    """A server that takes a second for an answer, and that nobody reaches while it is away."""

    away_from = 5.0
    back_at = 65.0

    async def generate(self, request: Request) -> Response:
        self.fail_while_away("nobody is there")
        await asyncio.sleep(1)
        self.fail_while_away("it broke off")
        return Response(two_turns(request, 1), model=self.model)

    def fail_while_away(self, how: str) -> None:
        if self.away_from <= asyncio.get_running_loop().time() < self.back_at:
            raise Unreachable(how)


def test_a_server_that_is_back_after_a_minute_has_lost_no_conversation(tmp_path: Path) -> None:
    summary, seconds = simulate(tmp_path, Away, 400)
    assert (summary.ended, summary.exit_status) == ("finished", 0)
    assert (summary.state.accepted, summary.state.failed) == (400, 0)
    assert seconds > Away.back_at
    assert simulate(tmp_path, Away, 400)[0].nothing_to_do


class NeverBack(Away):
    back_at = float("inf")


def test_a_server_that_never_comes_back_ends_the_run_after_minutes_not_hours(tmp_path: Path) -> None:
    summary, seconds = simulate(tmp_path, NeverBack, 1000)
    assert (summary.ended, summary.why, summary.exit_status) == ("error", "nobody is there", 1)
    assert seconds < 300
    state = summary.state
    assert state.accepted == state.answers > 0
    assert state.unspent == 1000 - state.accepted


class Moody(ScriptedProvider):
    """Answers after a while; some requests are refused or fail at first."""

    async def generate(self, request: Request) -> Response:
        self.requests.append(request)
        await asyncio.sleep(0.5)
        if self.requests.count(request) == 1:
            if request.seed % 7 == 0:
                raise RateLimited("slow down", retry_after=3)
            if request.seed % 7 == 1:
                raise Overloaded("busy")
        return Response(f'{{"conversations": [{{"user": "{request.seed}", "assistant": "a"}}]}}', model=self.model)


@pytest.mark.parametrize("rpm", [None, 120.0], ids=["as fast as it goes", "rpm"])
def test_a_wall_clock_that_jumps_changes_nothing(monkeypatch, tmp_path: Path, rpm: float | None) -> None:
    more = {} if rpm is None else {"rpm": rpm}
    random.seed(1)
    calm, calm_seconds = simulate(tmp_path / "calm", Moody, 150, **more)
    jumps = itertools.cycle([5 * HOUR, -7 * HOUR, 0.0, -30 * HOUR, 26 * HOUR])
    real = time.time
    monkeypatch.setattr(time, "time", lambda: real() + next(jumps))
    random.seed(1)
    jumpy, jumpy_seconds = simulate(tmp_path / "jumpy", Moody, 150, **more)
    monkeypatch.undo()
    assert jumpy.state.accepted == 150
    assert (jumpy.requests, jumpy_seconds) == (calm.requests, calm_seconds)
    files = [(tmp_path / name / "out" / "dataset.jsonl").read_bytes() for name in ("calm", "jumpy")]
    assert files[0] == files[1]
    with JournalReader(tmp_path / "jumpy" / "out" / FILE_NAME) as reader:
        least, most = reader.connection.execute("SELECT min(started), max(started) FROM answers").fetchone()
        took = reader.connection.execute("SELECT min(waited), min(seconds), max(seconds) FROM answers").fetchone()
    assert most - least > 50 * HOUR, "then the clock did not jump"
    assert min(took) >= -1e-6
    assert max(took) < HOUR


LIBFAKETIME = next(iter(sorted(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"))), None)


@pytest.mark.skipif(LIBFAKETIME is None, reason="libfaketime is not installed (Debian: apt-get install libfaketime)")
def test_a_wall_clock_that_jumps_in_the_midst_of_a_real_run(tmp_path: Path) -> None:
    """In the process all of the system's clock jumps, as when a laptop wakes up, or somebody sets the date."""
    clock = tmp_path / "clock"
    clock.write_text("+0")
    jumps = itertools.cycle(["+5h", "-7h", "-30h", "+26h", "+0"])

    def answer(body: dict[str, Any], nth: int) -> str:
        if server.count % 4 == 0:
            clock.write_text(next(jumps))
        return default_answer(body, nth)

    words = [f"word {number}" for number in range(24)]
    folder = make_project(tmp_path / "p", seed_evolving_directions=words, derivational_evolving_directions=[])
    with OpenAIServer(answer, latency=0.05) as server:
        options = ["--provider", "openai", "-o", f"base_url={server.url}", "--concurrency", "4"]
        faked = {"LD_PRELOAD": str(LIBFAKETIME), "FAKETIME_TIMESTAMP_FILE": str(clock), "FAKETIME_NO_CACHE": "1"}
        done = subprocess.run(
            [sys.executable, "-m", "adf_core", "run", str(folder), *options],
            env={**os.environ, **faked, "FAKETIME_DONT_FAKE_MONOTONIC": "1"},
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )
        assert (done.returncode, "Traceback" in done.stderr) == (0, False), done.stderr
        assert server.count == 24
    with JournalReader(folder / "out" / FILE_NAME) as reader:
        assert reader.state().accepted == 24
        least, most = reader.connection.execute("SELECT min(started), max(started) FROM answers").fetchone()
        longest = reader.connection.execute("SELECT max(seconds) FROM answers").fetchone()[0]
    assert most - least > 50 * HOUR, "then the clock did not jump"
    assert 0 < longest < 60
