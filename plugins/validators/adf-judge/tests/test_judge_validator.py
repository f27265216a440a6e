"""The validator before a judge that the test plays."""

from __future__ import annotations

import asyncio
import doctest
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

import adf_judge.rubric
import pytest
from adf_judge import Judge, register_validators
from adf_judge.panel import QUESTIONS

from adf_core import Candidate, ContentBlocked, InvalidRequest, Request, Response, Turn, Undecided, UsageError

HELLO = Turn("My suitcase is gone.", "I am sorry to hear that. What does it look like?")
GOOD = {"reason": "Fine.", "natural": 4, "helpful": 5, "safe": 5}
DULL = {"reason": "Both sound like a form.", "natural": 2, "helpful": 4, "safe": 5}
SCENARIO = {"GUEST.mood": "angry", "GUEST.nights": "1..3"}
FOUND = {**GOOD, "value_1": "found", "value_2": "not_contradicted"}
DENIED = {**GOOD, "reason": "He is calm.", "value_1": "contradicted", "value_2": "found"}
CANDIDATE = Candidate(
    key="k",
    stage="seed",
    type="conversation",
    category="hotel reception",
    direction="plain",
    seed="k",
    turns=(HELLO,),
    provider="openai",
    model="m",
)
SCENE = replace(CANDIDATE, scenario=SCENARIO)


@dataclass
class Context:
    """A ValidationContext whose nth request is answered by the test: with a Response, a dict, a text or an error."""

    answers: Sequence[Any]
    category: str = "hotel reception"
    user_role: str = "GUEST"
    assistant_role: str = "RECEPTIONIST"
    stated: Mapping[str, str] = field(default_factory=dict)
    requests: list[Request] = field(default_factory=list)
    providers: list[Any] = field(default_factory=list)
    most_at_once: int = 0
    at_once: int = 0

    async def ask(self, request: Request, provider: Any = None) -> Response:
        self.requests.append(request)
        self.providers.append(provider)
        answer = self.answers[(len(self.requests) - 1) % len(self.answers)]
        self.at_once += 1
        self.most_at_once = max(self.most_at_once, self.at_once)
        await asyncio.sleep(0)
        self.at_once -= 1
        if isinstance(answer, Exception):
            raise answer
        if isinstance(answer, Response):
            return answer
        return Response(answer if isinstance(answer, str) else json.dumps(answer))


async def judge(*answers: Any, candidate: Candidate = CANDIDATE, **options: Any):
    async with Judge(**options) as validator:
        return await validator.validate(candidate, Context(answers))


def test_the_plugin_registers_one_record_validator_that_asks() -> None:
    registered: list[Any] = []
    register_validators(registered.append)
    assert [(each.name, each.scope, each.asks, each.cpu_heavy) for each in registered] == [
        ("judge", "record", True, False)
    ]


def test_the_examples_in_docstrings_are_true() -> None:
    assert doctest.testmod(adf_judge.rubric).failed == 0


# --- one judge -----------------------------------------------------------------------------------------------------


async def test_what_is_good_enough_is_accepted_with_its_scores() -> None:
    verdict = await judge(GOOD)
    assert verdict.decision == "accept"
    assert verdict.scores == {"overall": 4.67, "natural": 4, "helpful": 5, "safe": 5}
    assert verdict.confirmed is None, "there was nothing to look for"


async def test_one_low_score_is_not_made_up_for_by_others() -> None:
    verdict = await judge(DULL)
    assert (verdict.decision, verdict.reason) == ("reject", "scored below 3 of 5: natural 2")
    assert verdict.feedback.startswith("scored below 3 of 5: natural 2 (it reads like two real people talking;")
    assert verdict.feedback.endswith("In the words of the judge: Both sound like a form.")
    assert verdict.scores["overall"] == 3.67


@pytest.mark.parametrize(("threshold", "decision"), [(1, "accept"), (2, "accept"), (3, "reject"), (5, "reject")])
async def test_the_threshold_is_the_least_score_that_passes(threshold: int, decision: str) -> None:
    assert (await judge(DULL, threshold=threshold)).decision == decision


