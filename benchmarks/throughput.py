"""How much time the clients add to the server's: ``python -m benchmarks.throughput``.

Every contender is run as a whole process, from its start to its end, against the server of ``benchmarks.server`` on the
same machine, with the same prompts. Contenders take turns in each round, so that a noisy machine disturbs all alike;
what is printed are medians, with the least and the most of all rounds. Peers run where ``python -m benchmarks.peers``
has installed them.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from benchmarks import peers
from benchmarks.contenders.stage import FLOOR, OURS, TITLES, Run, Stage
from benchmarks.server import RunningServer
from benchmarks.server.ceiling import describe, measure

TIMEOUT = 600.0
"""Seconds after which a contender is ended."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Case:
    """What is asked of whom. ``latency`` is the server's, in seconds; peers are asked for ``peer_slots``."""

    name: str
    slots: int
    peer_slots: int
    concurrency: int
    latency: float
    contenders: tuple[str, ...] = tuple(TITLES)

    def slots_of(self, contender: str) -> int:
        return self.peer_slots if contender in peers.PACKAGES else self.slots

    def __str__(self) -> str:
        ideal = f", ideal {self.slots * self.latency / self.concurrency:.1f} s" if self.latency else ""
        return (
            f"{self.name}: {self.slots:,} slots, {self.latency * 1000:.0f} ms, concurrency {self.concurrency:,}{ideal}"
        )


CASES = {
    case.name: case
    for case in (
        Case(name="steady", slots=2_000, peer_slots=2_000, concurrency=100, latency=0.2),
        Case(name="zero", slots=10_000, peer_slots=2_000, concurrency=100, latency=0.0),
        Case(name="wide", slots=20_000, peer_slots=0, concurrency=256, latency=0.2, contenders=(FLOOR, OURS)),
    )
}


@dataclass(frozen=True, slots=True)
class Timed:
    """A run in the round ``number``, and the seconds it is compared with.

    ``ideal`` is what the server alone takes, 0 without latency; ``floor`` is what the floor took in the same round,
    None where it was asked for another number of records.
    """

    number: int
    run: Run
    ideal: float
    floor: float | None

    @property
    def ideals(self) -> float | None:
        return self.run.cost.wall / self.ideal if self.ideal else None

    @property
    def floors(self) -> float | None:
        return self.run.cost.wall / self.floor if self.floor else None

    @property
    def cpu_milliseconds(self) -> float | None:
        """Processor time of a record."""
        return self.run.cost.cpu * 1000 / self.run.records if self.run.records else None

    def to_dict(self) -> dict[str, Any]:
        """All numbers, with what the process wrote only where something went wrong."""
        run = asdict(self.run)
        if not self.run.trouble:
            del run["cost"]["output"]
        return {"round": self.number, "ideal": self.ideal, "floor": self.floor, **run}


@dataclass(frozen=True, slots=True)
class Column:
    """Of a table: ``form`` formats the median, ``ranged`` adds the least and the most."""

    head: str
    value: Callable[[Timed], float | None]
    form: str
    ranged: bool = False

    def cell(self, results: Sequence[Timed]) -> str:
        known = sorted(value for value in map(self.value, results) if value is not None)
        if not known:
            return ""
        least, middle, most = (format(value, self.form) for value in (known[0], statistics.median(known), known[-1]))
        return f"{middle} ({least}–{most})" if self.ranged and least != most else middle


COLUMNS = (
    Column("wall s", lambda timed: timed.run.cost.wall, ".2f", ranged=True),
    Column("× ideal", lambda timed: timed.ideals, ".2f", ranged=True),
    Column("× floor", lambda timed: timed.floors, ".2f", ranged=True),
    Column("records a second", lambda timed: timed.run.records / timed.run.cost.wall, ",.0f"),
    Column("CPU ms a record", lambda timed: timed.cpu_milliseconds, ".2f"),
    Column("peak MB", lambda timed: timed.run.cost.peak_memory / 1e6, ",.0f"),
    Column("processes", lambda timed: timed.run.cost.most_processes, ".0f"),
    Column("in flight", lambda timed: timed.run.stats["most_in_flight"], ".0f"),
    Column("records", lambda timed: timed.run.records, ",.0f"),
    Column("repeated", lambda timed: timed.run.stats["repeated"], ",.0f"),
)


