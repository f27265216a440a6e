"""Which records are exported: conditions such as ``direction=humorous`` or ``score.judge.overall>=4``."""

from __future__ import annotations

import operator
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from adf_core.conversation import Record
from adf_core.errors import UsageError
from adf_core.values import did_you_mean

_COMPARISONS: dict[str, Callable[[Any, Any], bool]] = {
    "!=": operator.ne,
    ">=": operator.ge,
    "<=": operator.le,
    "=": operator.eq,
    ">": operator.gt,
    "<": operator.lt,
}
_CONDITION = re.compile(r"\s*(.+?)\s*(!=|>=|<=|=|>|<)\s*(.*?)\s*", re.DOTALL)

_TEXTS: dict[str, Callable[[Record], str | None]] = {
    "stage": lambda record: record.stage,
    "direction": lambda record: record.direction,
    "split": lambda record: record.split,
    "model": lambda record: record.model,
    "provider": lambda record: record.provider,
}
_NUMBERS: dict[str, Callable[[Record], float]] = {
    "round": lambda record: record.round,
    "replicate": lambda record: record.replicate,
    "attempt": lambda record: record.attempt,
    "turns": lambda record: len(record.turns),
}
SCENARIO, SCORE = "scenario.", "score."


@dataclass(frozen=True, slots=True)
class Condition:
    """What must hold of a record. One that lacks the value in question is left out."""

    text: str
    value: Callable[[Record], str | float | None]
    compare: Callable[[Any, Any], bool]
    wanted: str | float

    def holds(self, record: Record) -> bool:
        value = self.value(record)
        return value is not None and self.compare(value, self.wanted)


def read_condition(text: str) -> Condition:
    """A condition as a user writes it: NAME, one of ``= != > >= < <=``, and a value. UsageError where it is none.

    Names are ``direction``, ``stage``, ``split``, ``model``, ``provider``, ``round``, ``replicate``, ``attempt``,
    ``turns``, ``scenario.FACTOR`` and ``score.NAME``; the last and the numbers of a record are compared as numbers.

    >>> read_condition("score.judge.overall >= 4").wanted
    4.0
    """
    match = _CONDITION.fullmatch(text)
    if match is None:
        raise UsageError(f"`{text}` is no condition: write a name, one of = != > >= < <=, and a value.")
    name, sign, wanted = match.groups()
    if name in _NUMBERS or name.startswith(SCORE):
        return Condition(text, _number(name), _COMPARISONS[sign], _read_number(text, wanted))
    if name not in _TEXTS and not name.startswith(SCENARIO):
        known = [*_TEXTS, *_NUMBERS, f"{SCENARIO}FACTOR", f"{SCORE}NAME"]
        hint = did_you_mean(name, known) or f"known are {', '.join(known)}"
        raise UsageError(f"`{text}`: a record has no `{name}`; {hint}.")
    if sign not in ("=", "!="):
        raise UsageError(f"`{text}`: `{name}` is text, which can only be compared by = and !=.")
    return Condition(text, _text(name), _COMPARISONS[sign], wanted)


def all_hold(conditions: Sequence[Condition], record: Record) -> bool:
    return all(condition.holds(record) for condition in conditions)


def _number(name: str) -> Callable[[Record], float | None]:
    if name.startswith(SCORE):
        score = name.removeprefix(SCORE)
        return lambda record: record.scores.get(score)
    return _NUMBERS[name]


def _text(name: str) -> Callable[[Record], str | None]:
    if name.startswith(SCENARIO):
        factor = name.removeprefix(SCENARIO)
        return lambda record: record.scenario.get(factor)
    return _TEXTS[name]


def _read_number(text: str, wanted: str) -> float:
    try:
        return float(wanted)
    except ValueError as error:
        raise UsageError(f"`{text}`: `{wanted}` is no number.") from error
