"""What the rules of `adf-hygiene` find in conversations with known defects: ``python -m benchmarks.hygiene``.

``benchmarks/hygiene/`` holds the conversations, a file for each domain, in three parts: `tuned`, by which the rules
were mended, `held_out`, which was written with it, and `fresh`, which was written after the rules. docs/validators.md
tells how the rules did when they first met each.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml
from adf_hygiene import Hygiene
from adf_hygiene.rules import RULES

from adf_core import Candidate
from adf_core.conversation import conversation

ROOT = Path(__file__).parent.parent
FOLDER = Path(__file__).with_suffix("")
NAMES = (*RULES, "language")
PARTS = ("tuned", "held_out", "fresh")
OPTIONS: dict[str, Any] = {"personal_data": True, "secret": True, "longest_user": 150, "longest_assistant": 150}
"""The rules that are off are asked for, and texts are short, so that one that is too long can be read."""


@dataclass(frozen=True)
class Context:
    """The part of a ValidationContext that the rules look at."""

    diagram: str
    user_role: str
    assistant_role: str
    delimiter: str


@dataclass(frozen=True)
class Labelled:
    """A conversation, the rule it breaks (None: it is good), and others that find something in it rightly."""

    id: str
    part: str
    label: str | None
    also: frozenset[str]
    language: str | None
    candidate: Candidate
    context: Context


@dataclass(frozen=True)
class Score:
    """Of one rule: conversations it found rightly, found wrongly, and missed."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        return self.right / (self.right + self.wrong) if self.right + self.wrong else 1.0

    @property
    def recall(self) -> float:
        return self.right / (self.right + self.missed) if self.right + self.missed else 1.0

    @property
    def labelled(self) -> int:
        return self.right + self.missed


Results = Sequence[tuple[Labelled, frozenset[str]]]
"""Conversations with the names of the rules that found something in them."""


def labelled() -> Iterator[Labelled]:
    for file in sorted(FOLDER.glob("*.yaml")):
        domain = yaml.load(file.read_text("utf-8"), yaml.CSafeLoader)
        diagram = domain.get("diagram") or (ROOT / domain["diagram_file"]).read_text("utf-8")
        context = Context(diagram, domain["user_role"], domain["assistant_role"], domain["delimiter"])
        for each in domain["conversations"]:
            candidate = Candidate(
                key=each["id"],
                stage="derivation" if "shown" in each else "seed",
                type=domain.get("type", "conversation"),
                category=domain["domain"],
                direction="general",
                seed=each["id"],
                shown=conversation(each.get("shown", ())),
                turns=conversation(each["turns"]),
                provider="hand",
                model="written",
            )
            label = None if each["label"] == "good" else each["label"]
            wanted = each.get("language", domain.get("language"))
            yield Labelled(each["id"], each["part"], label, frozenset(each.get("also", ())), wanted, candidate, context)


async def judge(conversations: Iterable[Labelled]) -> Results:
    validators: dict[str | None, Hygiene] = {}
    results = []
    for each in conversations:
        if each.language not in validators:
            validators[each.language] = await Hygiene(language=each.language, **OPTIONS).__aenter__()
        seen = validators[each.language].inspect(each.candidate, each.context)
        results.append((each, frozenset(finding.rule for finding in (*seen.repaired, *seen.found))))
    return results


def score(results: Results, rule: str) -> Score:
    right = sum(each.label == rule and rule in found for each, found in results)
    wrong = sum(each.label != rule and rule not in each.also and rule in found for each, found in results)
    return Score(right, wrong, sum(each.label == rule and rule not in found for each, found in results))


def overall(results: Results) -> Score:
    """Of all rules together: each finding counts."""
    scores = [score(results, rule) for rule in NAMES]
    return Score(*(sum(getattr(each, part) for each in scores) for part in ("right", "wrong", "missed")))


def of_part(results: Results, part: str) -> Results:
    return [(each, found) for each, found in results if each.part == part]


def table(results: Results) -> str:
    parts = [of_part(results, part) for part in PARTS]
    lines = ["| rule | n | precision | recall | tuned | held out | fresh |", "|---|---|---|---|---|---|---|"]
    for name in (*NAMES, "all"):
        whole, *each = (overall(some) if name == "all" else score(some, name) for some in (results, *parts))
        cells = [f"{one.precision:.2f}, {one.recall:.2f} ({one.labelled})" if one.labelled else "" for one in each]
        shown = name if name == "all" else f"`{name}`"
        lines.append(
            f"| {shown} | {whole.labelled} | {whole.precision:.2f} | {whole.recall:.2f} | {' | '.join(cells)} |"
        )
    return "\n".join(lines)


def good_refused(results: Results) -> tuple[int, int]:
    """Good conversations in which some rule found something, and good ones in all."""
    good = [found for each, found in results if each.label is None]
    return sum(map(bool, good)), len(good)


async def microseconds(conversations: Sequence[Labelled], rounds: int = 5, **options: Any) -> float:
    """Processor time for one conversation: the best of several rounds through `validate`."""
    best = float("inf")
    async with Hygiene(**options) as validator:
        for _ in range(rounds):
            start = time.process_time()
            for each in conversations:
                await validator.validate(each.candidate, each.context)  # type: ignore[arg-type]
            best = min(best, time.process_time() - start)
    return best / len(conversations) * 1e6


def main() -> None:
    conversations = list(labelled())
    results = asyncio.run(judge(conversations))
    print(table(results))
    refused, good = good_refused(results)
    print(f"\nGood conversations refused: {refused} of {good}.")
    plain, guessing = (
        asyncio.run(microseconds(conversations, **options)) for options in ({}, {"language": "en", **OPTIONS})
    )
    print(f"A conversation takes {plain:.0f} µs by default, {guessing:.0f} µs with all rules and the language.")


if __name__ == "__main__":
    main()
