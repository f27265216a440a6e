"""The validator near-duplicates on made-up records with planted twins: ``python -m benchmarks.near_duplicates``.

Prints tables of what it finds, by threshold, by shingle and by length of the records, of its speed and memory up to a
million records, and of what the semantic mode costs. Each measurement is a process of its own. ``--records N`` (100,000
unless told) are the records among which twins are sought, a tenth of them twins; ``--most N`` (1,000,000) those of the
largest set.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import multiprocessing
import resource
import statistics
import time
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any, TypeVar, cast

import numpy as np
from adf_near_duplicates import NearDuplicates
from adf_near_duplicates.constants import SHOWN
from adf_near_duplicates.meanings import Meanings
from adf_near_duplicates.text import plain

from adf_core import Candidate, ValidationContext
from benchmarks.twins import SHORT, USUAL, Lengths, Planted, planted

T = TypeVar("T")

CHUNK = 10_000
"""So many records are made before the clock goes on."""

THRESHOLDS = (0.4, 0.5, 0.55, 0.6, 0.7, 0.8)
SHINGLES = (8, 10, 12, 16)
COMPARISONS = 50
_MIB = 2**20


@dataclass(frozen=True, slots=True)
class Measured:
    """``found`` are the twins that were refused as those of their originals, ``refused`` all records that were refused.

    ``alike`` are those among the refused that are no such twins and yet have as much in common with the record that was
    named as the threshold asks for; ``seconds`` by the clock and ``busy`` on the processor are the validator's own;
    ``memory`` is the most it took, in bytes.
    """

    records: int
    twins: int
    found: int
    refused: int
    alike: int
    seconds: float
    busy: float
    memory: int


def measure(records: int, lengths: Lengths, options: dict[str, Any]) -> Measured:
    return asyncio.run(_measure(records, lengths, options))


async def _measure(records: int, lengths: Lengths, options: dict[str, Any]) -> Measured:
    made = planted(records, records // 10, lengths)
    no_context = cast(ValidationContext, None)
    before = twins = found = 0
    seconds = busy = 0.0
    others: dict[str, list[Candidate]] = {}
    async with NearDuplicates(**options) as validator:
        for chunk in _chunks(made):
            before = before or _resident()
            gc.collect()
            gc.freeze()  # a run does not hold its records in memory, where the garbage collector would look at them
            clock, processor = time.perf_counter(), time.process_time()
            verdicts = [await validator.validate(each.candidate, no_context) for each in chunk]
            seconds += time.perf_counter() - clock
            busy += time.process_time() - processor
            gc.unfreeze()
            for each, verdict in zip(chunk, verdicts, strict=True):
                twins += each.original is not None
                if verdict.decision == "reject":
                    named = verdict.reason.rpartition(" ")[2].removesuffix("…")
                    if each.original is not None and each.original.startswith(named):
                        found += 1
                    else:
                        others.setdefault(named, []).append(each.candidate)
    memory = _most_resident() - before
    refused = found + sum(map(len, others.values()))
    alike = _alike(planted(records, records // 10, lengths), others, validator) if others else 0
    return Measured(records, twins, found, refused, alike, seconds, busy, memory)


def _alike(made: Iterator[Planted], others: Mapping[str, list[Candidate]], validator: NearDuplicates) -> int:
    """How many of ``others``, listed by the record they were taken for, share with it what the threshold asks for."""
    count = 0
    for each in made:
        for other in others.get(each.candidate.key[:SHOWN], ()):
            one, two = (_shingles(plain(those.turns), validator.shingle) for those in (each.candidate, other))
            count += len(one & two) / len(one | two) >= validator.threshold
    return count


def _shingles(text: bytes, length: int) -> set[bytes]:
    return {text[start : start + length] for start in range(max(1, len(text) - length + 1))}


def _chunks(made: Iterator[Planted]) -> Iterator[list[Planted]]:
    while chunk := list(islice(made, CHUNK)):
        yield chunk


def compare(count: int, dimensions: int) -> tuple[float, int]:
    """Seconds that it takes to compare an embedding with ``count`` others (the median), and the memory they take."""
    random = np.random.default_rng(0)
    before = _resident()
    meanings = Meanings(similarity=0.9)
    for _ in range(count):
        meanings.add(meanings.read(random.standard_normal(dimensions, np.float32)))
    seconds = []
    for _ in range(COMPARISONS):
        one = meanings.read(random.standard_normal(dimensions, np.float32))
        began = time.perf_counter()
        meanings.twin(one)
        seconds.append(time.perf_counter() - began)
    return statistics.median(seconds), _most_resident() - before


def alone(function: Callable[..., T], *arguments: Any) -> T:
    """What the function returns in a process of its own."""
    with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
        return pool.submit(function, *arguments).result()


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * resource.getpagesize()


def _most_resident() -> int:
    """The most memory this process has had; ``ru_maxrss`` would count what its parent had when it was forked, too."""
    [line] = [line for line in Path("/proc/self/status").read_text().splitlines() if line.startswith("VmHWM:")]
    return int(line.split()[1]) * 1024


# --- tables ----------------------------------------------------------------------------------------------------------


def print_found(records: int) -> None:
    print("| words | shingle | threshold | recall | precision | other refused | of those, truly so alike |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    by_threshold = [(SHINGLES[0], threshold) for threshold in THRESHOLDS]
    by_shingle = [(shingle, NearDuplicates().threshold) for shingle in SHINGLES[1:]]
    for lengths in (USUAL, SHORT):
        for shingle, threshold in by_threshold + by_shingle:
            each = alone(measure, records, lengths, {"shingle": shingle, "threshold": threshold})
            other = each.refused - each.found
            print(
                f"| {lengths[0]} to {lengths[1]} | {shingle} | {threshold} | {each.found / each.twins:.4f} "
                f"| {each.found / each.refused:.4f} | {other:,} | {each.alike:,} |",
                flush=True,
            )


def print_speed(most: int) -> None:
    print("| records | words | seconds | on the processor | records a second | of processor time | memory |")
    print("|---:|---|---:|---:|---:|---:|---:|")
    for records, lengths in ((most // 100, USUAL), (most // 10, USUAL), (most // 10, SHORT), (most, USUAL)):
        each = alone(measure, records, lengths, {})
        print(
            f"| {records:,} | {lengths[0]} to {lengths[1]} | {each.seconds:.1f} | {each.busy:.1f} "
            f"| {records / each.seconds:,.0f} | {records / each.busy:,.0f} | {each.memory / _MIB:,.0f} MiB |",
            flush=True,
        )


def print_semantic() -> None:
    print("| survivors | dimensions | a comparison with all | memory |")
    print("|---:|---:|---:|---:|")
    for count, dimensions in ((10_000, 384), (100_000, 384), (10_000, 1536), (100_000, 1536)):
        seconds, memory = alone(compare, count, dimensions)
        print(f"| {count:,} | {dimensions:,} | {seconds * 1000:.1f} ms | {memory / _MIB:,.0f} MiB |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.near_duplicates", description=__doc__)
    parser.add_argument("--records", type=int, default=100_000)
    parser.add_argument("--most", type=int, default=1_000_000)
    arguments = parser.parse_args()
    print_found(arguments.records)
    print()
    print_speed(arguments.most)
    print()
    print_semantic()


if __name__ == "__main__":
    main()