async def test_values_that_were_found_are_confirmed_and_those_that_were_not_stay_unconfirmed() -> None:
    verdict = await judge(FOUND, candidate=SCENE)
    assert (verdict.decision, verdict.confirmed) == ("accept", ("GUEST.mood",))


async def test_a_contradicted_value_is_rejected_by_name_and_value_whatever_the_scores() -> None:
    verdict = await judge(DENIED, candidate=SCENE, threshold=1)
    assert (verdict.decision, verdict.reason) == ("reject", "the text contradicts that GUEST.mood is angry")
    assert verdict.feedback == f"{verdict.reason}. In the words of the judge: He is calm."


async def test_a_rubric_of_ones_own_takes_the_place_of_the_usual_one() -> None:
    context = Context([{"reason": "", "polite": 5, "brief": 2}])
    async with Judge(criteria={"polite": "Both stay polite.", "brief": "No answer is\nlong."}) as validator:
        verdict = await validator.validate(CANDIDATE, context)
    (request,) = context.requests
    assert "- polite: Both stay polite.\n- brief: No answer is long." in request.prompt
    assert "natural" not in request.prompt
    assert list(request.json_schema["properties"]) == ["reason", "polite", "brief"]
    assert verdict.reason == "scored below 3 of 5: brief 2"
    assert verdict.feedback == "scored below 3 of 5: brief 2 (No answer is long.)"


async def test_a_list_names_usual_criteria_or_such_as_need_no_words() -> None:
    context = Context([{"reason": "", "safe": 5, "polite": 5}])
    async with Judge(criteria=["safe", "polite"]) as validator:
        assert (await validator.validate(CANDIDATE, context)).decision == "accept"
    assert "- safe: nothing in it" in context.requests[0].prompt
    assert "\n- polite\n" in context.requests[0].prompt


async def test_the_request_is_cold_short_and_for_the_judges_own_provider() -> None:
    context = Context([GOOD])
    chosen = {"name": "openai", "model": "referee"}
    async with Judge(provider=chosen, max_tokens=300) as validator:
        await validator.validate(CANDIDATE, context)
    (request,) = context.requests
    assert (request.temperature, request.max_tokens, context.providers) == (0.0, 300, [chosen])


# --- nonsense ------------------------------------------------------------------------------------------------------


async def test_nonsense_is_asked_about_again_with_another_seed_and_some_heat() -> None:
    context = Context(["I like it!", {**GOOD, "safe": 7}, GOOD])
    async with Judge() as validator:
        assert (await validator.validate(CANDIDATE, context)).decision == "accept"
    assert len({request.seed for request in context.requests}) == 3
    assert [request.temperature > 0 for request in context.requests] == [False, True, True]
    assert len({request.prompt for request in context.requests}) == 1


@pytest.mark.parametrize(
    ("answer", "why"),
    [
        ("I like it!", "it has no JSON object"),
        (Response(json.dumps(GOOD), "length"), "it was cut off by the token limit"),
        (ContentBlocked("The provider refused to answer."), "The provider refused to answer"),
    ],
)
async def test_nothing_but_nonsense_is_undecided_with_a_sentence_that_says_why(answer: Any, why: str) -> None:
    context = Context([answer])
    async with Judge(threshold=1) as validator:
        with pytest.raises(Undecided) as raised:
            await validator.validate(CANDIDATE, context)
    assert str(raised.value) == (
        f"The judge gave no usable judgement, though asked {QUESTIONS} times: {why} (the last answer; all are in the "
        "journal)."
    )
    assert len(context.requests) == QUESTIONS


# --- several judges ------------------------------------------------------------------------------------------------


async def test_judges_are_asked_side_by_side_each_with_a_seed_of_its_own() -> None:
    context = Context([GOOD])
    async with Judge(agreement=5) as validator:
        await validator.validate(CANDIDATE, context)
    seeds = [request.seed for request in context.requests]
    assert (len(set(seeds)), context.most_at_once) == (5, 5)
    assert all(0 <= seed < 2**31 for seed in seeds)
    assert all(request.temperature > 0 for request in context.requests)


