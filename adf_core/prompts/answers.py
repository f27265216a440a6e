"""Answers: the shape that is asked for, and what a model's text holds of it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from adf_core.components import FinishReason
from adf_core.conversation import Conversation, Turn, Type

_MOST_STARTS = 16  # places in a chatty answer where its JSON may begin; more are not tried, so that time stays linear

MOST_CHARACTERS = 4 * 1024 * 1024
"""Longer answers are not read: no conversation has so many, and it would take seconds."""

_MOST_BRACES = 500  # the repair takes time quadratic in their number, and no conversation has so many


class UnusableAnswer(Exception):
    """An answer that holds no conversation; the text says why, in words a model can act on."""


@dataclass(frozen=True, slots=True)
class Answer:
    """What an answer holds: the JSON object itself, and the turns read from it."""

    data: Mapping[str, Any]
    turns: Conversation


def answer_schema(type_: Type, min_turns: int = 1, max_turns: int | None = None) -> dict[str, Any]:
    """The JSON Schema of an answer: ``conversations``, a list of turns, or for ``instruct`` one ``conversation``."""
    text = {"type": "string", "minLength": 1}
    turn = _object({"user": text, "assistant": text})
    if type_ == "instruct":
        return _object({"conversation": turn})
    turns: dict[str, Any] = {"type": "array", "minItems": min_turns, "items": turn}
    if max_turns is not None:
        turns["maxItems"] = max_turns
    return _object({"conversations": turns})


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


def read_answer(text: str, finish_reason: FinishReason, type_: Type) -> Answer:
    """The conversation in a model's text, which may be fenced, chatty or slightly broken JSON.

    An answer that was cut off is never repaired. Raises UnusableAnswer.
    """
    if finish_reason == "length":
        raise UnusableAnswer("it was cut off by the token limit; it must be shorter")
    if finish_reason == "content_filter":
        raise UnusableAnswer("it was stopped by the provider's content filter")
    if len(text) > MOST_CHARACTERS:
        raise UnusableAnswer(f"it is far too long ({len(text):,} characters)")
    key = "conversation" if type_ == "instruct" else "conversations"
    data = _find_object(text, key)
    return Answer(data, tuple(_turns(data, key)))


def _find_object(text: str, key: str) -> dict[str, Any]:
    first, last = text.find("{"), text.rfind("}")
    if first < 0:
        raise UnusableAnswer("it has no JSON object")
    whole = text[first : last + 1]
    try:
        data = json.loads(whole, strict=False)
    except (ValueError, RecursionError):
        data = next(_objects_within(text, first, key), None)
    if data is None:
        data = _repaired(text[first:] if last < first else whole)
    if not isinstance(data, dict):
        raise UnusableAnswer("its JSON cannot be read")
    return data


def _objects_within(text: str, start: int, key: str) -> Iterator[dict[str, Any]]:
    """Objects that have ``key``, from the first places where one may begin."""
    decoder = json.JSONDecoder(strict=False)
    for _ in range(_MOST_STARTS):
        try:
            data, _end = decoder.raw_decode(text, start)
        except (ValueError, RecursionError):
            data = None
        if isinstance(data, dict) and key in data:
            yield data
        start = text.find("{", start + 1)
        if start < 0:
            return


def _repaired(text: str) -> Any:
    import json_repair

    if text.count("{") > _MOST_BRACES:
        return None
    try:
        return json_repair.loads(text)
    except (ValueError, RecursionError):
        return None


def _turns(data: Mapping[str, Any], key: str) -> Iterator[Turn]:
    if key not in data:
        raise UnusableAnswer(f"its JSON object lacks the key `{key}`")
    value = data[key]
    items = [value] if key == "conversation" else value
    if not isinstance(items, list):
        raise UnusableAnswer(f"`{key}` must be a list of turns")
    if not items:
        raise UnusableAnswer(f"`{key}` has no turn")
    for number, item in enumerate(items, 1):
        where = f"turn {number} of `{key}`" if key == "conversations" else f"`{key}`"
        if not isinstance(item, dict):
            raise UnusableAnswer(f"{where} must be an object with the keys `user` and `assistant`")
        for role in ("user", "assistant"):
            if not isinstance(item.get(role), str):
                raise UnusableAnswer(f"{where} needs the key `{role}` with a text")
        yield Turn(item["user"], item["assistant"])
