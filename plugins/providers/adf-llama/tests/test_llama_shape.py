"""Bounds that keep a model's answer finite."""

from __future__ import annotations

from typing import Any

import pytest
from adf_llama.example import example
from adf_llama.shape import bounded
from jsonschema import Draft202012Validator

TEXT = {"type": "string", "minLength": 1}
TURN = {"type": "object", "properties": {"user": TEXT, "assistant": TEXT}, "required": ["user", "assistant"]}


def conversations(**bounds: int) -> dict[str, Any]:
    return {"type": "object", "properties": {"conversations": {"type": "array", "items": TURN, **bounds}}}


def turns_of(schema: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = schema["properties"]["conversations"]
    return found


@pytest.mark.parametrize("tokens", [128, 512, 4096])
@pytest.mark.parametrize("most", [1, 3, 8])
def test_an_answer_with_every_turn_and_text_at_its_longest_fits_its_tokens(tokens: int, most: int) -> None:
    turns = turns_of(bounded(conversations(maxItems=most), tokens, None, sentences=False))
    texts = turns["items"]["properties"]
    chars = most * (texts["user"]["maxLength"] + texts["assistant"]["maxLength"])
    assert chars / 3.5 + most * 10 <= tokens or chars == most * 2 * 16


def test_the_answer_has_more_room_than_the_question() -> None:
    texts = turns_of(bounded(conversations(maxItems=3), 512, None, sentences=False))["items"]["properties"]
    assert texts["assistant"]["maxLength"] == pytest.approx(2 * texts["user"]["maxLength"], abs=1)


@pytest.mark.parametrize(
    ("bounds", "most", "expected"),
    [({}, None, 8), ({}, 4, 4), ({"maxItems": 3}, 4, 3), ({"maxItems": 9}, 4, 4), ({"minItems": 6}, 4, 6)],
)
def test_a_list_has_an_end_that_its_schema_allows(bounds: dict[str, int], most: int | None, expected: int) -> None:
    assert turns_of(bounded(conversations(**bounds), 512, most, sentences=True))["maxItems"] == expected


@pytest.mark.parametrize(
    ("text", "fits"),
    [
        ("I lost my key.", True),
        ("I lost my key. What now? Help!", True),
        ("Der Schlüssel ist weg, „leider“.", True),
        ("I lost my", False),
        ("lost in the middle of a sentence.", False),
        ("The COUNSELOR speaks.", False),
        ("See the # erDiagram.", False),
        ("One. " * 30 + "Two.", False),
    ],
)
def test_texts_are_a_few_whole_sentences(text: str, fits: bool) -> None:
    schema = bounded({"type": "object", "properties": {"text": TEXT}}, 512, None, sentences=True)
    assert Draft202012Validator(schema).is_valid({"text": text}) is fits


def test_what_the_schema_bounds_itself_stays() -> None:
    schema = {
        "type": "object",
        "properties": {
            "verdict": {"type": "string", "enum": ["good", "bad"]},
            "score": {"type": "integer", "minimum": 1, "maximum": 5},
            "label": {"type": "string", "maxLength": 10},
        },
        "additionalProperties": False,
    }
    assert bounded(schema, 100, 4, sentences=True) == schema


def test_a_text_that_must_be_long_keeps_its_length_and_gets_an_end() -> None:
    text = {"type": "string", "minLength": 60}
    schema = bounded({"type": "object", "properties": {"text": text}}, 100, 4, sentences=True)
    assert schema["properties"]["text"].keys() == {"type", "minLength", "maxLength"}


def test_texts_are_bounded_wherever_they_are() -> None:
    schema = {"$defs": {"note": TEXT}, "anyOf": [TEXT, {"type": "array", "items": {"type": ["string", "null"]}}]}
    result = bounded(schema, 100, 4, sentences=False)
    assert "maxLength" in result["$defs"]["note"]
    assert "maxLength" in result["anyOf"][0]
    assert "maxLength" in result["anyOf"][1]["items"]


def test_the_example_has_the_form_of_the_answer_or_is_left_out() -> None:
    question, answer = example(conversations())
    assert (question["role"], answer["role"]) == ("user", "assistant")
    assert answer["content"].startswith('{"conversations":[{"user":"')
    single = {"type": "object", "properties": {"conversation": TURN}}
    assert example(single)[1]["content"].startswith('{"conversation":{"user":"')
    assert example({"type": "object", "properties": {"score": {"type": "integer"}}}) == []
