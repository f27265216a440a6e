import asyncio
import json
import subprocess
import sys
from dataclasses import dataclass, replace

import pytest
from adf_schema import Schema, register_validators
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator

from adf_core import Candidate, Turn, UsageError

HELLO = {"user": "My chain slips.", "assistant": "Let us look at the cassette."}


@dataclass(frozen=True)
class Context:
    """The part of a ValidationContext that this validator looks at."""

    min_turns: int = 1
    max_turns: int | None = None


def candidate(answer, type="conversation"):
    """An answer as the engine hands it over: with the turns it holds, where it holds any."""
    found = [answer.get("conversation")] if type == "instruct" else answer.get("conversations")
    try:
        turns = tuple(Turn(turn["user"], turn["assistant"]) for turn in found)
    except (TypeError, KeyError):
        turns = ()
    return Candidate(
        key="k",
        stage="seed",
        type=type,
        category="bicycles",
        direction="general",
        seed="k",
        turns=turns,
        answer=answer,
        provider="llama",
        model="small",
    )


async def judge(answer, type="conversation", fewest=1, most=None, **options):
    async with Schema(**options) as validator:
        return await validator.validate(candidate(answer, type), Context(fewest, most))


async def reason(answer, type="conversation", **bounds):
    verdict = await judge(answer, type, **bounds)
    return verdict.reason if verdict.decision == "reject" else None


def test_the_plugin_registers_one_validator_named_schema():
    registered = []
    register_validators(registered.append)
    assert [(validator.name, validator.scope) for validator in registered] == [("schema", "record")]


async def test_an_answer_of_the_shape_is_accepted():
    assert (await judge({"conversations": [HELLO, HELLO]})).decision == "accept"
    assert (await judge({"conversation": HELLO}, "instruct")).decision == "accept"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"conversations": [HELLO, {**HELLO, "emotion": "sad"}]}, "turn 2 has the extra key `emotion`"),
        (
            {"conversations": [{"user": "Hi", "bot": "Hello"}]},
            "turn 1 lacks the key `assistant` and has the extra key `bot`",
        ),
        ({"conversations": [{}]}, "turn 1 lacks the keys `user`, `assistant`"),
        ({"conversations": [HELLO], "title": "Chains"}, "the answer has the extra key `title`"),
        ({"conversations": [HELLO, "Bye"]}, "turn 2 must be an object with the keys `user` and `assistant`"),
        ({"conversations": [{**HELLO, "assistant": 7}]}, "`assistant` must be text in turn 1"),
        ({"conversations": [{**HELLO, "user": "  \n\t"}]}, "`user` is empty in turn 1"),
        ({"conversations": []}, "there is no turn"),
        ({"conversations": HELLO}, "`conversations` must be a list of turns"),
        ({"conversation": HELLO}, "the answer lacks the key `conversations` and has the extra key `conversation`"),
        ({}, "the answer lacks the key `conversations`"),
    ],
)
async def test_what_is_wrong_with_a_conversation_is_told_in_words(answer, told):
    verdict = await judge(answer)
    assert (verdict.decision, verdict.reason) == ("reject", told)
    assert verdict.feedback is None, "the reason is what the model is told"


@pytest.mark.parametrize(
    ("answer", "told"),
    [
        ({"conversations": [HELLO]}, "the answer lacks the key `conversation` and has the extra key `conversations`"),
        ({"conversation": [HELLO]}, "`conversation` must be an object with the keys `user` and `assistant`"),
        ({"conversation": {**HELLO, "mood": "calm"}}, "`conversation` has the extra key `mood`"),
        ({"conversation": {**HELLO, "user": None}}, "`user` must be text in `conversation`"),
        ({"conversation": {**HELLO, "assistant": ""}}, "`assistant` is empty"),
    ],
)
async def test_what_is_wrong_with_a_single_exchange_is_told_in_words(answer, told):
    assert await reason(answer, "instruct") == told


async def test_the_number_of_turns_stays_within_its_bounds():
    two = {"conversations": [HELLO, HELLO]}
    assert await reason(two, fewest=2, most=2) is None
    assert await reason(two, fewest=3) == "there are too few turns: 2, where at least 3 are wanted"
    assert await reason(two, most=1) == "there are too many turns: 2, where at most 1 is wanted"


