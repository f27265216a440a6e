"""The one example that a small model is shown before it is asked.

It shows the form of an answer and says as little as possible, because a small model repeats what it has just read. An
opening that appeals to what the other can do made most answers turn to the subject of the prompt.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_QUESTION = """erDiagram
    HELPER ||--o{ VISITOR : "gives advice to"

Write a conversation between a user and an assistant. The user is the VISITOR. The assistant is the HELPER. Answer in \
JSON."""
_TURN = {
    "user": "I was told that you can help people like me, so here I am.",
    "assistant": "Welcome. Tell me what it is about and what you hope for, and then I will make a proposal.",
}
_ANSWERS: tuple[dict[str, Any], ...] = ({"conversations": [_TURN]}, {"conversation": _TURN})


def example(schema: Mapping[str, Any]) -> list[dict[str, str]]:
    """Two chat messages, a question and an answer that fits ``schema``; none where no conversation fits it."""
    for answer in _ANSWERS:
        if _fits(answer, schema):
            text = json.dumps(answer, separators=(",", ":"))
            return [{"role": "user", "content": _QUESTION}, {"role": "assistant", "content": text}]
    return []


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value has the keys, lists and texts that ``schema`` asks for."""
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return value.keys() == properties.keys() and all(_fits(value[name], properties[name]) for name in value)
    if isinstance(value, list):
        return "items" in schema and all(_fits(each, schema["items"]) for each in value)
    return bool(schema.get("type") == "string")
