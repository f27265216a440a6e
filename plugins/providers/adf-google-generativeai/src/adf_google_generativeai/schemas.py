"""JSON Schema in the few words this SDK knows."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

_NUMBERS = {"minItems": "min_items", "maxItems": "max_items"}


def response_schema(schema: Any) -> dict[str, Any] | None:
    """A JSON ``schema`` as the SDK can say it, or None where it cannot.

    It can say: one type for each part (and null beside it), an object's properties and which of them are required, a
    list's items and their number, texts to choose from, descriptions. Other keywords are left out, which only allows
    more: whatever answer ``schema`` allows, the result allows too.
    """
    if not isinstance(schema, Mapping):
        return None
    types = schema.get("type", [])
    kinds = {types} if isinstance(types, str) else set(types)
    nullable = "null" in kinds
    kinds.discard("null")
    if len(kinds) != 1:
        return None
    kind = kinds.pop()
    said: dict[str, Any] = {"type": kind}
    if nullable:
        said["nullable"] = True
    if description := schema.get("description"):
        said["description"] = description
    if kind == "object":
        properties = {name: response_schema(part) for name, part in schema.get("properties", {}).items()}
        if not properties or None in properties.values():
            return None
        said["properties"] = properties
        said["required"] = [name for name in schema.get("required", []) if name in properties]
    elif kind == "array":
        said["items"] = response_schema(schema.get("items"))
        if said["items"] is None:
            return None
        said |= {ours: schema[theirs] for theirs, ours in _NUMBERS.items() if theirs in schema}
    elif kind == "string":
        choices = [choice for choice in schema.get("enum", []) if choice is not None]
        if choices and all(isinstance(choice, str) and choice for choice in choices):
            said |= {"format": "enum", "enum": choices}
    return said
