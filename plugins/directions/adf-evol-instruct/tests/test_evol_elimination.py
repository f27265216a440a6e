import json
import re
import subprocess
import sys
from dataclasses import dataclass

import pytest
from adf_evol_instruct import register_validators
from adf_evol_instruct.directions import DIRECTIONS
from adf_evol_instruct.elimination import Elimination
from adf_evol_instruct.words import ENGLISH_STOP_WORDS, phrase_pattern, words
from hypothesis import given
from hypothesis import strategies as st

from adf_core import Candidate, DirectionContext, Turn
from adf_core.testing import OpenAIServer, make_project
from adf_core.testing.openai_server import prompt

SHOWN = (
    Turn(
        "My suitcase has not arrived, can you help me?",
        "I am sorry to hear that. Tell me the flight number and I call the airline at once.",
    ),
)
GOOD = Turn(
    "It must reach me before seven tomorrow, since I leave for Oslo by ferry and cannot pay a courier.",
    "Then I ask the airline to send it straight to the ferry terminal; their van starts at five and costs nothing.",
)
IN_DEPTH = [direction.name for direction in DIRECTIONS if direction.continues]


@dataclass(frozen=True)
class Context:
    """The part of a ValidationContext that this validator looks at."""

    category: str = "hotel reception"
    user_role: str = "GUEST"
    assistant_role: str = "RECEPTIONIST"
    diagram: str = "erDiagram"


def candidate(*turns, direction="add-constraints", shown=SHOWN, type="conversation", round=1):
    return Candidate(
        key="k",
        stage="derivation" if shown else "seed",
        type=type,
        category="hotel reception",
        direction=direction,
        seed="k",
        round=round,
        shown=shown,
        prefix=() if type == "instruct" or direction == "in-breadth" else shown,
        turns=turns,
        provider="llama",
        model="small",
    )


async def judge(*turns, options=None, context=None, **about):
    async with Elimination(**(options or {})) as validator:
        return await validator.validate(candidate(*turns, **about), context or Context())


async def rule(*turns, **about):
    """The name of the rule that refused, or None."""
    verdict = await judge(*turns, **about)
    if verdict.decision == "accept":
        return None
    assert verdict.feedback
    return verdict.reason.partition(":")[0]


def answer(text):
    return Turn(GOOD.user, text)


def test_the_plugin_registers_one_cheap_validator_of_records():
    registered = []
    register_validators(registered.append)
    [found] = registered
    assert (found.name, found.scope, found.asks, found.cpu_heavy) == ("evol-elimination", "record", False, False)


@pytest.mark.parametrize("type", ["conversation", "instruct"])
@pytest.mark.parametrize("direction", [direction.name for direction in DIRECTIONS])
async def test_an_evolution_that_brings_something_is_accepted(direction, type):
    assert await rule(GOOD, direction=direction, type=type) is None


# --- nothing new ---------------------------------------------------------------------------------------------------


async def test_a_user_who_repeats_what_was_said_brings_nothing_new():
    verdict = await judge(Turn(SHOWN[0].user, GOOD.assistant))
    assert verdict.reason == "nothing-new: the GUEST says no new word beside those shown (at least 3 wanted)"
    assert verdict.feedback == "what the GUEST says must bring something that was not said before, and not repeat it"


async def test_an_answer_that_is_said_again_is_nothing_new_either():
    verdict = await judge(Turn(GOOD.user, SHOWN[0].assistant.replace("flight", "ticket")))
    assert verdict.reason == "nothing-new: the RECEPTIONIST says only 1 new word beside those shown (at least 3 wanted)"


async def test_what_the_user_takes_from_the_answer_is_not_new():
    assert await rule(Turn("So you call the airline, tell the flight number?", GOOD.assistant)) == "nothing-new"


async def test_new_words_are_counted_over_all_turns_together():
    short = Turn("And the ferry to Oslo?", "It is reached in time.")
    assert await rule(GOOD, short) is None
    assert await rule(short, short) == "nothing-new"


async def test_a_seed_has_nothing_to_be_compared_with():
    assert await rule(SHOWN[0], shown=(), options={"every_direction": True}) is None


