"""How few scenarios cover everything, and how long that takes: ``python benchmarks/scenarios.py``.

``pip install -r benchmarks/requirements.txt`` brings the two packages that are measured beside. Each measurement is a
process of its own; those that are compared run in turn, round by round, so that a noisy machine disturbs all alike.
Whether all that is possible is covered is looked up value by value, without any help of what made the rows.
"""

from __future__ import annotations

import json
import random
import signal
import statistics
import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import combinations, product
from math import prod

Rule = Mapping[int, Sequence[int]]
"""A row obeys it if one of these factors has one of its values."""

TIME_LIMIT = 180
"""Seconds on the processor after which a process is ended."""

EFFORTS = (0, 1, 5)

SIZES = {
    "3^4": ([3] * 4, 9, 9, 9),
    "3^13": ([3] * 13, 15, 17, 18),
    "4^15 · 3^17 · 2^29": ([4] * 15 + [3] * 17 + [2] * 29, 41, 34, 37),
    "4^1 · 3^39 · 2^35": ([4] + [3] * 39 + [2] * 35, 28, 26, 27),
    "2^100": ([2] * 100, 10, 15, 15),
    "10^20": ([10] * 20, 180, 212, 210),
}
"""Levels, and the rows that AETG, IPO and PICT are published with."""

TIMES = {"30 factors of 5 values": ([5] * 30, 5), "100 factors of 8 values": ([8] * 100, 3)}
"""Levels, and how many rounds are run."""

