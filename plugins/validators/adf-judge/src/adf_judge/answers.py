"""A judge's answer, read: leniently as to how it is written, strictly as to what it says."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adf_core import Response
from adf_judge.questions import FINDINGS, LONGEST_REASON, value_keys
from adf_judge.rubric import SCALE, Rubric

_MOST_CHARACTERS = 100_000
"""A longer answer is not read: judgements are short, and repairing takes time."""

_MOST_STARTS = 50
"""Places in an answer where its JSON may begin; more are not tried."""

_MOST_BRACKETS = 200
"""The repair takes time quadratic in their number, and no judgement has so many."""

_SCORE_IN_WORDS = re.compile(r"\s*(\d+)(\.0+)?(\s*/\s*5)?\s*")


class Nonsense(Exception):
    """An answer that is no judgement; the text says why."""


@dataclass(frozen=True, slots=True)
class Judgement:
    """What one judge said: a score for each criterion, a finding for each factor of the scenario, and why."""

    scores: Mapping[str, int]
    findings: Mapping[str, str]
    reason: str


def read_judgement(response: Response, rubric: Rubric, scenario: Mapping[str, str]) -> Judgement:
    """The judgement in an answer. Nonsense where it was cut off, is not whole, or says what nobody asked for."""
    if response.finish_reason == "length":
        raise Nonsense("it was cut off by the token limit")
    if response.finish_reason == "content_filter":
        raise Nonsense("it was stopped by the provider's content filter")
    keys = value_keys(scenario)
    data = _find_object(response.text, (*rubric, *keys.values()))
    return Judgement(
        scores={name: _score(name, data[name]) for name in rubric},
        findings={factor: _finding(key, data[key]) for factor, key in keys.items()},
        reason=_bounded(data.get("reason")),
    )


def _find_object(text: str, keys: tuple[str, ...]) -> Mapping[str, Any]:
    """The last JSON object in ``text`` that has all ``keys``: what stands before it may be thoughts or quotations."""
    if len(text) > _MOST_CHARACTERS:
        raise Nonsense(f"it is far too long ({len(text):,} characters)")
    objects = list(_objects(text)) or [_repaired(text)]
    whole = [each for each in objects if isinstance(each, dict) and all(key in each for key in keys)]
    if whole:
        return whole[-1]
    last = objects[-1]
    if not isinstance(last, dict):
        raise Nonsense("it has no JSON object")
    raise Nonsense(f"its JSON object lacks `{next(key for key in keys if key not in last)}`")


def _objects(text: str) -> Iterator[Any]:
    """The JSON objects in ``text`` that do not stand inside another one."""
    decoder = json.JSONDecoder(strict=False)
    start = text.find("{")
    for _ in range(_MOST_STARTS):
        if start < 0:
            return
        try:
            data, end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            end = start + 1
        else:
            yield data
        start = text.find("{", end)


def _repaired(text: str) -> Any:
    import json_repair

    start, end = text.find("{"), text.rfind("}") + 1
    if start < 0 or text.count("{") + text.count("[") > _MOST_BRACKETS:
        return None
    try:
        return json_repair.loads(text[start : end if end > start else None])
    except (ValueError, RecursionError):
        return None


def _score(name: str, value: Any) -> int:
    number: Any = value
    if isinstance(value, str) and (match := _SCORE_IN_WORDS.fullmatch(value)):
        number = int(match[1])
    if isinstance(number, bool) or number not in SCALE:
        raise Nonsense(f"`{name}` is {_bounded(repr(value), 40)}, not a whole number from {SCALE[0]} to {SCALE[-1]}")
    return int(number)


def _finding(key: str, value: Any) -> str:
    finding = re.sub(r"[\s-]+", "_", str(value).strip().casefold())
    if finding not in FINDINGS:
        raise Nonsense(f"`{key}` is {_bounded(repr(value), 40)}, not one of {', '.join(FINDINGS)}")
    return finding


def _bounded(text: Any, longest: int = LONGEST_REASON) -> str:
    """A model's words on one line, shortened, and without anything a terminal could trip over; empty for no text."""
    if not isinstance(text, str):
        return ""
    line = "".join(letter for letter in " ".join(text.split()) if letter.isprintable())
    return line if len(line) <= longest else f"{line[: longest - 1]}…"