@pytest.mark.parametrize("direction", IN_DEPTH)
async def test_a_request_with_one_more_condition_is_new_but_no_new_matter(direction):
    more = Turn(f"{SHOWN[0].user} It must reach the Oslo ferry tomorrow.", GOOD.assistant)
    assert await rule(more, direction=direction, type="instruct") is None


async def test_a_variant_of_the_example_is_not_in_breadth():
    told = "My suitcase flew by Zurich with Lena on a dark, wet and rainy Friday night but never arrived; please trace"
    variant = Turn(f"{told} its blue medicine box.", GOOD.assistant)
    shown = (Turn(f"{told} it.", "Oh dear."),)
    verdict = await judge(variant, direction="in-breadth", shown=shown)
    assert verdict.reason == "nothing-new: 81% of the words of the GUEST are among those shown (at most 80% wanted)"
    assert await rule(variant, direction="in-breadth", shown=shown, options={"overlap": 0.9}) is None
    assert await rule(variant, direction="add-constraints", shown=shown) is None


TEXT = st.text(st.characters(categories=("L", "N", "P", "Zs")), max_size=60)
TURNS = st.lists(st.builds(Turn, TEXT, TEXT), min_size=1, max_size=3).map(tuple)


@given(turns=TURNS, data=st.data())
async def test_whoever_says_only_what_was_shown_is_refused(turns, data):
    said = data.draw(st.permutations(turns))
    assert await rule(*said, shown=turns)


@given(turns=TURNS, shown=TURNS, fewer=st.integers(0, 5), more=st.integers(0, 5))
async def test_who_wants_more_new_words_refuses_no_less(turns, shown, fewer, more):
    if await rule(*turns, shown=shown, options={"new_words": fewer}):
        assert await rule(*turns, shown=shown, options={"new_words": fewer + more})


@given(turns=TURNS, shown=TURNS, direction=st.sampled_from(["in-breadth", "deepen"]))
async def test_no_text_makes_it_fail(turns, shown, direction):
    assert (await judge(*turns, shown=shown, direction=direction)).decision in ("accept", "reject")


async def test_characters_without_spaces_between_words_are_counted_one_by_one():
    shown = (Turn("我的行李没有到。", "请告诉我航班号。"),)
    assert await rule(Turn("明天七点以前必须送来。", "我请航空公司直接送到码头。"), shown=shown) is None
    assert await rule(Turn("我的行李没有到！", "我请航空公司直接送到码头。"), shown=shown) == "nothing-new"


# --- refusal -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "text",
    [
        "I'm sorry, but I can’t do that for a ferry terminal.",
        "Sorry - I CANNOT reach any van before seven.",
        "As an AI, I have no van and no terminal.",
        "Regrettably we are unable to help with ferries, courier vans or terminals.",
    ],
)
async def test_a_short_refusal_is_refused(text):
    assert await rule(answer(text)) == "refusal"


async def test_who_is_sorry_to_hear_something_refuses_nothing():
    assert await rule(answer(f"I am so sorry to hear that. {GOOD.assistant}")) is None


async def test_with_the_papers_own_sign_every_short_answer_with_sorry_is_a_refusal():
    verdict = await judge(answer(f"I am so sorry to hear that. {GOOD.assistant}"), options={"refusal_signs": ["sorry"]})
    assert verdict.reason == "refusal: `assistant` of turn 1 says `sorry` and has only 28 words"
    assert verdict.feedback == (
        "`assistant` of turn 1 was a refusal; "
        "the GUEST must ask what the RECEPTIONIST can answer, and get a full answer"
    )


async def test_a_long_answer_may_begin_with_a_refusal():
    long = f"I'm sorry, but I can't promise seven. {'Their van may leave later. ' * 15}"
    assert len(words(long)) > 80
    assert await rule(answer(long)) is None
    assert await rule(answer(long), options={"refusal_words": 100}) == "refusal"


async def test_users_may_say_that_they_are_sorry_and_cannot():
    assert await rule(Turn(f"Sorry, but I can't wait. {GOOD.user}", GOOD.assistant)) is None