def main() -> None:
    arguments = _parser().parse_args()
    folder: Path = arguments.peers.resolve()
    missing = [name for name in peers.PACKAGES if not peers.installed(folder, name)]
    contenders = [name for name in arguments.only or TITLES if name not in missing]
    for name in missing:
        print(f"{TITLES[name]} is not installed in {folder}; `python -m benchmarks.peers` does that.\n")
    loop = "with uvloop" if find_spec("uvloop") else "without uvloop"
    print(f"Server and clients on {os.cpu_count()} cores, Python {platform.python_version()} {loop}.")
    ceiling = measure()
    print(f"The server's ceiling: {describe(ceiling)}.\n", flush=True)
    results: dict[str, list[Timed]] = {}
    for name in arguments.case or CASES:
        case = CASES[name]
        if arguments.slots is not None:
            case = replace(case, slots=arguments.slots, peer_slots=min(arguments.slots, case.peer_slots))
        taking_part = [contender for contender in case.contenders if contender in contenders]
        if taking_part:
            results[name] = list(rounds(case, arguments.rounds, taking_part, folder))
            print("\n".join(table(case, results[name])), flush=True)
    if arguments.json:
        runs = {name: [timed.to_dict() for timed in each] for name, each in results.items()}
        document = {"ceiling": asdict(ceiling), "cores": os.cpu_count(), "runs": runs}
        arguments.json.write_text(json.dumps(document, indent=1) + "\n", "utf-8")


def rounds(case: Case, number: int, contenders: Sequence[str], folder: Path) -> Iterator[Timed]:
    """All runs of a case. The floor comes first in each round; the order of the others changes."""
    others = [contender for contender in contenders if contender != FLOOR]
    with tempfile.TemporaryDirectory() as scratch, RunningServer("--latency", str(case.latency)) as server:
        stage = Stage(Path(scratch), server, folder)
        for at in range(number):
            turn = at % len(others) if others else 0
            floor: Run | None = None
            for contender in ([FLOOR] if FLOOR in contenders else []) + others[turn:] + others[:turn]:
                print(f"{case.name}, round {at + 1} of {number}: {contender} …", file=sys.stderr, flush=True)
                slots = case.slots_of(contender)
                run = stage.run(contender, slots, case.concurrency, TIMEOUT)
                floor = run if contender == FLOOR else floor
                same = floor.cost.wall if floor and floor.slots == slots else None
                yield Timed(at + 1, run, slots * case.latency / case.concurrency, same)


def table(case: Case, results: Sequence[Timed]) -> Iterator[str]:
    """The lines of a Markdown table of a case, and what went wrong in it."""
    shown = [column for column in COLUMNS if any(column.value(timed) is not None for timed in results)]
    yield f"### {case}\n"
    yield f"| | {' | '.join(column.head for column in shown)} |"
    yield f"|---|{'---|' * len(shown)}"
    for contender, title in TITLES.items():
        own = [timed for timed in results if timed.run.contender == contender]
        if own:
            slots = own[0].run.slots
            cells = (column.cell(own) for column in shown)
            yield f"| {title}{f' ({slots:,} slots)' if slots != case.slots else ''} | {' | '.join(cells)} |"
    yield ""
    for timed in results:
        if timed.run.trouble:
            yield f"- round {timed.number}: {timed.run.trouble}\n"


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.throughput", description=__doc__)
    parser.add_argument("--case", action="append", choices=list(CASES), help="run this case; may be repeated")
    parser.add_argument("--only", action="append", choices=list(TITLES), help="this contender; may be repeated")
    parser.add_argument("--slots", type=int, metavar="N", help="other than the case's")
    parser.add_argument("--rounds", type=int, default=3, metavar="K", help="how often each runs (default: 3)")
    parser.add_argument("--peers", type=Path, default=peers.FOLDER, metavar="DIR", help="where they are installed")
    parser.add_argument("--json", type=Path, metavar="FILE", help="write all numbers of all runs there")
    return parser


if __name__ == "__main__":
    main()
