"""From a request's JSON Schema to one that a model cannot get lost in: every text and list in it has an end.

Without bounds a small model fills its last token with one endless string, and the answer is cut off.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

CHARS_A_TOKEN = 3.5
"""Letters of a text to a token. English has rather more, so that an answer ends before its tokens do."""

_FEWEST_CHARS = 16
_SCALAR_TOKENS = 6

_MOST_SENTENCES = 5
_SHORTEST_SENTENCE = 3
_SENTENCE_CHARS = 90
_LONGEST_SENTENCE = 150
"""A usual sentence is shorter than what a text has room for, and the longest may be longer than that."""

# Nobody says words in capitals, which are names from the diagram, or marks that belong to notations.
_NOTATION = r'\x00-\x1f"\\#&*/;<=>\[\]^_`{|}~'
_ENDS = ".!?。！？"
_FIRST = f"[^\\sa-z{_NOTATION}{_ENDS}]"
_NEXT = f"[A-Z]?[^A-Z{_NOTATION}{_ENDS}]"
_END = f"[A-Z]?[{_ENDS}]"


@dataclass(frozen=True, slots=True)
class _Size:
    """How much an answer may hold: the shares its free texts claim, and the tokens everything else takes."""

    shares: float = 0.0
    tokens: float = 0.0

    def __add__(self, other: _Size) -> _Size:
        return _Size(self.shares + other.shares, self.tokens + other.tokens)

    def times(self, number: float) -> _Size:
        return _Size(self.shares * number, self.tokens * number)


def bounded(schema: Mapping[str, Any], tokens: int, most_items: int | None, sentences: bool) -> dict[str, Any]:
    """``schema`` with bounds, so that an answer with all its items fits into ``tokens`` where that can be.

    A list has at most ``most_items``, unless the schema demands more; None leaves the schema's own bound, or eight.
    With ``sentences`` a text is a few whole sentences, so that it does not stop in the middle of one.
    """
    size = _size(schema, most_items)
    chars = max(0.0, tokens - size.tokens) * CHARS_A_TOKEN / max(size.shares, 1.0)
    result: dict[str, Any] = _bound(schema, chars, most_items, sentences)
    return result


def _bound(schema: Any, chars: float, most_items: int | None, sentences: bool) -> Any:
    """``schema`` where a free text has ``chars`` for each of its shares."""
    if not isinstance(schema, Mapping):
        return schema
    if _is_free_text(schema):
        return _text(schema, max(_FEWEST_CHARS, int(chars)), sentences)
    result = dict(schema)
    if "properties" in schema:
        result["properties"] = {
            name: _bound(value, chars * _share(index), most_items, sentences)
            for index, (name, value) in enumerate(schema["properties"].items())
        }
    if "items" in schema:
        result["items"] = _bound(schema["items"], chars, most_items, sentences)
        result["maxItems"] = _most(schema, most_items)
    for key in ("anyOf", "oneOf", "allOf"):
        if key in schema:
            result[key] = [_bound(each, chars, most_items, sentences) for each in schema[key]]
    if "$defs" in schema:
        result["$defs"] = {name: _bound(each, chars, most_items, sentences) for name, each in schema["$defs"].items()}
    return result


def _size(schema: Any, most_items: int | None) -> _Size:
    if not isinstance(schema, Mapping):
        return _Size()
    if _is_free_text(schema):
        return _Size(shares=1, tokens=2)
    if "properties" in schema:
        size = _Size(tokens=2)
        for index, (name, value) in enumerate(schema["properties"].items()):
            inner = _size(value, most_items)
            size += _Size(inner.shares * _share(index), inner.tokens + len(name) / CHARS_A_TOKEN + 3)
        return size
    if "items" in schema:
        return _size(schema["items"], most_items).times(_most(schema, most_items)) + _Size(tokens=2)
    choices = [_size(each, most_items) for key in ("anyOf", "oneOf") for each in schema.get(key, ())]
    if choices:
        return _Size(max(each.shares for each in choices), max(each.tokens for each in choices))
    return _Size(tokens=_SCALAR_TOKENS + schema.get("maxLength", 0) / CHARS_A_TOKEN)


def _is_free_text(schema: Mapping[str, Any]) -> bool:
    kinds = schema.get("type")
    is_text = kinds == "string" or (isinstance(kinds, list) and "string" in kinds)
    return is_text and not schema.keys() & {"enum", "const", "pattern", "format", "maxLength"}


def _share(index: int) -> int:
    """What stands later in an object answers what stands before, and has more to say."""
    return 1 if index == 0 else 2


def _most(schema: Mapping[str, Any], most_items: int | None) -> int:
    own = schema.get("maxItems", 8)
    wanted = own if most_items is None else min(own, most_items)
    return int(max(wanted, schema.get("minItems", 0)))


def _text(schema: Mapping[str, Any], chars: int, sentences: bool) -> dict[str, Any]:
    # The grammar engine takes no length beside such a pattern, and drops the whole schema in silence.
    if not sentences or schema.get("minLength", 0) > _SHORTEST_SENTENCE:
        return {**schema, "maxLength": max(chars, schema.get("minLength", 0))}
    count = min(_MOST_SENTENCES, max(1, chars // _SENTENCE_CHARS))
    sentence = f"{_FIRST}({_NEXT}){{1,{min(_LONGEST_SENTENCE, chars)}}}{_END}"
    others = {key: value for key, value in schema.items() if key != "minLength"}
    return {**others, "pattern": f"^{sentence}( {sentence}){{0,{count - 1}}}$"}
