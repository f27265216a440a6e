from __future__ import annotations

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from adf_core import Turn
from adf_core.prompts import UnusableAnswer, answer_schema, read_answer

GOOD = {"conversations": [{"user": "Hi {you}", "assistant": "Hello"}, {"user": "Bye", "assistant": 'Bye "x"'}]}
TURNS = (Turn("Hi {you}", "Hello"), Turn("Bye", 'Bye "x"'))
TEXT = json.dumps(GOOD)


@pytest.mark.parametrize(
    "text",
    [
        TEXT,
        f"```json\n{TEXT}\n```",
        f"Here you are:\n{TEXT}\nI hope this helps!",
        f"As {{requested}}: {TEXT} {{done}}",
        TEXT.replace('"Hello"', '"Hel\nlo"').replace("Hel\nlo", "Hello"),
        TEXT[:-1],
        TEXT.replace("}]}", "},]}"),
        json.dumps(GOOD, indent=2),
    ],
)
def test_the_conversation_is_found_in_fenced_chatty_and_slightly_broken_answers(text: str) -> None:
    assert read_answer(text, "stop", "conversation").turns == TURNS


def test_raw_line_breaks_inside_strings_are_kept() -> None:
    answer = read_answer('{"conversation": {"user": "a\nb", "assistant": "c\td"}}', "stop", "instruct")
    assert answer.turns == (Turn("a\nb", "c\td"),)


def test_an_answer_cut_off_by_its_limit_is_never_repaired() -> None:
    with pytest.raises(UnusableAnswer, match="cut off"):
        read_answer(TEXT[:-1], "length", "conversation")
    with pytest.raises(UnusableAnswer, match="cut off"):
        read_answer(TEXT, "length", "conversation")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "no JSON object"),
        ("I cannot do that.", "no JSON object"),
        ("[1, 2]", "no JSON object"),
        ("{}", "lacks the key `conversations`"),
        ('{"conversation": {"user": "a", "assistant": "b"}}', "lacks the key `conversations`"),
        ('{"conversations": []}', "has no turn"),
        ('{"conversations": {"user": "a"}}', "must be a list"),
        ('{"conversations": ["a"]}', "turn 1"),
        ('{"conversations": [{"user": "a", "assistant": "b"}, {"user": "a"}]}', "turn 2 of `conversations` needs"),
        ('{"conversations": [{"user": "a", "assistant": null}]}', "`assistant`"),
    ],
)
def test_an_answer_without_a_conversation_is_told_why(text: str, reason: str) -> None:
    with pytest.raises(UnusableAnswer) as caught:
        read_answer(text, "stop", "conversation")
    assert reason in str(caught.value)


def test_keys_beyond_the_asked_ones_are_left_for_validators() -> None:
    text = '{"conversations": [{"user": "a", "assistant": "b", "mood": "c"}]}'
    answer = read_answer(text, "stop", "conversation")
    assert answer.turns == (Turn("a", "b"),)
    assert answer.data["conversations"][0]["mood"] == "c"


@given(st.text(alphabet='{}[]":,abc\\\n ', max_size=200) | st.text(max_size=60))
def test_no_text_makes_anything_but_a_conversation_or_a_reason(text: str) -> None:
    try:
        answer = read_answer(text, "stop", "conversation")
    except UnusableAnswer as error:
        assert str(error)
    else:
        assert answer.turns


@pytest.mark.parametrize("hostile", ["{" * 100_000, '{"a":' * 20_000, "[{" * 50_000, '{"' * 50_000, "}" * 9 + "{" * 9])
def test_hostile_text_is_refused(hostile: str) -> None:
    with pytest.raises(UnusableAnswer):
        read_answer(hostile, "stop", "conversation")


turn = st.builds(Turn, st.text(min_size=1), st.text(min_size=1))


@given(st.lists(turn, min_size=1, max_size=4))
def test_what_is_asked_for_is_what_is_read(turns: list[Turn]) -> None:
    data = {"conversations": [turn.to_dict() for turn in turns]}
    Draft202012Validator(answer_schema("conversation", 1, 4)).validate(data)
    assert read_answer(json.dumps(data), "stop", "conversation").turns == tuple(turns)


def test_the_schema_bounds_the_turns() -> None:
    validator = Draft202012Validator(answer_schema("conversation", 2, 3))
    one = {"user": "a", "assistant": "b"}
    assert [validator.is_valid({"conversations": [one] * n}) for n in range(1, 5)] == [False, True, True, False]
