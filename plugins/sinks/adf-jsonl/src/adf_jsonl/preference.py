"""The sink ``preference``: of two conversations that begin alike, the better one and the worse one."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any, ClassVar

from adf_core import Conversation, Record, RunInfo, Sink, SinkResult, option
from adf_jsonl.lines import Line, write_lines
from adf_jsonl.messages import messages


@dataclass(frozen=True, slots=True)
class _Pair:
    record: Record
    chosen: Conversation
    rejected: Conversation
    why: dict[str, Any]


@dataclass(kw_only=True, eq=False)
class Preference(Sink):
    """Pairs of a chosen and a rejected conversation, as trainers for DPO read them."""

    name: ClassVar[str] = "preference"
    refused: ClassVar[bool] = True
    path: str = option("preferences.jsonl", help="the file to write; a relative path starts at the run's output folder")
    score: str | None = option(
        None, help="the score that replicates are compared by, such as `judge.overall`; without one they are not"
    )
    margin: float = option(0.5, help="how much better the chosen replicate must be, at least", minimum=0)
    split_files: bool = option(True, help="where the setup has a `split`, one file for each part")

    def write(self, records: Iterable[Record], run: RunInfo) -> SinkResult:
        return write_lines(run.out / self.path, self._lines(records), run.parts if self.split_files else ())

    def _lines(self, records: Iterable[Record]) -> Iterator[Line]:
        for pair in self._pairs(records):
            chosen, rejected = messages(pair.chosen), messages(pair.rejected)
            shared = _shared(chosen, rejected)
            if 0 < shared < min(len(chosen), len(rejected)):  # a trainer needs a prompt, and two ways to go on
                parts = {"prompt": chosen[:shared], "chosen": chosen[shared:], "rejected": rejected[shared:]}
                yield {**parts, "metadata": _metadata(pair)}, pair.record.split

    def _pairs(self, records: Iterable[Record]) -> Iterator[_Pair]:
        """An accepted answer and each that was refused before it; the best and the worst of replicates."""
        for _, replicates in groupby(records, key=_place):
            group: list[tuple[float, Record]] = []
            why: dict[str, Any]
            for record in replicates:
                for refused in record.refused:
                    why = {"by": refused.validator, "reason": refused.reason, "scores": dict(refused.scores)}
                    yield _Pair(record, record.conversation, record.prefix + refused.turns, why)
                if self.score is not None and self.score in record.scores:
                    group.append((record.scores[self.score], record))
            if len(group) < 2:
                continue
            (best, chosen), (worst, rejected) = max(group, key=_first), min(group, key=_first)
            if best - worst >= self.margin and best > worst:
                why = {"by": self.score, "chosen": best, "rejected": worst, "rejected_id": rejected.key}
                yield _Pair(chosen, chosen.conversation, rejected.conversation, why)


def _first(scored: tuple[float, Record]) -> float:
    return scored[0]


def _place(record: Record) -> tuple[object, ...]:
    """What replicates have in common; those of a derivation stand side by side in plan order."""
    return record.parent, record.prefix_length, record.direction, tuple(record.scenario.items())


def _shared(chosen: list[dict[str, str]], rejected: list[dict[str, str]]) -> int:
    """How many messages both begin with."""
    pairs = zip(chosen, rejected, strict=False)
    return next((number for number, (one, other) in enumerate(pairs) if one != other), min(len(chosen), len(rejected)))


def _metadata(pair: _Pair) -> dict[str, Any]:
    record = pair.record
    return {
        "id": record.key,
        "direction": record.direction,
        "scenario": dict(record.scenario),
        "why": pair.why,
        **({} if record.split is None else {"split": record.split}),
    }
