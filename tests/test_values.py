from __future__ import annotations

import pytest

from adf_core.values import Plain, coerce, did_you_mean, problems


@pytest.mark.parametrize("word", ["no", "on", "1.10", "2024-02-14", "null", "~", "0x10", "true"])
def test_a_word_stays_as_written_where_text_is_expected(word: str) -> None:
    assert coerce(Plain(word), {"type": "string"}) == word


@pytest.mark.parametrize(
    ("word", "schema", "value"),
    [
        ("4", {"type": "integer"}, 4),
        ("-4", {"type": "integer"}, -4),
        ("1e3", {"type": "number"}, 1000.0),
        ("true", {"type": "boolean"}, True),
        ("null", {"type": ["integer", "null"]}, None),
        ("null", {"type": ["string", "null"]}, None),
        ("3", {}, 3),
        ("yes", {}, "yes"),
    ],
)
def test_a_plain_word_becomes_what_the_schema_asks_for(word: str, schema: dict, value: object) -> None:
    assert coerce(Plain(word), schema) == value


def test_a_quoted_word_is_never_null() -> None:
    assert coerce("null", {"type": ["string", "null"]}) == "null"


@pytest.mark.parametrize("word", ["4.5", "four", "", "9" * 5000, "٣"])
def test_what_is_no_whole_number_is_named(word: str) -> None:
    schema = {"properties": {"n": {"type": "integer"}}}
    [problem] = problems(coerce({"n": Plain(word)}, schema), schema)
    assert problem.path == ("n",)
    assert "must be a whole number" in problem.message


def test_numbers_that_are_not_finite_are_no_numbers() -> None:
    schema = {"type": "number"}
    assert problems(coerce(Plain("1e999"), schema), schema)


def test_references_are_followed() -> None:
    schema = {"$defs": {"n": {"type": "integer"}}, "properties": {"a": {"$ref": "#/$defs/n"}}}
    assert coerce({"a": Plain("7")}, schema) == {"a": 7}


def test_an_unknown_key_is_told_with_the_nearest_known_one() -> None:
    schema = {"properties": {"user_role": {}, "delimiter": {}}, "additionalProperties": False}
    [problem] = problems({"usr_role": 1}, schema)
    assert problem.message == "unknown key `usr_role`"
    assert problem.hint == "did you mean `user_role`?"
    assert problem.at_key


def test_nothing_alike_brings_no_hint() -> None:
    assert did_you_mean("zzz", ["user_role"]) is None
