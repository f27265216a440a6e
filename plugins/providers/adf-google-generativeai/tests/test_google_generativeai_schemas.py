"""JSON Schema, said in the few words the retired SDK knows."""

from __future__ import annotations

from typing import Any

import pytest
from adf_google_generativeai.schemas import response_schema
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

TURN = {
    "type": "object",
    "properties": {"user": {"type": "string", "minLength": 1}, "assistant": {"type": "string", "minLength": 1}},
    "required": ["user", "assistant"],
    "additionalProperties": False,
}
CONVERSATION = {
    "type": "object",
    "properties": {"conversations": {"type": "array", "minItems": 1, "maxItems": 3, "items": TURN}},
    "required": ["conversations"],
    "additionalProperties": False,
}
INSTRUCT = {
    "type": "object",
    "properties": {"conversation": TURN},
    "required": ["conversation"],
    "additionalProperties": False,
}
SAID_TURN = {
    "type": "object",
    "properties": {"user": {"type": "string"}, "assistant": {"type": "string"}},
    "required": ["user", "assistant"],
}


def test_a_conversation_keeps_its_shape_and_its_number_of_turns() -> None:
    assert response_schema(CONVERSATION) == {
        "type": "object",
        "properties": {"conversations": {"type": "array", "items": SAID_TURN, "min_items": 1, "max_items": 3}},
        "required": ["conversations"],
    }


def test_a_single_turn_keeps_its_shape() -> None:
    assert response_schema(INSTRUCT) == {
        "type": "object",
        "properties": {"conversation": SAID_TURN},
        "required": ["conversation"],
    }


def test_choices_descriptions_and_null_are_said() -> None:
    schema = {"type": ["string", "null"], "enum": ["calm", "angry", None], "description": "a mood", "maxLength": 9}
    assert response_schema(schema) == {
        "type": "string",
        "nullable": True,
        "description": "a mood",
        "format": "enum",
        "enum": ["calm", "angry"],
    }


@pytest.mark.parametrize(
    "schema",
    [
        True,
        {},
        {"anyOf": [{"type": "string"}, {"type": "integer"}]},
        {"$ref": "#/$defs/turn"},
        {"type": ["string", "integer"]},
        {"type": "null"},
        {"type": "object"},
        {"type": "array"},
        {"type": "array", "items": {"enum": [1, 2]}},
        {"type": "object", "properties": {"said": {"type": "string"}, "unsaid": {"oneOf": []}}},
    ],
)
def test_what_the_sdk_cannot_say_is_not_sent_by_halves(schema: Any) -> None:
    assert response_schema(schema) is None


@st.composite
def schemas_with_an_answer(draw: st.DrawFn, depth: int = 2) -> tuple[dict[str, Any], Any]:
    """A schema and an answer that it allows."""
    kind = draw(st.sampled_from(["string", "integer", "number", "boolean", *["array", "object"] * (depth > 0)]))
    schema: dict[str, Any] = {"type": kind}
    answer: Any
    if kind == "object":
        parts = draw(st.dictionaries(st.text(max_size=3), schemas_with_an_answer(depth - 1), min_size=1, max_size=3))
        schema["properties"] = {name: part for name, (part, _) in parts.items()}
        schema["additionalProperties"] = draw(st.booleans())
        answer = {name: value for name, (_, value) in parts.items()}
        if draw(st.booleans()):
            schema["required"] = [*parts]
    elif kind == "array":
        schema["items"], item = draw(schemas_with_an_answer(depth - 1))
        answer = [item] * draw(st.integers(0, 3))
        schema["minItems"] = draw(st.integers(0, len(answer)))
        schema["maxItems"] = draw(st.integers(len(answer), 5))
    elif kind == "string":
        answer = draw(st.text(max_size=5))
        schema["minLength"] = draw(st.integers(0, len(answer)))
        if draw(st.booleans()):
            schema["enum"] = draw(st.permutations([answer, "another", ""]))
    elif kind == "boolean":
        answer = draw(st.booleans())
    else:
        answer = draw(st.integers(-9, 9))
        schema["minimum"] = draw(st.integers(-20, answer))
        if draw(st.booleans()):
            schema["enum"] = [answer]
    if draw(st.booleans()):
        schema["type"] = [kind, "null"]
        if "enum" not in schema and draw(st.booleans()):
            answer = None
    return schema, answer


def as_json_schema(said: dict[str, Any]) -> dict[str, Any]:
    """What is sent, read back in JSON Schema's words."""
    schema: dict[str, Any] = {"type": [said["type"], *["null"] * said.get("nullable", False)]}
    if "properties" in said:
        schema["properties"] = {name: as_json_schema(part) for name, part in said["properties"].items()}
        schema["required"] = said["required"]
    if "items" in said:
        schema["items"] = as_json_schema(said["items"])
    schema |= {
        theirs: said[ours] for ours, theirs in (("min_items", "minItems"), ("max_items", "maxItems")) if ours in said
    }
    if "enum" in said:
        schema["enum"] = [*said["enum"], *[None] * said.get("nullable", False)]
    return schema


@given(schemas_with_an_answer())
def test_what_is_sent_never_forbids_an_answer_that_the_schema_allows(case: tuple[dict[str, Any], Any]) -> None:
    schema, answer = case
    Draft202012Validator(schema).validate(answer)
    said = response_schema(schema)
    assert said is not None
    Draft202012Validator(as_json_schema(said)).validate(answer)
