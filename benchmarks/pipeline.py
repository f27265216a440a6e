"""The engine by itself, with a provider in the process that answers at once: ``python -m benchmarks.pipeline``.

Prints how many records a second go through the whole pipeline, how much memory that takes at 10,000 slots and at a
million, how fast the journal's writer is alone, and how soon a finished journal of a million slots is resumed. Each
measurement is a process of its own. ``--slots N`` makes it smaller, ``--keep DIR`` keeps the journals.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from hashlib import blake2b
from pathlib import Path
from typing import Any, ClassVar

from adf_core import Provider, Request, Response, Turn, Usage
from adf_core.engine import Run, RunOptions
from adf_core.journal import COMMIT_ANSWERS, Charge, Journal, SettledSlot, StoredVerdict
from adf_core.project import load
from adf_core.testing import answer_with, make_project, plugins_with

SMALL = 10_000
DIRECTIONS = 1_000
"""Prompts that differ; the rest of the slots are replicates."""

TURNS = (Turn("What shall we speak about today? " * 2, "An answer of some words, as they come to mind. " * 4),) * 3
TEXT = answer_with(*TURNS)


@dataclass(kw_only=True, eq=False)
class Instant(Provider):
    """Answers at once."""

    name: ClassVar[str] = "instant"
    concurrency: ClassVar[int] = 100
    model: str = "instant-1"
    first_request: float = field(default=0.0, init=False)

    async def generate(self, request: Request) -> Response:
        type(self).first_request = type(self).first_request or time.perf_counter()
        return Response(TEXT, usage=Usage(100, 200), model="instant-1", cost_usd=0.0)


def pipeline(folder: Path, slots: int) -> dict[str, float]:
    """One run over so many slots; a second one in the same folder resumes it."""
    began = time.perf_counter()
    project = make_project(
        folder / "project",
        provider="instant",
        seed_evolving_directions=[f"word {number}" for number in range(DIRECTIONS)],
        derivational_evolving_directions=[],
        generation={"s_factor": slots // DIRECTIONS},
    )
    plugins = plugins_with(Instant)
    run = Run(load(project, plugins), plugins, RunOptions(out=folder / "out"))
    summary = asyncio.run(run.execute())
    seconds = time.perf_counter() - began
    asked = Instant.first_request - began if summary.requests else 0.0
    return {
        "accepted": summary.state.accepted,
        "requests": summary.requests,
        "seconds": seconds,
        "first_request": asked,
    }


async def _write(folder: Path, records: int) -> float:
    async with Journal(folder) as journal:
        began = time.perf_counter()
        committing = asyncio.create_task(journal.commit())
        for number in range(records):
            key, request_key = (blake2b(f"{kind} {number}".encode(), digest_size=16).hexdigest() for kind in "sr")
            request = Request(f"prompt {number} " * 60, {"type": "object"})
            journal.set_charged(Charge(number, 300 * number, 0.0))
            journal.add_request(request_key, request, "instant", "instant-1")
            answer = journal.add_answer(
                slot=key,
                purpose="",
                request=request_key,
                attempt=1,
                seed=number,
                feedback="",
                outcome=Response(TEXT, usage=Usage(100, 200), model="instant-1", cost_usd=0.0),
                tries=1,
                started=time.time(),
                waited=0.0,
                seconds=0.2,
            )
            journal.add_verdicts(answer.id, 1, [StoredVerdict("schema", "accept")])
            journal.settle(_settled(key, number), 1)
            if number % COMMIT_ANSWERS == COMMIT_ANSWERS - 1:
                # As in a run: one batch is written while the next one is made.
                await committing
                committing = asyncio.create_task(journal.commit())
                await asyncio.sleep(0)
        await committing
        await journal.commit(at_once=True)
        return time.perf_counter() - began


def _settled(key: str, number: int) -> SettledSlot:
    return SettledSlot(
        key=key,
        round=0,
        place=number.to_bytes(12, "big"),
        stage="seed",
        type="conversation",
        direction="plain",
        parent=None,
        seed=key,
        prefix_length=0,
        inherited=0,
        replicate=number,
        state="accepted",
        attempts=1,
        provider="instant",
        model="instant-1",
        attempt=1,
        turns=TURNS,
    )


def writer(folder: Path, records: int) -> dict[str, float]:
    """The journal's writer alone, each record with a request, an answer, a verdict and its slot."""
    return {"accepted": records, "seconds": asyncio.run(_write(folder, records))}


MEASUREMENTS: dict[str, Callable[[Path, int], dict[str, float]]] = {"pipeline": pipeline, "writer": writer}


def measure(name: str, folder: Path, number: int) -> dict[str, Any]:
    """A measurement in a process of its own, with its peak memory in MB."""
    command = [sys.executable, "-m", "benchmarks.pipeline", "--child", name, str(folder), str(number)]
    done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=True)
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.add_argument("--slots", type=int, default=1_000_000)
    parser.add_argument("--keep", type=Path, help="a folder for the journals, which are deleted otherwise")
    parser.add_argument("--child", nargs=3, help=argparse.SUPPRESS)
    arguments = parser.parse_args()
    if arguments.child:
        name, folder, number = arguments.child
        found = MEASUREMENTS[name](Path(folder), int(number))
        megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
        print(json.dumps({**found, "megabytes": megabytes}))
        return
    with tempfile.TemporaryDirectory() as scratch:
        report(arguments.keep or Path(scratch), arguments.slots)


def report(folder: Path, slots: int) -> None:
    small = measure("pipeline", folder / "small", SMALL)
    large = measure("pipeline", folder / "large", slots)
    written = measure("writer", folder / "writer", slots)
    resumed = measure("pipeline", folder / "large", slots)
    raised = measure("pipeline", folder / "large", slots + DIRECTIONS)
    rows = [
        (f"{SMALL:,} slots", f"{SMALL / small['seconds']:,.0f} records a second", f"{small['megabytes']:.0f} MB"),
        (f"{slots:,} slots", f"{slots / large['seconds']:,.0f} records a second", f"{large['megabytes']:.0f} MB"),
        (
            "the journal's writer alone",
            f"{slots / written['seconds']:,.0f} records a second",
            f"{written['megabytes']:.0f} MB",
        ),
        (
            f"the finished {slots:,} resumed",
            f"{resumed['seconds']:.1f} s, {resumed['requests']} requests",
            f"{resumed['megabytes']:.0f} MB",
        ),
        (
            f"and with {DIRECTIONS:,} slots more",
            f"{raised['first_request']:.1f} s to the first of {raised['requests']:,} requests",
            f"{raised['megabytes']:.0f} MB",
        ),
    ]
    print("| what | how fast | most memory |\n|---|---|---|")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    print(f"\nMemory at {slots:,} slots is {large['megabytes'] / small['megabytes']:.2f} times that at {SMALL:,}.")


if __name__ == "__main__":
    main()
