"""The fixed shape, checked by hand: many times faster than a general JSON Schema check.

Each function returns what is wrong, in words a model can act on, or None. The tests hold both against ``jsonschema``.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from adf_core import Conversation, Type

_TURN_KEYS = ("user", "assistant")
_MOST_NAMES = 3  # superfluous keys that are worth telling


def shape_fault(answer: Mapping[str, Any], type_: Type) -> str | None:
    """Whether ``answer`` is ``{"conversations": [turn, …]}``, or ``{"conversation": turn}`` for ``instruct``.

    A turn is an object with exactly the keys ``user`` and ``assistant``, both text.
    """
    key = "conversation" if type_ == "instruct" else "conversations"
    if fault := _keys_fault("the answer", answer, (key,)):
        return fault
    if type_ == "instruct":
        return _turn_fault("`conversation`", answer[key])
    if not isinstance(answer[key], list):
        return "`conversations` must be a list of turns"
    for number, turn in enumerate(answer[key], 1):
        if fault := _turn_fault(f"turn {number}", turn):
            return fault
    return None


def turns_fault(turns: Conversation, type_: Type, fewest: int, most: int | None) -> str | None:
    """Whether ``turns`` say something each, and are ``fewest`` to ``most`` in number (only for ``conversation``).

    Judges the turns rather than the answer: a validator that ran before may have revised them.
    """
    for number, turn in enumerate(turns, 1):
        for role, text in (("user", turn.user), ("assistant", turn.assistant)):
            if not text.strip():
                return f"`{role}` is empty" if type_ == "instruct" else f"`{role}` is empty in turn {number}"
    if not turns:
        return "there is no turn"
    if type_ == "instruct":
        return None
    if len(turns) < fewest:
        return f"there are too few turns: {len(turns)}, where at least {fewest} are wanted"
    if most is not None and len(turns) > most:
        return f"there are too many turns: {len(turns)}, where at most {most} {'is' if most == 1 else 'are'} wanted"
    return None


def _turn_fault(name: str, turn: Any) -> str | None:
    if not isinstance(turn, dict):
        return f"{name} must be an object with the keys `user` and `assistant`"
    if fault := _keys_fault(name, turn, _TURN_KEYS):
        return fault
    for role in _TURN_KEYS:
        if not isinstance(turn[role], str):
            return f"`{role}` must be text in {name}"
    return None


def _keys_fault(name: str, found: Mapping[str, Any], wanted: Sequence[str]) -> str | None:
    missing = [key for key in wanted if key not in found]
    extra = [key for key in found if key not in wanted]
    faults = [f"{fault} {_listed(keys)}" for fault, keys in (("lacks the", missing), ("has the extra", extra)) if keys]
    return f"{name} {' and '.join(faults)}" if faults else None


def _listed(keys: Sequence[str]) -> str:
    names = ", ".join(f"`{shown(key)}`" for key in keys[:_MOST_NAMES])
    more = f" and {len(keys) - _MOST_NAMES} more" if len(keys) > _MOST_NAMES else ""
    return f"{'key' if len(keys) == 1 else 'keys'} {names}{more}"


def shown(name: str, longest: int = 40) -> str:
    """Words that a model made up: shortened, and without anything a terminal or a database could trip over."""
    short = name if len(name) <= longest else f"{name[: longest - 1]}…"
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in short)
