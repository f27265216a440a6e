"""``kill -9`` at any moment: nothing is lost, and nothing is paid for twice but what was in flight."""

from __future__ import annotations

import random
import signal
import sys
import time
from collections import defaultdict
from pathlib import Path

from adf_core.testing import OpenAIServer, make_project
from adf_core.testing.openai_server import default_answer

KILLS = 10
LATENCY = 0.1
CONCURRENCY = 8
LONGEST_LIFE = 0.5
"""Seconds from a process's first request until it is killed."""

LOST_SECONDS = 0.1
"""What had arrived so shortly before a kill may be asked for again."""

NOISE_SECONDS = 0.3
"""How late this machine may be with anything."""


def key(body: dict) -> str:
    return f"{body['messages'][-1]['content']}|{body['seed']}"


def test_ten_kills_lose_nothing_and_repeat_only_what_was_in_flight(adf, start, tmp_path: Path) -> None:
    folder = make_project(tmp_path / "p", seed_evolving_directions=[f"word {number}" for number in range(12)])
    seed = random.randrange(2**32)
    dice = random.Random(seed)
    print(f"random seed {seed}")
    arrivals: defaultdict[str, list[float]] = defaultdict(list)

    def answer(body: dict, nth: int):
        arrivals[key(body)].append(time.monotonic())
        return "no JSON" if int(body["seed"]) % 10 == 0 else default_answer(body, nth)

    with OpenAIServer(answer, latency=LATENCY) as server:

        def command(out: str) -> list[str]:
            options = ["-o", f"base_url={server.url}", "--concurrency", str(CONCURRENCY), "--out", str(tmp_path / out)]
            return ["run", str(folder), "--provider", "openai", *options]

        def whole(out: str) -> None:
            done = adf(*command(out))
            assert done.returncode == 0, done.stderr

        whole("uninterrupted")
        first = {text: len(times) for text, times in arrivals.items()}
        assert set(first.values()) == {1}
        arrivals.clear()

        kills = []
        for _ in range(KILLS):
            before = server.count
            process = start(*command("killed"))
            while server.count == before:
                assert process.poll() is None, "it ended before it was killed: there is too little to do"
                time.sleep(0.001)
            time.sleep(dice.uniform(0, LONGEST_LIFE))
            process.send_signal(signal.SIGKILL)
            kills.append(time.monotonic())
            process.wait()
        whole("killed")

    for name in ("dataset.jsonl", "outputs.json"):
        assert (tmp_path / "killed" / name).read_bytes() == (tmp_path / "uninterrupted" / name).read_bytes()
    assert set(arrivals) == set(first)
    repeated = {text: times for text, times in arrivals.items() if len(times) > 1}
    for times in repeated.values():
        for arrived in times[:-1]:
            earliest, latest = arrived - NOISE_SECONDS, arrived + LATENCY + LOST_SECONDS + NOISE_SECONDS
            assert any(earliest <= kill < latest for kill in kills)
    assert sum(len(times) - 1 for times in repeated.values()) <= KILLS * CONCURRENCY * (2 + LOST_SECONDS / LATENCY)
    print(f"{len(first)} requests, {len(repeated)} repeated by {len(kills)} kills", file=sys.stderr)
