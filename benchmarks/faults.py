"""What becomes of a run when the server refuses or fails, or the run is killed: ``python -m benchmarks.faults``.

Whole processes of ``adf run`` against ``benchmarks.server`` in another process. Three parts: servers that allow so many
requests a second; a server whose answers fail in all ways at once; and the same server with runs that are killed
with ``kill -9`` and started again. Linux only.
"""

from __future__ import annotations

import argparse
import math
import shutil
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from benchmarks.contenders.project import make_project
from benchmarks.measure import Cost, measure
from benchmarks.server import RunningServer

Stats = Mapping[str, Any]

ALLOWED = 50
"""Requests a second that the server of the first part allows."""

RAMP = 5
"""Seconds at the start of a run that are not counted."""

SPARE = 1.5
"""So many times the slots that a server of the first part can answer, so that none of its runs ends too soon."""

LATENCY = 0.2
CONCURRENCY = 100
TURNS = 3
"""Turns of each conversation. A derivation follows after each, so one slot of four is a seed."""

FAULTS = (
    *("--rate-5xx", "0.05", "--rate-429", "0.05", "--retry-after", "1"),
    *("--rate-malformed", "0.03", "--rate-hang", "0.01", "--rate-drop", "0.01"),
)
KILLS: tuple[tuple[int, ...], ...] = ((10,), (50,), (90,), (10, 50, 90))
"""After how many percent of the answers a run is killed."""

UNSAFE = 0.1
"""Seconds within which an answer that has arrived may not be on disk yet."""

LOOK = 0.01
"""Seconds between two looks at the server's numbers before a kill."""

FILES = ("dataset.jsonl", "outputs.json")
TIMEOUT = 600.0


# --- runs ------------------------------------------------------------------------------------------------------------


def command(project: Path, out: Path, server: RunningServer, concurrency: int, *more: str) -> list[str]:
    """The run, which goes on where an earlier one in ``out`` stopped."""
    run = [sys.executable, "-m", "adf_core", "run", str(project), "--out", str(out), "--concurrency", str(concurrency)]
    return [*run, "-o", f"base_url={server.url}/v1", *more]