async def test_bounds_of_turns_do_not_apply_to_a_single_exchange():
    assert await reason({"conversation": HELLO}, "instruct", fewest=2) is None


async def test_turns_that_an_earlier_validator_emptied_are_refused():
    revised = replace(candidate({"conversations": [HELLO]}), turns=(Turn("Hi", " "),))
    async with Schema() as validator:
        verdict = await validator.validate(revised, Context())
    assert verdict.reason == "`assistant` is empty in turn 1"


async def test_a_key_that_a_model_made_up_cannot_spoil_the_reason():
    told = await reason({"conversations": [{**HELLO, "\x1b[31m\ud800" + "é" * 500: ""}]})
    assert told.startswith(r"turn 1 has the extra key `\x1b[31m\ud800éé") and len(told) < 100
    told = await reason({"conversations": [{**HELLO, **{str(number): "" for number in range(1000)}}]})
    assert told == "turn 1 has the extra keys `0`, `1`, `2` and 997 more"


# --- the hand-written check says what jsonschema says ---------------------------------------------------------------


def equivalent(type, fewest, most):
    text = {"type": "string", "pattern": r"\S"}
    turn = {
        "type": "object",
        "properties": {"user": text, "assistant": text},
        "required": ["user", "assistant"],
        "additionalProperties": False,
    }
    if type == "instruct":
        key, value = "conversation", turn
    else:
        key, value = "conversations", {"type": "array", "items": turn, "minItems": fewest}
        if most is not None:
            value["maxItems"] = most
    return {"type": "object", "properties": {key: value}, "required": [key], "additionalProperties": False}


blanks = st.text(st.characters(categories=["Zs", "Zl", "Zp", "Cc", "Cf"]), max_size=3)
texts = st.one_of(st.text(max_size=5), blanks, st.sampled_from(["Hi", "\ud800", "\x1f", "\u200b", "\xa0"]))
junk = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | texts,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(st.text(max_size=3), inner, max_size=2),
    max_leaves=4,
)
good_turns = st.builds(lambda user, assistant: {"user": f"{user}.", "assistant": f"{assistant}."}, texts, texts)
near_turns = st.dictionaries(st.sampled_from(["user", "assistant", "User", ""]), texts | junk, max_size=3)
turns = st.one_of(good_turns, near_turns, st.fixed_dictionaries({"user": texts | junk, "assistant": texts | junk}))
near_answers = st.dictionaries(
    st.sampled_from(["conversations", "conversation", "title"]),
    st.one_of(st.lists(good_turns, max_size=4), st.lists(turns, max_size=4), turns, junk),
    max_size=2,
)
answers = st.one_of(
    st.builds(lambda turns: {"conversations": turns}, st.lists(good_turns, max_size=5)),
    st.builds(lambda turns: {"conversations": turns}, st.lists(turns | junk, max_size=2)),
    st.builds(lambda turn: {"conversation": turn}, turns),
    st.builds(lambda value: {"conversations": value}, junk),
    near_answers,
)


@settings(deadline=None, max_examples=300)
@given(
    answer=answers,
    type=st.sampled_from(["conversation", "instruct"]),
    fewest=st.integers(1, 3),
    most=st.none() | st.integers(1, 4),
)
def test_the_fixed_check_agrees_with_the_equivalent_json_schema(answer, type, fewest, most):
    allowed = Draft202012Validator(equivalent(type, fewest, most)).is_valid(answer)
    verdict = asyncio.run(judge(answer, type, fewest, most))
    assert (verdict.decision == "accept") == allowed, verdict.reason


# --- a schema of the user's own -------------------------------------------------------------------------------------

WITH_EMOTION = {
    "type": "object",
    "required": ["conversations"],
    "properties": {"conversations": {"type": "array", "items": {"$ref": "#/$defs/turn"}}},
    "$defs": {
        "turn": {"required": ["user", "assistant", "emotion"], "properties": {"emotion": {"enum": ["sad", "glad"]}}}
    },
}


async def test_a_schema_of_ones_own_replaces_the_fixed_keys():
    glad = {"conversations": [{**HELLO, "emotion": "glad"}], "title": "Chains"}
    assert (await judge(glad, schema=WITH_EMOTION)).decision == "accept"
    verdict = await judge({"conversations": [HELLO]}, schema=WITH_EMOTION)
    assert verdict.reason == "`conversations[0]` is not as the schema asks: 'emotion' is a required property"
    verdict = await judge({"conversations": [{**HELLO, "emotion": "cross"}]}, schema=WITH_EMOTION)
    assert verdict.reason.startswith("`conversations[0].emotion` is not as the schema asks: 'cross' is not one of")