async def test_no_words_or_no_signs_switch_the_rule_off():
    refusal = answer("Sorry, I can't reach that ferry terminal.")
    assert await rule(refusal, options={"refusal_words": 0}) is None
    assert await rule(refusal, options={"refusal_signs": []}) is None


# --- no matter -----------------------------------------------------------------------------------------------------


@given(st.lists(st.sampled_from([*sorted(ENGLISH_STOP_WORDS), ",", "…", "?!", "—", "* * *"])).map(" ".join))
async def test_stop_words_and_punctuation_alone_are_no_answer(text):
    assert await rule(answer(text)) == "no-matter"
    assert await rule(answer(text.upper().replace("'", "’"))) == "no-matter"


async def test_one_turn_without_matter_is_one_too_many_and_is_named():
    verdict = await judge(GOOD, Turn("Will that be so?", "Yes, it will."))
    assert verdict.reason == "no-matter: `assistant` of turn 2 is nothing but stop words and punctuation"


async def test_an_exchange_has_no_turns_to_be_named():
    verdict = await judge(answer("Well, why not?"), type="instruct")
    assert verdict.reason == "no-matter: `assistant` is nothing but stop words and punctuation"


async def test_a_number_is_an_answer_and_users_may_say_little():
    assert await rule(GOOD, Turn("And then?", "42.")) is None


async def test_another_language_brings_its_own_stop_words():
    german = answer("Ja, das ist es nicht.")
    assert await rule(german, GOOD) is None
    assert await rule(german, GOOD, options={"stop_words": ["Ja", "das", "ist", "es", "nicht"]}) == "no-matter"
    assert await rule(answer("Yes, it will."), GOOD, options={"stop_words": []}) is None


# --- copied words --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "phrase", ["given prompt", "#The Given Prompt#", "Rewritten  Prompt:", "#Rewritten#", "#Created"]
)
@pytest.mark.parametrize("role", ["user", "assistant"])
async def test_words_of_evolving_prompts_are_refused_in_either_text(phrase, role):
    texts = {**GOOD.to_dict(), role: f"{phrase} {getattr(GOOD, role)}"}
    verdict = await judge(Turn(**texts))
    assert (
        verdict.reason.startswith("copied-words: `") and f"` in `{role}` of turn 1 is from a prompt" in verdict.reason
    )


async def test_words_that_only_look_alike_are_no_copy():
    assert await rule(answer(f"{GOOD.assistant} A prompt reply was given promptly.")) is None


async def test_phrases_of_ones_own_take_the_place_of_those_known():
    mine = {"copied_phrases": ["evolve this"]}
    assert await rule(answer(f"{GOOD.assistant} Evolve\nthis!"), options=mine) == "copied-words"
    assert await rule(answer(f"{GOOD.assistant} given prompt"), options=mine) is None


INSTRUCTIONS = [
    (direction.name, type, round, direction().instruction(context))
    for direction in DIRECTIONS
    for type in ("conversation", "instruct")
    for round in (1, 2, 3)
    for context in [
        DirectionContext(
            stage="derivation",
            type=type,
            category="hotel reception",
            user_role="GUEST",
            assistant_role="RECEPTIONIST",
            diagram="",
            round=round,
        )
    ]
]


@given(st.sampled_from(INSTRUCTIONS), st.data())
async def test_six_words_in_a_row_from_the_instruction_are_a_copy_and_five_are_not(about, data):
    direction, type, round, instruction = about
    said = words(instruction)
    start = data.draw(st.integers(0, len(said) - 6))
    for count, expected in ((6, "copied-words"), (5, None)):
        text = f"{GOOD.assistant} {', '.join(said[start : start + count])}. Farewell!"
        assert await rule(answer(text), direction=direction, type=type, round=round) == expected


async def test_the_name_of_the_domain_may_be_said_however_long_it_is():
    context = Context(category="tax returns of very small companies in Lower Bavaria and Austria")
    text = f"{GOOD.assistant} We know all about {context.category}."
    assert (await judge(answer(text), direction="in-breadth", context=context)).decision == "accept"


async def test_copied_runs_can_be_allowed():
    copy = answer(f"{GOOD.assistant} The guest sets one more condition that the help must meet.")
    assert await rule(copy) == "copied-words"
    assert await rule(copy, options={"copied_run": None}) is None