@contextmanager
def running(command: Sequence[str], out: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A process for as long as the block lasts; what it says is added to a file beside ``out``."""
    with said_by(out).open("ab") as said:
        process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=said, stderr=said)
        try:
            yield process
        finally:
            process.kill()
            process.wait()


def said_by(out: Path) -> Path:
    return out.with_suffix(".log")


def too_soon(process: subprocess.Popen[bytes], out: Path) -> RuntimeError:
    """The error for a run that ended by itself before it was to be ended."""
    last = said_by(out).read_text("utf-8", "replace").strip().rpartition("\n")[2]
    return RuntimeError(f"The run in {out.name} ended with status {process.returncode}, too soon; it said: {last}")


def project_with_derivations(folder: Path, slots: int) -> Path:
    """A project whose seeds, a quarter of the slots, each bring three derivations where answers have three turns."""
    make_project(folder, slots // (1 + TURNS))
    path = folder / "setup.yaml"
    setup = yaml.safe_load(path.read_text("utf-8"))
    setup["generation"] = {"rounds": 1, "d_factor": 1}
    path.write_text(yaml.safe_dump(setup, sort_keys=False), "utf-8")
    return folder


# --- servers that allow so many requests a second --------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Rate:
    """A server's options beside its limit, and those of the run."""

    name: str
    concurrency: int
    server: tuple[str, ...] = ()
    run: tuple[str, ...] = ()


RATES = (
    Rate("says nothing", 100),
    Rate("says nothing", 16),
    Rate("says nothing, allows 50 at once", 100, ("--burst", str(ALLOWED))),
    Rate("`rpm=3000` given", 100, run=("-o", f"rpm={ALLOWED * 60}")),
    Rate("`x-ratelimit-*` headers", 100, ("--limit-headers",)),
    Rate("the same, allows 50 at once", 100, ("--limit-headers", "--burst", str(ALLOWED))),
)


def print_rates(folder: Path, seconds: int) -> None:
    slots = math.ceil(ALLOWED * (RAMP + seconds) * SPARE)
    project = make_project(folder / "project-rate", slots)
    print(f"### {ALLOWED} requests a second, {LATENCY * 1000:.0f} ms; {seconds} s after a ramp of {RAMP} s\n")
    print(
        f"| server | concurrency | answered a second | of {ALLOWED} | least and most in a second | 429 in that time "
        "| 429 in all | requests | most in flight |\n|---|---:|---:|---:|---:|---:|---:|---:|---:|"
    )
    for number, rate in enumerate(RATES):
        options = ("--latency", str(LATENCY), "--requests-per-second", str(ALLOWED), *rate.server)
        out = folder / f"rate-{number}"
        with RunningServer(*options) as server:
            ramped, ended = _rated(command(project, out, server, rate.concurrency, *rate.run), out, server, seconds)
        answers = [*ended["answers_per_second"], *[0] * (RAMP + seconds)][RAMP : RAMP + seconds]
        part = sum(answers) / seconds / ALLOWED
        print(
            f"| {rate.name} | {rate.concurrency} | {part * ALLOWED:.1f} | {part:.3f} | {min(answers)}–{max(answers)} "
            f"| {_refused(ended, ramped):.1%} | {_refused(ended):.1%} | {ended['requests']:,} "
            f"| {ended['most_in_flight']} |",
            flush=True,
        )
    print()


def _rated(run: Sequence[str], out: Path, server: RunningServer, seconds: int) -> tuple[Stats, Stats]:
    """The server's numbers when the ramp was over and when the time was. The run is interrupted then."""
    with running(run, out) as process:
        ramped = _stats_at(server, process, out, RAMP)
        ended = _stats_at(server, process, out, RAMP + seconds)
        process.send_signal(signal.SIGINT)
        process.wait(TIMEOUT)
    return ramped, ended


def _stats_at(server: RunningServer, process: subprocess.Popen[bytes], out: Path, second: float) -> Stats:
    """The server's numbers so many seconds after its first request."""
    while (stats := server.stats())["seconds"] < second:
        if process.poll() is not None:
            raise too_soon(process, out)
        time.sleep(min(max(second - stats["seconds"], LOOK), 0.5))
    return stats


def _refused(stats: Stats, before: Stats | None = None) -> float:
    """The share of requests that were answered with 429, since ``before`` or in all."""
    requests: int = stats["requests"]
    refused: int = stats["outcomes"].get("429", 0)
    if before is not None:
        requests, refused = requests - before["requests"], refused - before["outcomes"].get("429", 0)
    return refused / max(requests, 1)


# --- a server that fails in all ways ---------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Done:
    """A run that came to its end, in the folder ``out``."""

    cost: Cost
    stats: Stats
    out: Path

    @property
    def accepted(self) -> int:
        """Records in the dataset."""
        path = self.out / FILES[0]
        return path.read_bytes().count(b"\n") if path.exists() else 0


def print_faults(folder: Path, slots: int) -> Done:
    """Prints both tables; the run with derivations is what killed runs are compared with."""
    flat = make_project(folder / "project-flat", slots)
    derived = project_with_derivations(folder / "project", slots)
    seeds = f"{slots:,} seeds"
    both = f"{slots // (1 + TURNS):,} seeds, {slots // (1 + TURNS) * TURNS:,} derivations"
    print(f"### 5 % 5xx, 5 % 429 with `Retry-After: 1`, 3 % malformed, 1 % hang, 1 % dropped; {_size(slots)}\n")
    print("| slots | server | accepted | wall s | × clean | requests | asked again after an answer |")
    print("|---|---|---:|---:|---:|---:|---:|")
    failing: dict[str, Done] = {}
    for name, project in ((seeds, flat), (both, derived)):
        clean = _done(project, folder / f"clean-{project.name}")
        failing[name] = _done(project, folder / f"failing-{project.name}", *FAULTS)
        for server, done in (("clean", clean), ("failing", failing[name])):
            print(
                f"| {name} | {server} | {done.accepted:,} | {done.cost.wall:.2f} "
                f"| {done.cost.wall / clean.cost.wall:.2f} | {done.stats['requests']:,} "
                f"| {done.stats['repeated_after_answer']} |",
                flush=True,
            )
    heads = (f"{name}: the server, the journal" for name in failing)
    print(f"\n| what the server did | where it is in the journal | {' | '.join(heads)} |")
    print(f"|---|---|{'---:|' * len(failing)}")
    counted = [kinds(done) for done in failing.values()]
    for kind, place in PLACES.items():
        print(f"| {kind} | {place} | {' | '.join(_listed(each[kind]) for each in counted)} |")
    print(flush=True)
    return failing[both]


def _done(project: Path, out: Path, *options: str) -> Done:
    with RunningServer("--latency", str(LATENCY), "--turns", str(TURNS), *options) as server:
        cost = measure(command(project, out, server, CONCURRENCY), timeout=TIMEOUT)
        if cost.exit_status != 0:
            print(f"{project.name} ended with status {cost.exit_status}: {cost.output[-2000:]}", file=sys.stderr)
        return Done(cost, server.stats(), out)


PLACES = {  # what the server may do: where the journal keeps it
    "429": "fault `RateLimited`",
    "5xx": "fault `Overloaded`",
    "hang": "fault `Timeout`",
    "dropped": "fault `Unreachable`",
    "malformed": "verdict of `answer`",
    "answers": "answers",
}


def kinds(done: Done) -> dict[str, tuple[int, int]]:
    """How often the server did what, and how often the journal has it, by the kinds of :data:`PLACES`."""
    outcomes, faults = done.stats["outcomes"], done.stats["faults"]
    made = {
        "429": outcomes.get("429", 0),
        "5xx": sum(outcomes.get(status, 0) for status in ("500", "502", "503")),
        "hang": faults.get("hang", 0),
        "dropped": outcomes.get("dropped", 0),
        "malformed": faults.get("malformed", 0),
        "answers": done.stats["answered"],
    }
    with closing(sqlite3.connect(done.out / "journal.sqlite")) as journal:
        errors = dict(journal.execute("SELECT error, count(*) FROM faults GROUP BY error"))
        refused = "SELECT count(*) FROM verdicts WHERE validator = 'answer' AND decision = 'reject'"
        kept = {
            "429": errors.get("RateLimited", 0),
            "5xx": errors.get("Overloaded", 0),
            "hang": errors.get("Timeout", 0),
            "dropped": errors.get("Unreachable", 0),
            "malformed": journal.execute(refused).fetchone()[0],
            "answers": _answers(journal),
        }
    return {kind: (made[kind], kept[kind]) for kind in PLACES}


def _answers(journal: sqlite3.Connection) -> int:
    number: int = journal.execute("SELECT count(*) FROM answers").fetchone()[0]
    return number


# --- kills -----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Killed:
    """What there was when a run was killed.

    ``answered`` by the server until then, ``lately`` in the last 100 ms of it. ``unanswered`` were the requests
    in flight. ``kept`` are the answers that the journal had.
    """

    answered: int
    lately: int
    unanswered: int
    kept: int


def print_kills(folder: Path, slots: int, whole: Done) -> None:
    print(f"### The failing server and `kill -9`; {_size(slots)}\n")
    print(
        "| killed at | answered by then | without an answer | answered in the last 100 ms | not in the journal "
        "| asked again after an answer | `dataset.jsonl` | `outputs.json` |\n|---|---:|---:|---:|---:|---:|---|---|"
    )
    for percents in KILLS:
        out = folder / f"killed-{'-'.join(map(str, percents))}"
        with RunningServer("--latency", str(LATENCY), "--turns", str(TURNS), *FAULTS) as server:
            run = command(folder / "project", out, server, CONCURRENCY)
            killed = [_killed(run, out, server, whole.stats["answered"] * percent // 100) for percent in percents]
            cost = measure(run, timeout=TIMEOUT)
            stats = server.stats()
        if cost.exit_status != 0:
            print(f"The last run ended with status {cost.exit_status}: {cost.output[-2000:]}", file=sys.stderr)
        # The server's count keeps the answers that were lost, so each later difference holds the earlier ones.
        lost = [each.answered - each.kept for each in killed]
        lost = [each - before for each, before in zip(lost, [0, *lost], strict=False)]
        equal = [
            "equal" if (out / name).read_bytes() == (whole.out / name).read_bytes() else "DIFFERS" for name in FILES
        ]
        print(
            f"| {_listed(f'{percent} %' for percent in percents)} | {_listed(each.answered for each in killed)} "
            f"| {_listed(each.unanswered for each in killed)} | {_listed(each.lately for each in killed)} "
            f"| {_listed(lost)} | {stats['repeated_after_answer']} | {' | '.join(equal)} |",
            flush=True,
        )
    sizes = " and ".join(f"{(whole.out / name).stat().st_size:,} bytes of `{name}`" for name in FILES)
    print(f"\nThe uninterrupted run wrote {sizes}.\n")


def _killed(run: Sequence[str], out: Path, server: RunningServer, answers: int) -> Killed:
    """Kill a run when the server has answered so many of its requests, those before this run among them."""
    seen: list[tuple[float, int]] = []
    with running(run, out) as process:
        while not seen or seen[-1][1] < answers:
            if process.poll() is not None:
                raise too_soon(process, out)
            before = server.stats()
            seen.append((time.monotonic(), before["answered"]))
            time.sleep(LOOK)
        process.kill()
        at = time.monotonic()
        process.wait()
    while (after := server.stats())["in_flight"]:
        time.sleep(LOOK)
    safe = max((answered for looked, answered in seen if looked <= at - UNSAFE), default=0)
    left = after["outcomes"].get("left", 0) - before["outcomes"].get("left", 0)
    return Killed(after["answered"], after["answered"] - safe, left, _kept(out))


def _kept(out: Path) -> int:
    """How many answers the journal of a killed run has; read from a copy, as reading would repair it."""
    with tempfile.TemporaryDirectory() as scratch:
        for path in out.glob("journal.sqlite*"):
            shutil.copy(path, scratch)
        with closing(sqlite3.connect(Path(scratch) / "journal.sqlite")) as journal:
            return _answers(journal)


def _listed(values: Iterable[int | str]) -> str:
    return ", ".join(f"{value:,}" if isinstance(value, int) else value for value in values)


def _size(slots: int) -> str:
    return f"{slots:,} slots, {LATENCY * 1000:.0f} ms, concurrency {CONCURRENCY}"


# --- all of it -------------------------------------------------------------------------------------------------------


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.faults", description=__doc__)
    parser.add_argument("--slots", type=int, default=2_000, metavar="N", help="of the runs with faults (default: 2000)")
    parser.add_argument("--seconds", type=int, default=60, metavar="S", help="of the runs with a limit (default: 60)")
    parser.add_argument("--only", choices=("rates", "faults"), help="one part; kills come with the faults")
    parser.add_argument("--keep", type=Path, metavar="DIR", help="keep projects, journals and logs of runs there")
    arguments = parser.parse_args()
    if arguments.keep and arguments.keep.exists():
        parser.error(f"{arguments.keep} is there already; name a folder that is to be made.")
    with tempfile.TemporaryDirectory() as scratch:
        folder: Path = arguments.keep or Path(scratch)
        folder.mkdir(parents=True, exist_ok=True)
        if arguments.only != "faults":
            print_rates(folder, arguments.seconds)
        if arguments.only != "rates":
            print_kills(folder, arguments.slots, print_faults(folder, arguments.slots))


if __name__ == "__main__":
    main()