async def test_a_schema_can_come_from_a_file(tmp_path):
    file = tmp_path / "answer.schema.json"
    file.write_text(json.dumps(WITH_EMOTION))
    verdict = await judge({"conversations": [HELLO]}, schema_file=str(file))
    assert verdict.decision == "reject" and "emotion" in verdict.reason


async def test_what_a_schema_file_says_is_an_option_so_that_editing_it_changes_the_setup(tmp_path):
    file = tmp_path / "answer.schema.json"
    file.write_text(json.dumps(WITH_EMOTION))
    validator = Schema(schema_file=str(file))
    async with validator:
        assert validator.schema == WITH_EMOTION
    file.write_text("{}")
    async with validator:
        assert validator.schema == {}


async def test_with_a_schema_of_ones_own_turns_are_still_counted_and_not_empty():
    anything = {"schema": {}}
    assert (await judge({"conversations": [{**HELLO, "user": " "}]}, **anything)).reason == "`user` is empty in turn 1"
    assert "too few" in (await judge({"conversations": [HELLO]}, fewest=2, **anything)).reason
    assert (await judge({"conversations": []}, **anything)).reason == "there is no turn"


async def test_a_key_in_a_place_cannot_spoil_the_reason_either():
    verdict = await judge({"conversations": [], "\ud800\x1b": 1}, schema={"additionalProperties": {"type": "array"}})
    assert r"\ud800\x1b" in verdict.reason and verdict.reason.isprintable()


async def test_a_long_value_does_not_fill_the_reason():
    verdict = await judge({"conversations": [HELLO] * 500}, schema={"properties": {"conversations": {"maxItems": 3}}})
    assert (
        verdict.decision == "reject"
        and len(verdict.reason) < 400
        and verdict.reason.endswith("is too long (maxItems: 3)")
    )


@pytest.mark.parametrize(
    ("schema", "told"),
    [
        ({"type": "strin"}, "is not a valid JSON Schema at `type`"),
        ({"properties": {"user": {"pattern": "("}}}, "is not a valid JSON Schema at `properties.user.pattern`"),
        ({"properties": {"title": {"$ref": "#/$defs/title"}}}, "has a reference that leads nowhere"),
        ({"$ref": "https://example.org/turns.json"}, "has a reference that leads nowhere"),
        ({"$schema": "http://json-schema.org/draft-07/schema#"}, "is written for `http://json-schema.org/draft-07"),
    ],
)
async def test_an_invalid_schema_is_the_users_mistake_before_anything_is_judged(schema, told):
    with pytest.raises(UsageError) as caught:
        async with Schema(schema=schema):
            pass
    assert str(caught.value).startswith(f"The option `schema` of the validator `schema` {told}")


async def test_a_schema_that_refers_to_itself_without_end_is_the_users_mistake():
    with pytest.raises(UsageError, match="cannot be followed to its end"):
        await judge({"conversations": [HELLO]}, schema={"$ref": "#"})


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (None, "cannot be read: No such file or directory"),
        (b'{"type": "object",\n}', r":2:1: the schema file is not JSON"),
        (b"\xff\xfe", "is not UTF-8 text"),
        (b'["object"]', "must be a mapping"),
    ],
)
async def test_an_unusable_schema_file_is_the_users_mistake(tmp_path, content, told):
    file = tmp_path / "answer.schema.json"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(UsageError, match=told) as caught:
        await judge({}, schema_file=str(file))
    assert str(file) in str(caught.value)


async def test_a_schema_and_a_file_together_are_refused():
    with pytest.raises(UsageError, match="not both"):
        await judge({}, schema={}, schema_file="answer.schema.json")


def test_jsonschema_is_not_imported_for_the_fixed_shape():
    program = """
import asyncio, sys
from adf_schema import Schema
async def open_it():
    async with Schema():
        pass
asyncio.run(open_it())
sys.exit("jsonschema" in sys.modules)
"""
    assert subprocess.run([sys.executable, "-c", program], check=False).returncode == 0
