"""Values as people write them, in YAML or on a command line, read by what a JSON Schema expects.

A word is a word: ``no``, ``1.10`` and ``2024-02-14`` stay text wherever text is expected, and become a boolean, a
number or null only where the schema asks for one.
"""

from __future__ import annotations

import difflib
import math
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

Path = tuple[str | int, ...]

_INTEGER = re.compile(r"[-+]?[0-9]+(_?[0-9]+)*")
_NUMBER = re.compile(r"[-+]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][-+]?[0-9]+)?")
_NULLS = frozenset({"", "~", "null", "Null", "NULL"})
_BOOLEANS = {"true": True, "True": True, "TRUE": True, "false": False, "False": False, "FALSE": False}
_TYPES = {
    "string": "text",
    "integer": "a whole number",
    "number": "a number",
    "boolean": "true or false",
    "array": "a list",
    "object": "a mapping (`key: value`)",
    "null": "nothing",
}


class Plain(str):
    """Text that was written without quotes, so that it may still mean a number, a boolean or null."""

    __slots__ = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Something wrong with a value: where it is (keys and indices from the root), a sentence, a hint.

    ``at_key`` is true where the key itself is wrong rather than its value.
    """

    path: Path
    message: str
    hint: str | None = None
    at_key: bool = False


def nearest(word: str, known: Iterable[str]) -> str | None:
    """The known word that ``word`` is most probably a misspelling of, or None.

    >>> nearest("user_rol", ["user_role", "delimiter"])
    'user_role'
    """
    matches = difflib.get_close_matches(word, list(known), n=1, cutoff=0.7)
    return matches[0] if matches else None


def did_you_mean(word: str, known: Iterable[str]) -> str | None:
    """A hint in words where a near miss exists."""
    match = nearest(word, known)
    return f"did you mean `{match}`?" if match else None


def coerce(value: Any, schema: Mapping[str, Any], root: Mapping[str, Any] | None = None) -> Any:
    """``value`` with its text read as ``schema`` expects; what does not fit is left for :func:`problems` to name.

    ``root`` is the schema whose ``$defs`` references point into (default: ``schema`` itself).

    >>> coerce({"d_factor": Plain("4"), "name": Plain("no")},
    ...        {"properties": {"d_factor": {"type": "integer"}, "name": {"type": "string"}}})
    {'d_factor': 4, 'name': 'no'}
    """
    root = schema if root is None else root
    if "$ref" in schema:
        schema = {**root["$defs"][schema["$ref"].removeprefix("#/$defs/")], **schema}
    if isinstance(value, Mapping):
        known = schema.get("properties", {})
        rest = schema.get("additionalProperties", {})
        rest = rest if isinstance(rest, Mapping) else {}
        return {str(key): coerce(item, known.get(key, rest), root) for key, item in value.items()}
    if isinstance(value, list):
        return [coerce(item, schema.get("items", {}), root) for item in value]
    if isinstance(value, str):
        return _read(value, schema)
    return value


def _read(text: str, schema: Mapping[str, Any]) -> Any:
    if "enum" in schema:
        return str(text)
    wanted = schema.get("type", ("null", "boolean", "integer", "number") if isinstance(text, Plain) else "string")
    types = (wanted,) if isinstance(wanted, str) else tuple(wanted)
    if "null" in types and text in _NULLS and isinstance(text, Plain):
        return None
    if "string" in types:
        return str(text)
    if "boolean" in types and text in _BOOLEANS:
        return _BOOLEANS[text]
    if "integer" in types and _INTEGER.fullmatch(text) and len(text) < 400:
        return int(text)
    if "number" in types and _NUMBER.fullmatch(text):
        number = float(text)
        return number if math.isfinite(number) else str(text)
    return str(text)


def problems(value: Any, schema: Mapping[str, Any]) -> list[Problem]:
    """Everything about a coerced ``value`` that ``schema`` (JSON Schema 2020-12) does not allow, as sentences."""
    from jsonschema import Draft202012Validator

    found = [
        problem
        for error in Draft202012Validator(schema).iter_errors(value)
        for problem in _sentences(error, tuple(error.absolute_path))
    ]
    return sorted(dict.fromkeys(found), key=lambda problem: [str(part) for part in problem.path])


def _sentences(error: Any, path: Path) -> list[Problem]:
    keyword, wanted, value = error.validator, error.validator_value, error.instance
    name = _name(path)
    match keyword:
        case "additionalProperties":
            known = list(error.schema.get("properties", {}))
            unknown = [key for key in value if key not in known]
            return [
                Problem((*path, key), f"unknown key `{key}`", _known_hint(key, known), at_key=True) for key in unknown
            ]
        case "type":
            types = [wanted] if isinstance(wanted, str) else wanted
            expected = " or ".join(_TYPES[kind] for kind in types if kind != "null" or len(types) == 1)
            return [Problem(path, f"{name} must be {expected}, not {_shown(value)}")]
        case "enum":
            choices = ", ".join(f"`{choice}`" for choice in wanted)
            hint = did_you_mean(str(value), map(str, wanted))
            return [Problem(path, f"{name} must be one of {choices}, not {_shown(value)}", hint)]
        case "required":
            missing = [key for key in wanted if key not in value]
            return [Problem(path, f"{name} needs the key `{key}`") for key in missing]
        case "minimum" | "exclusiveMinimum":
            words = "at least" if keyword == "minimum" else "more than"
            return [Problem(path, f"{name} must be {words} {wanted}, not {_shown(value)}")]
        case "maximum" | "exclusiveMaximum":
            words = "at most" if keyword == "maximum" else "less than"
            return [Problem(path, f"{name} must be {words} {wanted}, not {_shown(value)}")]
        case "minItems":
            return [Problem(path, f"{name} must have at least {wanted} item{'s' * (wanted > 1)}")]
        case "minProperties":
            return [Problem(path, f"{name} must have at least {wanted} key{'s' * (wanted > 1)}")]
        case "minLength":
            return [Problem(path, f"{name} must not be empty")]
        case "uniqueItems":
            twice = next(str(item) for index, item in enumerate(value) if item in value[:index])
            return [Problem(path, f"{name} names `{twice}` twice")]
        case _:
            return [Problem(path, f"{name}: {error.message}")]


def _known_hint(key: str, known: Sequence[str]) -> str:
    return did_you_mean(key, known) or f"the keys known here are {', '.join(sorted(known))}"


def _name(path: Path) -> str:
    if not path:
        return "this"
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{part}" for part in path)
    return f"`{text.lstrip('.')}`"


def _shown(value: Any) -> str:
    match value:
        case None | "":
            return "nothing"
        case bool():
            return str(value).lower()
        case str():
            return f"`{value if len(value) <= 40 else value[:39] + '…'}`"
        case dict():
            return "a mapping"
        case list():
            return "a list"
        case _:
            return f"`{value}`"