async def test_seeds_are_the_same_for_the_same_attempt_and_others_for_another() -> None:
    async def seeds(candidate: Candidate) -> list[int | None]:
        context = Context([GOOD])
        async with Judge(agreement=2) as validator:
            await validator.validate(candidate, context)
        return [request.seed for request in context.requests]

    first, again = await seeds(CANDIDATE), await seeds(CANDIDATE)
    assert first == again
    assert not set(first) & set(await seeds(replace(CANDIDATE, attempt=2)))
    assert not set(first) & set(await seeds(replace(CANDIDATE, key="l")))


@pytest.mark.parametrize(
    ("votes", "decision"),
    [
        ([GOOD, GOOD, DULL], "accept"),
        ([DULL, GOOD, DULL], "reject"),
        ([GOOD, DULL], "reject"),
        ([GOOD, GOOD, DULL, DULL], "reject"),
        ([GOOD, GOOD, GOOD, DULL], "accept"),
    ],
    ids=["two of three", "one of three", "one of two", "two of four", "three of four"],
)
async def test_more_than_half_of_the_judges_accept_and_a_tie_is_a_rejection(votes: list[Any], decision: str) -> None:
    assert (await judge(*votes, agreement=len(votes))).decision == decision


async def test_scores_are_means_and_a_rejection_shows_those_of_each_judge() -> None:
    verdict = await judge(GOOD, DULL, {**DULL, "natural": 1, "reason": "It is a list."}, agreement=3)
    assert verdict.scores == {"overall": 3.89, "natural": 2.33, "helpful": 4.33, "safe": 5}
    assert verdict.reason == "scored below 3 of 5: natural 4/2/1"
    assert verdict.feedback.endswith("In the words of the judge: Both sound like a form. / It is a list.")


async def test_a_factor_is_confirmed_where_more_than_half_of_the_judges_found_it() -> None:
    missed = {**FOUND, "value_1": "not_contradicted", "value_2": "found"}
    assert (await judge(FOUND, FOUND, missed, candidate=SCENE, agreement=3)).confirmed == ("GUEST.mood",)
    assert (await judge(FOUND, missed, candidate=SCENE, agreement=2)).confirmed == ()
    assert (await judge(FOUND, FOUND, DENIED, candidate=SCENE, agreement=3)).confirmed == ("GUEST.mood",)


@pytest.mark.parametrize(
    ("others", "decision"), [((GOOD, GOOD), "accept"), ((DULL, DULL), "reject"), ((GOOD, DULL), "undecided")]
)
async def test_a_judge_that_talks_nonsense_matters_only_where_it_could_have_turned_the_vote(
    others: tuple[Any, Any], decision: str
) -> None:
    answers = ["I like it!", *others, *(["I like it!"] * (QUESTIONS - 1))]
    if decision == "undecided":
        with pytest.raises(Undecided, match=r"^1 of 3 judges gave no usable judgement"):
            await judge(*answers, agreement=3)
    else:
        assert (await judge(*answers, agreement=3)).decision == decision


async def test_an_error_of_one_vote_leaves_the_others_their_answers_and_then_goes_its_way() -> None:
    context = Context([InvalidRequest("too long"), GOOD, GOOD])
    async with Judge(agreement=3) as validator:
        with pytest.raises(InvalidRequest):
            await validator.validate(CANDIDATE, context)
    assert (len(context.requests), context.at_once) == (3, 0)


# --- bad rubrics ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("criteria", "told"),
    [
        ({"polite": " \n"}, "The criterion `polite` of the validator `judge` does not say what it asks"),
        ({"so polite": "Both stay polite."}, "`so polite` cannot be the name of a criterion"),
        (["both stay polite"], "`both stay polite` cannot be the name of a criterion"),
        ({"overall": "All in all."}, "The criterion `overall` of the validator `judge` needs another name"),
        (["value_1"], "The criterion `value_1` of the validator `judge` needs another name"),
    ],
)
def test_a_rubric_that_cannot_be_asked_for_is_told_in_a_sentence(criteria: Any, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        Judge(criteria=criteria)
