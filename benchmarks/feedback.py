"""What do ``hygiene`` and its feedback bring? ``python -m benchmarks.feedback FOLDER``, half an hour on two cores.

A sample's seeds and three derivations of each are asked of the embedded model once. Then three arms go on from these
first answers, with up to four attempts: ``schema`` judges alone; ``hygiene`` judges too, and the next attempt is not
told why; it is told. So all arms have the same first answers, but where a seed was refused. FOLDER keeps the projects
and their journals: the same command goes on after a stop.
"""

from __future__ import annotations

import argparse
import asyncio
import math
import shutil
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from adf_hygiene import Hygiene

from adf_core import Candidate
from adf_core.conversation import Record
from adf_core.journal import JournalReader
from benchmarks.hygiene import Context

SAMPLE = Path(__file__).parent.parent / "samples" / "marriage_counsel"
ATTEMPTS = 4
DERIVATIONS = 3  # of each seed
SCHEMA, BOTH = ["schema"], ["schema", "hygiene"]

ARMS: Mapping[str, tuple[list[str], bool]] = {
    "`schema` alone": (SCHEMA, False),
    "and `hygiene`": (BOTH, False),
    "and its feedback": (BOTH, True),
}
"""Validators, and whether attempts are told why the one before was refused."""


@dataclass(frozen=True)
class Made:
    """What came of an arm. ``later`` are its answers after the first attempt, and how many of them were accepted."""

    slots: int
    answers: int
    later: tuple[int, int]
    records: list[Record]


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.feedback", description=__doc__.split("\n\n")[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--seeds", type=int, default=60, help="seeds in each arm (default: 60)")
    arguments = parser.parse_args()
    first = arguments.folder / "first"
    run(first, arguments.seeds, SCHEMA, attempts=1, feedback=False)
    made = {}
    for number, (name, (validators, feedback)) in enumerate(ARMS.items(), 1):
        folder = arguments.folder / f"arm-{number}"
        if not folder.exists():
            shutil.copytree(first, folder)
        made[name] = run(folder, arguments.seeds, validators, attempts=ATTEMPTS, feedback=feedback)
    report(made, asyncio.run(_defects_of(made)))


def run(folder: Path, seeds: int, validators: list[str], *, attempts: int, feedback: bool) -> Made:
    """Run an arm, or go on with it."""
    folder.mkdir(parents=True, exist_ok=True)
    shutil.copy(SAMPLE / "diagram.mermaid", folder / "diagram.mermaid")
    setup: dict[str, Any] = yaml.safe_load((SAMPLE / "setup.yaml").read_text())
    directions = len(setup["seed_evolving_directions"])
    generation = {"s_factor": math.ceil(seeds / directions), "per_parent": DERIVATIONS}
    setup["generation"] = {**setup["generation"], **generation, "attempts": attempts, "feedback": feedback}
    setup |= {"provider": {"name": "llama", "slots": 4}, "validators": validators, "sinks": ["jsonl"]}
    (folder / "setup.yaml").write_text(yaml.safe_dump(setup, sort_keys=False))
    # Conversations that were never accepted are no failure of the experiment.
    subprocess.run([sys.executable, "-m", "adf_core", "run", str(folder)], stdout=sys.stderr, check=False)
    with JournalReader(folder / "out" / "journal.sqlite") as journal:
        slots, answers = journal.connection.execute(
            "SELECT count(*), sum(attempts) FROM slots WHERE epoch = ?", (journal.epoch,)
        ).fetchone()
        accepted_later, of_later = journal.connection.execute(
            "SELECT sum(state = 'accepted' AND attempts > 1), sum(attempts - 1) FROM slots WHERE epoch = ?",
            (journal.epoch,),
        ).fetchone()
        return Made(slots, answers, (of_later, accepted_later), list(journal.records(setup["category"])))


async def _defects_of(made: Mapping[str, Made]) -> dict[str, list[set[str]]]:
    """For each record of each arm the rules of `hygiene` that find something in it."""
    setup = yaml.safe_load((SAMPLE / "setup.yaml").read_text())
    context = Context(
        (SAMPLE / "diagram.mermaid").read_text().strip(),
        setup["user_role"],
        setup["assistant_role"],
        setup["delimiter"],
    )
    async with Hygiene() as hygiene:

        def rules(record: Candidate) -> set[str]:
            return {finding.rule for finding in hygiene.inspect(record, context).found}  # type: ignore[arg-type]

        return {name: [rules(record) for record in arm.records] for name, arm in made.items()}


def report(made: Mapping[str, Made], defects: Mapping[str, list[set[str]]]) -> None:
    for line in _lines(made, defects):
        print(line)


def _lines(made: Mapping[str, Made], defects: Mapping[str, list[set[str]]]) -> Iterator[str]:
    yield "| | " + " | ".join(made) + " |"
    yield "|---" * (len(made) + 1) + "|"
    yield _row("conversations asked for", (str(arm.slots) for arm in made.values()))
    yield _row("accepted", (_share(len(arm.records), arm.slots) for arm in made.values()))
    yield _row("answers for an accepted one", (_ratio(arm.answers, len(arm.records)) for arm in made.values()))
    yield _row("later attempts that were accepted", (_share(arm.later[1], arm.later[0]) for arm in made.values()))
    found = defects.values()
    yield _row("accepted ones with a defect", (_share(sum(map(bool, each)), len(each)) for each in found))
    counts = {name: Counter(rule for rules in each for rule in rules) for name, each in defects.items()}
    for rule in sorted(set().union(*counts.values())):
        yield _row(f"`{rule}`", (str(count[rule]) for count in counts.values()))


def _row(name: str, cells: Iterator[str]) -> str:
    return f"| {name} | " + " | ".join(cells) + " |"


def _share(part: int, whole: int) -> str:
    """A share with its 95 % interval (Wilson 1927)."""
    if not whole:
        return "none of 0"
    z, share = 1.96, part / whole
    middle = (share + z * z / (2 * whole)) / (1 + z * z / whole)
    half = z * math.sqrt(share * (1 - share) / whole + z * z / (4 * whole * whole)) / (1 + z * z / whole)
    return f"{part} of {whole}, {share:.0%} ({middle - half:.0%}–{middle + half:.0%})"


def _ratio(part: int, whole: int) -> str:
    return f"{part / whole:.1f}" if whole else "–"


if __name__ == "__main__":
    main()