@given(st.lists(st.sampled_from(["given", "prompt", "can't"]), min_size=1, max_size=4), st.data())
def test_a_phrase_is_found_whatever_stands_between_its_words_but_other_words(phrase, data):
    between = st.text(" \n,.-*#", min_size=1, max_size=3)
    gaps = [data.draw(between) for _ in phrase[1:]]
    said = phrase[0] + "".join(gap + word for gap, word in zip(gaps, phrase[1:], strict=True))
    pattern = phrase_pattern([" ".join(phrase)])
    assert pattern.search(f"well, {said.upper().replace(chr(39), '’')}!")
    assert not pattern.search(f"a{said}") and not pattern.search(f"{said}s")


# --- which directions, and bounds ----------------------------------------------------------------------------------


async def test_other_directions_are_judged_only_if_asked():
    for direction in ("humorous", "my own words"):
        assert await rule(*SHOWN, direction=direction) is None
        assert await rule(*SHOWN, direction=direction, options={"every_direction": True}) == "nothing-new"


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("new_words", -1),
        ("new_words", 1001),
        ("overlap", 1.1),
        ("overlap", -0.1),
        ("refusal_words", -1),
        ("copied_run", 3),
        ("refusal_signs", [" "]),
        ("copied_phrases", [""]),
        ("every_direction", "often"),
        ("stop_words", 3),
    ],
)
def test_an_option_out_of_bounds_is_told_before_anything_is_asked(tmp_path, option, value):
    project = make_project(tmp_path, validators=["schema", {"name": "evol-elimination", option: value}])
    with OpenAIServer() as server:
        done = adf_run(project, server)
        assert server.count == 0
    assert done.returncode == 2
    assert option in done.stderr and "Traceback" not in done.stderr


# --- in a run ------------------------------------------------------------------------------------------------------


def adf_run(project, server):
    arguments = [sys.executable, "-m", "adf_core", "run", str(project), "--provider", "openai"]
    arguments += ["-o", f"base_url={server.url}", "-o", "api_key=k"]
    return subprocess.run(arguments, capture_output=True, text=True)


BAD = {
    "add-constraints": (SHOWN[0], "what the GUEST says must bring something that was not said before"),
    "deepen": (answer("I'm sorry, but I can't look behind that."), "was a refusal; the GUEST must ask what"),
    "concretise": (answer("That is just it!"), "said nothing of substance"),
    "in-breadth": (answer(f"#Rewritten Prompt#: {GOOD.assistant}"), "must not stand in what is said"),
}


def test_what_is_eliminated_is_asked_for_again_with_the_reason(tmp_path):
    project = make_project(
        tmp_path,
        seed_evolving_directions=["general"],
        derivational_evolving_directions=[*BAD, "humorous"],
        validators=["schema", "evol-elimination"],
        generation={"s_factor": 1, "d_factor": 1},
    )
    signs = {
        "one more condition": "add-constraints",
        "lies behind": "deepen",
        "particular": "concretise",
        "new, and": "in-breadth",
    }

    def model(body, nth):
        asked = prompt(body)
        style = re.search(r'style is "(.*)"', asked)[1]
        direction = next((name for sign, name in signs.items() if sign in style), style)
        again = "An earlier answer could not be used" in asked
        turn = GOOD if again else BAD[direction][0] if direction in BAD else SHOWN[0]
        return json.dumps({"conversations": [turn.to_dict()]})

    with OpenAIServer(model) as server:
        done = adf_run(project, server)
        prompts = [prompt(body) for body in server.requests]
    assert done.returncode == 0, done.stderr
    assert "6 of 6 conversations accepted" in done.stdout
    # A seed and a humorous derivation at once; each evolution in a second attempt.
    assert len(prompts) == 2 + 2 * len(BAD)
    for _, feedback in BAD.values():
        assert len([text for text in prompts if feedback in text]) == 1
    lines = (project / "out" / "dataset.jsonl").read_text("utf-8").splitlines()
    said = {record["metadata"]["direction"]: record["messages"][-1]["content"] for record in map(json.loads, lines)}
    assert {said[direction] for direction in BAD} == {GOOD.assistant}