LIMITED = f"""
import resource
resource.setrlimit(resource.RLIMIT_CPU, ({TIME_LIMIT}, {TIME_LIMIT + 5}))
"""
ADF = """
import json, sys, time
from adf_core.scenarios import covering_array
levels, strength, effort, rules = json.loads(sys.stdin.read())
rules = [{int(factor): frozenset(values) for factor, values in rule.items()} for rule in rules]
start, busy = time.perf_counter(), time.process_time()
rows = covering_array(levels, strength, rules=rules, effort=effort)
"""
COVERTABLE = """
import json, sys, time
from covertable import make
levels, strength, *_ = json.loads(sys.stdin.read())
start, busy = time.perf_counter(), time.process_time()
rows = list(make([list(range(level)) for level in levels], strength=strength))
"""
ALLPAIRSPY = """
import json, sys, time
from allpairspy import AllPairs
levels, strength, *_ = json.loads(sys.stdin.read())
start, busy = time.perf_counter(), time.process_time()
rows = list(AllPairs([list(range(level)) for level in levels], n=strength))
"""
MEASURED = """
seconds, busy = time.perf_counter() - start, time.process_time() - busy
print(json.dumps([rows, seconds, busy, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""

TOOLS = {
    "ours, effort 0": (ADF, 0),
    "ours, effort 1": (ADF, 1),
    "allpairspy 2.5.1": (ALLPAIRSPY, 0),
    "covertable 3.2.0": (COVERTABLE, 0),
}


@dataclass(frozen=True, slots=True)
class Measured:
    """Rows, the seconds that they took by the clock and on the processor, and the most memory in MiB."""

    rows: list[list[int]]
    seconds: float
    busy: float
    memory: float


def measure(
    program: str, levels: Sequence[int], strength: int = 2, effort: int = 1, rules: Sequence[Rule] = ()
) -> Measured | None:
    """Rows of a process of their own, looked over; None where it takes too long."""
    asked = json.dumps([levels, strength, effort, rules])
    command = [sys.executable, "-c", LIMITED + program + MEASURED]
    done = subprocess.run(command, input=asked, stdout=subprocess.PIPE, text=True)
    if done.returncode == -signal.SIGXCPU:
        return None
    done.check_returncode()
    measured = Measured(*json.loads(done.stdout))
    check(measured.rows, levels, strength, rules)
    return measured


# --- whether rows cover all ------------------------------------------------------------------------------------------


def check(rows: Sequence[Sequence[int]], levels: Sequence[int], strength: int, rules: Sequence[Rule]) -> None:
    """Fail where a row breaks a rule, or where a choice of values is missing that some row could have."""
    for row in rows:
        assert all(any(row[factor] in values for factor, values in rule.items()) for rule in rules), row
    for factors in combinations(range(len(levels)), strength):
        covered = {tuple(row[factor] for factor in factors) for row in rows}
        if len(covered) < prod(levels[factor] for factor in factors):
            for values in product(*(range(levels[factor]) for factor in factors)):
                if values not in covered:
                    stated = dict(zip(factors, values, strict=True))
                    assert rules and not completes(stated, rules), stated


def completes(stated: Mapping[int, int], rules: Sequence[Rule]) -> bool:
    """Whether some row has these values and obeys all rules: tries all ways, of the rule with the fewest first."""
    ways = [
        [(factor, value) for factor in rule if factor not in stated for value in rule[factor]]
        for rule in rules
        if not any(stated.get(factor) in values for factor, values in rule.items())
    ]
    return not ways or any(completes({**stated, factor: value}, rules) for factor, value in min(ways, key=len))


# --- tables ----------------------------------------------------------------------------------------------------------


def print_sizes() -> None:
    print("| levels^factors | AETG | IPO | PICT | " + " | ".join(f"ours, effort {effort}" for effort in EFFORTS) + " |")
    print("|---|---:|---:|---:|" + "---:|" * len(EFFORTS))
    for name, (levels, *published) in SIZES.items():
        ours = [measure(ADF, levels, effort=effort) for effort in EFFORTS]
        cells = [f"{len(each.rows)} ({each.seconds:.2f} s)" if each else f"> {TIME_LIMIT} s" for each in ours]
        print(f"| {name} | {' | '.join(map(str, published))} | {' | '.join(cells)} |", flush=True)


def print_times() -> None:
    print("| pairwise | made by | rows | seconds | on the processor | × ours, effort 1 (lowest to highest) | memory |")
    print("|---|---|---:|---:|---:|---:|---:|")
    for name, (levels, rounds) in TIMES.items():
        found: dict[str, list[Measured]] = {tool: [] for tool in TOOLS}
        late: set[str] = set()
        for _ in range(rounds):
            for tool, (program, effort) in TOOLS.items():
                measured = None if tool in late else measure(program, levels, effort=effort)
                if measured:
                    found[tool].append(measured)
                else:
                    late.add(tool)
        for tool, measurements in found.items():
            print(
                f"| {name} | {tool} | {_time_cells([] if tool in late else measurements, found['ours, effort 1'])} |",
                flush=True,
            )


def _time_cells(measured: Sequence[Measured], ours: Sequence[Measured]) -> str:
    if not measured:
        return f"| | > {TIME_LIMIT} | | "
    ratios = sorted(each.seconds / own.seconds for each, own in zip(measured, ours, strict=True))
    return (
        f"{len(measured[0].rows)} | {statistics.median(each.seconds for each in measured):.2f} "
        f"| {statistics.median(each.busy for each in measured):.2f} "
        f"| {statistics.median(ratios):.2f} ({ratios[0]:.2f} to {ratios[-1]:.2f}) "
        f"| {max(each.memory for each in measured):.0f} MiB"
    )


def print_more() -> None:
    print("| space | strength | cells | effort | rows | seconds | memory |")
    print("|---|---:|---:|---:|---:|---:|---:|")
    examples: list[tuple[str, list[int], int, Sequence[Rule]]] = [
        ("20 factors of 5 values", [5] * 20, 3, ()),
        ("12 factors of 4 values", [4] * 12, 4, ()),
        ("30 factors of 5 values, 20 constraints", [5] * 30, 2, constraints(30, 5, 20)),
    ]
    for name, levels, strength, rules in examples:
        cells = sum(prod(chosen) for chosen in combinations(levels, strength))
        for effort in (0, 1):
            measured = measure(ADF, levels, strength, effort, rules)
            assert measured, "takes longer than the limit"
            print(
                f"| {name} | {strength} | {cells:,} | {effort} | {len(measured.rows)} | {measured.seconds:.2f} "
                f"| {measured.memory:.0f} MiB |",
                flush=True,
            )


def constraints(factors: int, values: int, count: int) -> list[Rule]:
    """So many of the form: where one factor has a certain value, another has one of two; the same every time."""
    chance = random.Random(0)
    rules: list[Rule] = []
    for _ in range(count):
        when, then = chance.sample(range(factors), 2)
        value = chance.randrange(values)
        rules.append(
            {when: [other for other in range(values) if other != value], then: chance.sample(range(values), 2)}
        )
    return rules


def main() -> None:
    print_sizes()
    print()
    print_times()
    print()
    print_more()


if __name__ == "__main__":
    main()
