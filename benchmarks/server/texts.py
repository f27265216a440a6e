"""What the server says: texts made once for each JSON Schema, into which the digest of a request is spliced."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from random import Random
from typing import Any

_VARIANTS = 64
_DIGEST = "@" * 16
"""Where the digest of the request goes; of its length."""

_VOCABULARY = (
    "amber anchor apple autumn basket beacon bridge candle canyon cedar circle copper corner cotton cradle curtain "
    "desert ember feather fiddle forest garden ginger glacier hammer harbour harvest hollow island ivory jacket kettle "
    "ladder lantern lemon marble meadow mirror morning needle orchard paper pebble pepper pillow planet pocket quarry "
    "ribbon river saddle sailor shadow silver spider spring stone summer thunder timber valley velvet window winter"
)
_WORDS = _VOCABULARY.split()

_TURN = {"type": "object", "properties": {"user": {"type": "string"}, "assistant": {"type": "string"}}}
CONVERSATIONS = {"type": "object", "properties": {"conversations": {"type": "array", "items": _TURN}}}
"""The shape of an answer to a request that asks for none."""


@dataclass(frozen=True, slots=True)
class Text:
    """A text as a JSON string, and how many tokens (here: words) it has."""

    quoted: bytes
    tokens: int

    def about(self, digest: bytes) -> bytes:
        """The JSON string of the text for the request with this digest of 16 characters."""
        return self.quoted.replace(_DIGEST.encode(), digest)


@dataclass(frozen=True, slots=True)
class Variant:
    """One text in the three forms in which it may be sent."""

    good: Text
    malformed: Text
    truncated: Text


class Texts:
    """The texts for every schema that was asked for so far; lists in them have ``turns`` items where they may."""

    def __init__(self, turns: int) -> None:
        self._turns = turns
        self._made: dict[str, tuple[Variant, ...]] = {}

    def choose(self, schema: Mapping[str, Any] | None, number: int) -> Variant:
        """A text of the shape that ``schema`` asks for (None: a conversation); another for another ``number``."""
        key = json.dumps(schema)
        if key not in self._made:
            self._made[key] = tuple(self._variant(schema or CONVERSATIONS, Random(at)) for at in range(_VARIANTS))
        return self._made[key][number % _VARIANTS]

    def _variant(self, schema: Mapping[str, Any], random: Random) -> Variant:
        text = json.dumps(self._instance(schema, schema, random))
        return Variant(_text(text), _text(_sentence(random)), _text(text[: len(text) * 2 // 3]))

    def _instance(self, schema: Mapping[str, Any], root: Mapping[str, Any], random: Random) -> Any:
        """A value that ``schema`` allows; knows the keywords of simple schemas, as pydantic makes them too."""
        if "$ref" in schema:
            return self._instance(root["$defs"][schema["$ref"].rpartition("/")[2]], root, random)
        if "const" in schema:
            return schema["const"]
        if "enum" in schema:
            return random.choice(schema["enum"])
        for union in ("anyOf", "oneOf", "allOf"):
            if union in schema:
                return self._instance(schema[union][0], root, random)
        match schema.get("type"):
            case "object":
                properties = schema.get("properties", {})
                return {name: self._instance(inner, root, random) for name, inner in properties.items()}
            case "array":
                least, most = schema.get("minItems", 0), schema.get("maxItems", self._turns)
                items = range(max(least, min(most, self._turns)))
                return [self._instance(schema.get("items", {}), root, random) for _ in items]
            case "integer":
                return random.randint(schema.get("minimum", 0), schema.get("maximum", 10))
            case "number":
                return random.uniform(schema.get("minimum", 0), schema.get("maximum", 1))
            case "boolean":
                return random.random() < 0.5
            case "null":
                return None
            case _:
                return _sentence(random)


def _sentence(random: Random) -> str:
    return f"{_DIGEST}: {' '.join(random.choices(_WORDS, k=random.randint(8, 20)))}."


def _text(text: str) -> Text:
    return Text(json.dumps(text).encode(), len(text.split()))
