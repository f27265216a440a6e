"""The one example that a small model is shown before it is asked.

It shows the form of an answer, and says as little as possible: what it says turns up in the answers of a small model.
Several wordings, chosen by the request's seed, keep answers to one prompt apart.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

_QUESTION = """erDiagram
    HELPER ||--o{ VISITOR : "gives advice to"

Write a conversation between a user and an assistant. The user is the VISITOR. The assistant is the HELPER. Answer in \
JSON."""

_TURNS = (
    (
        "I have a question that I have been carrying around with me for some time. May I ask you?",
        "Of course, that is what I am here for. Tell me what happened and what you would like to change.",
    ),
    (
        "There is something I would like to understand better. Do you have a moment for me?",
        "Gladly, take your time. Tell me how it began, and I will explain what you can do about it.",
    ),
    (
        "I do not know what to do next, and it worries me. What would you advise?",
        "It is good that you came. Let us look at it step by step, beginning with what matters most to you.",
    ),
)


def example(schema: Mapping[str, Any], seed: int | None) -> list[dict[str, str]]:
    """Two chat messages, a question and an answer that fits ``schema``; none where a conversation does not fit it."""
    user, assistant = _TURNS[(seed or 0) % len(_TURNS)]
    turn = {"user": user, "assistant": assistant}
    for answer in ({"conversations": [turn]}, {"conversation": turn}):
        if _fits(answer, schema):
            text = json.dumps(answer, separators=(",", ":"))
            return [{"role": "user", "content": _QUESTION}, {"role": "assistant", "content": text}]
    return []


def _fits(value: Any, schema: Mapping[str, Any]) -> bool:
    """Whether a value has the keys and lists that ``schema`` asks for."""
    if isinstance(value, dict):
        properties = schema.get("properties", {})
        return value.keys() == properties.keys() and all(_fits(value[name], properties[name]) for name in value)
    if isinstance(value, list):
        return "items" in schema and all(_fits(each, schema["items"]) for each in value)
    return bool(schema.get("type") == "string")
