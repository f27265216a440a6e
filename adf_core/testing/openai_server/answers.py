"""What the server says when the test does not: JSON in the shape that was asked for, a function of the request."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b
from random import Random
from typing import Any

_VOCABULARY = (
    "amber anchor apple autumn basket beacon bridge candle canyon cedar circle copper corner cotton cradle curtain "
    "desert ember feather fiddle forest garden ginger glacier hammer harbour harvest hollow island ivory jacket kettle "
    "ladder lantern lemon marble meadow mirror morning needle orchard paper pebble pepper pillow planet pocket quarry "
    "ribbon river saddle sailor shadow silver spider spring stone summer thunder timber valley velvet window winter"
)
_WORDS = _VOCABULARY.split()

_TURN = {"type": "object", "properties": {"user": {"type": "string"}, "assistant": {"type": "string"}}}
_CONVERSATIONS = {"type": "object", "properties": {"conversations": {"type": "array", "minItems": 1, "items": _TURN}}}
_CONVERSATION = {"type": "object", "properties": {"conversation": _TURN}}


def prompt(body: Mapping[str, Any]) -> str:
    """The text of all messages of a request; empty where it has none (embeddings)."""
    return "\n".join(str(message["content"]) for message in body.get("messages", ()))


def default_answer(body: Mapping[str, Any], nth: int) -> str:
    """The same answer for the same prompt and seed, however often it is asked for.

    It has the shape of the request's JSON Schema; where there is none, ``conversations``, or ``conversation`` where
    the prompt speaks of that key alone. Each text begins with a digest of prompt and seed.
    """
    text = prompt(body)
    schema = (body.get("response_format") or {}).get("json_schema", {}).get("schema")
    if schema is None:
        schema = _CONVERSATION if '"conversation"' in text and '"conversations"' not in text else _CONVERSATIONS
    digest = blake2b(json.dumps([text, body.get("seed")]).encode(), digest_size=4).hexdigest()
    return json.dumps(_instance(schema, digest, Random(digest)))  # noqa: S311  nothing secret


def _instance(schema: Mapping[str, Any], digest: str, random: Random) -> Any:
    """A value that ``schema`` allows; knows the keywords that answer schemas use."""
    if "enum" in schema:
        return random.choice(schema["enum"])
    match schema.get("type"):
        case "object":
            return {key: _instance(value, digest, random) for key, value in schema.get("properties", {}).items()}
        case "array":
            least = schema.get("minItems", 1)
            most = schema.get("maxItems", least + 2)
            return [_instance(schema["items"], digest, random) for _ in range(random.randint(least, most))]
        case "integer":
            return random.randint(schema.get("minimum", 0), schema.get("maximum", 10))
        case "number":
            return random.uniform(schema.get("minimum", 0), schema.get("maximum", 1))
        case "boolean":
            return random.random() < 0.5
        case _:
            return f"{digest}: {' '.join(random.choices(_WORDS, k=random.randint(8, 20)))}."
