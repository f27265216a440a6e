from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, replace
from pathlib import Path
from typing import ClassVar

import pytest

from adf_core import (
    AdfError,
    AuthenticationFailed,
    Candidate,
    ContentBlocked,
    Direction,
    DirectionContext,
    InvalidRequest,
    Overloaded,
    Price,
    QuotaExhausted,
    RateLimited,
    Request,
    Response,
    Timeout,
    Turn,
    Unreachable,
    Usage,
    UsageError,
    ValidationContext,
    Validator,
    Verdict,
)
from adf_core.engine import retry, tuning
from adf_core.journal import FILE_NAME, JournalReader
from adf_core.testing import ScriptedProvider, answer_with


def provider(script, **attributes) -> type[ScriptedProvider]:
    """A provider with that script; ``asked`` collects the prompts of all its instances."""
    asked: list[Request] = []

    def remembering(request: Request, nth: int):
        asked.append(request)
        return script(request, nth)

    return type("Provider", (ScriptedProvider,), {"script": staticmethod(remembering), "asked": asked, **attributes})


def one_turn(request: Request, nth: int) -> str:
    return answer_with(Turn(f"question {len(request.prompt)}", f"answer {request.seed}"))


@pytest.fixture(autouse=True)
def no_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(retry, "FIRST_WAIT", 0.001)
    monkeypatch.setattr(retry, "LONGEST_WAIT", 0.001)


def reader(tmp_path: Path) -> JournalReader:
    return JournalReader(tmp_path / "out" / FILE_NAME)


def test_seeds_and_derivations_become_a_dataset(run, dataset, tmp_path: Path) -> None:
    summary = run(generation={"d_factor": 2})
    state = summary.state
    assert (summary.ended, summary.exit_status) == ("finished", 0)
    assert (state.planned, state.accepted) == (2 + 2 * 2 * 2 * 2, 18)
    records = dataset()
    assert Counter(record["metadata"]["stage"] for record in records) == {"seed": 2, "derivation": 16}
    for record in records[2:]:
        assert record["metadata"]["prefix_turns"] in (1, 2)
        parent = next(each for each in records if each["metadata"]["id"] == record["metadata"]["parent"])
        inherited = record["metadata"]["prefix_turns"] * 2
        assert record["messages"][:inherited] == parent["messages"][:inherited]
    assert len(json.loads((tmp_path / "out" / "outputs.json").read_text())) == 16


def test_a_second_run_has_nothing_to_do_and_writes_the_same_bytes(run, tmp_path: Path) -> None:
    run()
    before = {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.json*")}
    summary = run()
    assert summary.requests == 0
    assert {path.name: path.read_bytes() for path in (tmp_path / "out").glob("*.json*")} == before


def test_concurrency_does_not_change_a_byte(run, tmp_path: Path) -> None:
    slow = provider(one_turn, latency=0.005)
    for concurrency in (1, 16):
        run(slow, out=tmp_path / str(concurrency), options={"concurrency": concurrency})
    for name in ("dataset.jsonl", "outputs.json"):
        assert (tmp_path / "1" / name).read_bytes() == (tmp_path / "16" / name).read_bytes()


def test_no_more_requests_are_in_flight_than_allowed(run) -> None:
    most = []

    class Watching(ScriptedProvider):
        latency = 0.002

        async def __aexit__(self, *_: object) -> None:
            most.append(self.most_in_flight)

    run(Watching, options={"concurrency": 3})
    assert most == [3]


def test_an_unusable_answer_is_asked_for_again_with_the_reason(run, tmp_path: Path) -> None:
    def script(request: Request, nth: int) -> str | Response:
        if "earlier answer" not in request.prompt:
            return "Sure! Here is nothing."
        if "no JSON object" in request.prompt:
            return Response('{"conversations": [{"user": "a', "length")
        return one_turn(request, nth)

    chatty = provider(script)
    summary = run(chatty, derivational_evolving_directions=[])
    assert (summary.state.accepted, summary.requests) == (2, 6)
    first, second, third = [request for request in chatty.asked if '"plain"' in request.prompt]
    assert second.prompt.startswith(first.prompt)
    assert "it has no JSON object" in second.prompt
    assert "cut off by the token limit" in third.prompt
    assert len({request.seed for request in (first, second, third)}) == 3
    with reader(tmp_path) as journal:
        verdicts = journal.connection.execute("SELECT validator, decision FROM verdicts WHERE position = 0").fetchall()
    assert Counter(verdicts) == {("answer", "reject"): 4, ("schema", "accept"): 2}


def test_after_the_last_attempt_a_slot_is_rejected_and_stays_so(run) -> None:
    hopeless = provider(lambda request, nth: "no")
    summary = run(hopeless, generation={"attempts": 3})
    assert (summary.state.rejected, summary.requests, summary.exit_status) == (2, 6, 1)
    assert run(hopeless, generation={"attempts": 3}).requests == 0
    assert run(hopeless, generation={"attempts": 4}).requests == 2
    assert run(hopeless, generation={"attempts": 4}, options={"retry_rejected": True}).requests == 8


def test_failed_slots_are_asked_for_again_by_the_next_run(run) -> None:
    blocked = provider(lambda request, nth: (_ for _ in ()).throw(ContentBlocked("blocked by the provider")))
    summary = run(blocked)
    assert (summary.state.failed, summary.requests, summary.exit_status) == (2, 10, 1)
    assert run(blocked).requests == 10
    good = provider(one_turn)
    good.name = blocked.name
    summary = run(good)
    assert (summary.state.failed, summary.state.accepted) == (0, 2 + 2 * 2 * 4)


def raising(*errors: Exception):
    def script(request: Request, nth: int) -> str:
        if nth <= len(errors):
            raise errors[nth - 1]
        return one_turn(request, nth)

    return script


@pytest.mark.parametrize(
    "error", [RateLimited("slow down", retry_after=0.01), Overloaded("busy"), Timeout("late"), Unreachable("reset")]
)
def test_a_passing_fault_costs_a_try_and_no_attempt(run, tmp_path: Path, error: Exception) -> None:
    summary = run(provider(raising(error, error)), derivational_evolving_directions=[])
    assert (summary.state.accepted, summary.requests) == (2, 6)
    with reader(tmp_path) as journal:
        rows = journal.connection.execute("SELECT attempt, tries FROM answers").fetchall()
        sql = "SELECT attempt, try, error, message FROM faults ORDER BY slot, try"
        faults = journal.connection.execute(sql).fetchall()
    assert rows == [(1, 3), (1, 3)]
    assert faults == [(1, number, type(error).__name__, str(error)) for number in (1, 2)] * 2


def test_tries_are_bounded(run) -> None:
    busy = provider(raising(*[Overloaded("busy")] * 99))
    summary = run(busy, derivational_evolving_directions=[])
    assert (summary.state.failed, summary.requests) == (2, 2 * tuning.TRIES)
    assert run(provider(one_turn), derivational_evolving_directions=[]).state.accepted == 2


@pytest.mark.parametrize(
    ("error", "status"), [(AuthenticationFailed("the key is refused"), 2), (QuotaExhausted("no money left"), 1)]
)
def test_a_refused_key_or_an_empty_account_stops_the_run_at_once(run, error: Exception, status: int) -> None:
    summary = run(provider(raising(*[error] * 99)), generation={"s_factor": 50}, options={"concurrency": 2})
    assert (summary.ended, summary.why, summary.exit_status) == ("error", str(error), status)
    assert summary.requests <= 2
    assert summary.state.unspent == 100


def test_a_server_that_was_never_reached_stops_the_run_soon(run) -> None:
    summary = run(provider(raising(*[Unreachable("nobody listens at x")] * 99)), options={"concurrency": 1})
    assert (summary.ended, summary.exit_status) == ("error", 1)
    assert tuning.TRIES_UNSEEN <= summary.requests < 2 * tuning.TRIES_UNSEEN


def test_five_refused_requests_before_any_answer_stop_the_run(run) -> None:
    refusing = provider(raising(*[InvalidRequest("no such model")] * 99))
    summary = run(refusing, generation={"s_factor": 50}, options={"concurrency": 1})
    assert (summary.ended, summary.why) == ("error", "no such model")
    assert summary.requests == 5
    assert (summary.state.failed, summary.state.unspent) == (5, 95)


def test_a_refused_request_among_others_fails_its_slot_only(run) -> None:
    def script(request: Request, nth: int) -> str:
        if "wordy" in request.prompt:
            raise InvalidRequest("too long")
        return one_turn(request, nth)

    summary = run(provider(script), options={"concurrency": 1})
    assert (summary.ended, summary.state.failed, summary.state.accepted) == ("finished", 1, 1 + 2 * 4)


def test_a_limit_leaves_what_was_begun_its_attempts(run) -> None:
    model = provider(lambda request, nth: one_turn(request, nth) if "earlier answer" in request.prompt else "no")
    summary = run(model, options={"limit": 3, "concurrency": 1}, generation={"s_factor": 5})
    assert (summary.state.accepted, summary.requests, summary.ended) == (3, 6, "limit")


def test_a_provider_or_direction_that_raises_what_it_should_not_fails_its_slots_only(run, tmp_path: Path) -> None:
    class Careless(Direction):
        name = "careless"

        def instruction(self, context: DirectionContext) -> str:
            raise KeyError("oops")

    def script(request: Request, nth: int) -> str:
        if "wordy" in request.prompt:
            raise ValueError("the key is sk-123")
        return one_turn(request, nth)

    summary = run(Careless, provider(script), seed_evolving_directions=["careless", "wordy", "plain"])
    assert (summary.ended, summary.state.failed, summary.state.accepted) == ("finished", 2, 1 + 2 * 4)
    with reader(tmp_path) as journal:
        reasons = {judge: reason for _, judge, reason, _ in journal.reasons()}
    assert "KeyError: 'oops'" in reasons["direction careless"]
    assert "The provider `scripted` raised ValueError in" in reasons["InvalidRequest"]
    assert "sk-123" not in reasons["InvalidRequest"]


def test_a_limit_stops_after_so_many_and_the_next_run_goes_on_to_the_same_bytes(run, tmp_path: Path) -> None:
    whole = provider(one_turn)
    run(whole, out=tmp_path / "whole")
    summary = run(whole, options={"limit": 5})
    assert (summary.ended, summary.requests, summary.exit_status) == ("limit", 5, 0)
    assert summary.state.unspent > 0
    rest = run(whole)
    assert rest.requests == rest.state.planned - 5
    assert (tmp_path / "out" / "dataset.jsonl").read_bytes() == (tmp_path / "whole" / "dataset.jsonl").read_bytes()


def test_only_what_changed_is_generated_again(run) -> None:
    model = provider(one_turn)
    run(model)
    assert run(model, generation={"d_factor": 5}).requests == 2 * 2
    assert run(model, derivational_evolving_directions=["plain"]).requests == 0
    assert run(model, generation={"turns": {"max": 7}}).requests > 0
    assert run(model).requests == 0


@dataclass(kw_only=True, eq=False)
class Short(Validator):
    """Wants short prompts' answers, and shouts."""

    name: ClassVar[str] = "short"

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        if candidate.direction == "wordy":
            return Verdict.reject("too wordy", feedback="be brief")
        shouted = tuple(Turn(turn.user.upper(), turn.assistant) for turn in candidate.turns)
        return Verdict.revise(replace(candidate, turns=shouted), "louder")


def test_validators_reject_with_feedback_and_revise(run, dataset) -> None:
    model = provider(one_turn)
    summary = run(Short, model, validators=["schema", "short"], derivational_evolving_directions=[])
    assert (summary.state.accepted, summary.state.rejected) == (1, 1)
    assert dataset()[0]["messages"][0]["content"].startswith("QUESTION")
    assert sum("be brief" in request.prompt for request in model.asked) == 4


def test_a_changed_validator_judges_stored_answers_without_asking(run) -> None:
    model = provider(one_turn)
    run(model, derivational_evolving_directions=[])
    summary = run(Short, model, validators=["short"], derivational_evolving_directions=[], generation={"attempts": 1})
    assert (summary.state.accepted, summary.state.rejected, summary.requests) == (1, 1, 0)


class Raising(Validator):
    """Cannot cope."""

    name = "raising"

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        raise ZeroDivisionError("in the validator")


def test_a_validator_that_raises_fails_its_slot_with_the_traceback(run, tmp_path: Path) -> None:
    summary = run(Raising, validators=["raising"])
    assert (summary.state.failed, summary.exit_status) == (2, 1)
    with reader(tmp_path) as journal:
        [(state, judge, reason, count)] = journal.reasons()
    assert (state, judge, count) == ("failed", "raising", 2)
    assert "ZeroDivisionError: in the validator" in reason


class FirstOnly(Validator):
    """Keeps the first record of each direction."""

    name = "first-only"
    scope = "dataset"

    def __post_init__(self) -> None:
        self._seen: set[str] = set()

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        if candidate.direction in self._seen:
            return Verdict.reject("seen before")
        self._seen.add(candidate.direction)
        return Verdict.accept()


def test_a_dataset_validator_that_raises_is_named_and_the_records_stay(run, tmp_path: Path) -> None:
    class RaisingAtAll(Raising):
        scope = "dataset"

    with pytest.raises(AdfError, match=r"The validator `raising` .*in the validator"):
        run(RaisingAtAll, validators=["raising"])
    with reader(tmp_path) as journal:
        assert journal.state().accepted == 2 + 2 * 2 * 2 * 4


def test_a_dataset_validator_decides_in_plan_order_and_leaves_derivations_alone(run, dataset) -> None:
    model = provider(one_turn)
    for _ in range(2):
        summary = run(FirstOnly, model, validators=["schema", "first-only"])
        assert [record["metadata"]["direction"] for record in dataset()] == ["plain", "wordy", "curious"]
        assert (summary.state.accepted, summary.state.rejected) == (3, 2 + 2 * 2 * 4 - 3)
    assert summary.requests == 0


class Judge(Validator):
    """Asks a model."""

    name = "opinion"

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        answer = await context.ask(Request(f"Is this good? {candidate.turns[0].user}", max_tokens=5))
        return Verdict.accept() if answer.text == "yes" else Verdict.reject(answer.text)


def test_what_a_validator_asks_is_journalled_and_never_paid_twice(run, tmp_path: Path) -> None:
    model = provider(lambda request, nth: "yes" if "Is this good?" in request.prompt else one_turn(request, nth))
    summary = run(Judge, model, validators=["opinion"], derivational_evolving_directions=[])
    assert summary.requests == 4
    with reader(tmp_path) as journal:
        purposes = journal.connection.execute("SELECT purpose FROM answers").fetchall()
    assert Counter(purposes) == {("",): 2, ("opinion",): 2}
    summary = run(Judge, model, validators=["schema", "opinion"], derivational_evolving_directions=[])
    assert (summary.state.accepted, summary.requests) == (2, 0)


class Priced(ScriptedProvider):
    script = staticmethod(lambda request, nth: Response(one_turn(request, nth), usage=Usage(100, 50), cost_usd=0.1))

    def price(self) -> Price:
        return Price(0.0005, 0.001)


@pytest.mark.parametrize(
    ("budget", "most"),
    [({"requests": 3}, 3), ({"tokens": 5500}, 30), ({"usd": 5.0}, 40)],
    ids=["requests", "tokens", "usd"],
)
def test_budgets_are_hard_caps_over_all_runs(run, budget: dict[str, float], most: int) -> None:
    for _ in range(2):
        summary = run(Priced, budget=budget, generation={"s_factor": 50})
        assert summary.ended == "budget"
        charged = summary.state.charged
        assert charged.requests <= budget.get("requests", 10**9)
        assert charged.tokens <= budget.get("tokens", 10**9)
        assert charged.usd <= budget.get("usd", 10**9)
    assert 0 < charged.requests <= most
    assert summary.requests <= 1
    assert summary.state.unspent > 0


@pytest.mark.parametrize("lost", [Timeout("lost"), Unreachable("reset")])
def test_what_a_lost_request_may_have_cost_stays_charged(run, lost: Exception) -> None:
    summary = run(provider(raising(lost)), budget={"tokens": 10**6}, derivational_evolving_directions=[])
    assert summary.state.accepted == 2
    assert summary.state.charged.tokens > 2 * 4096


def test_an_answer_that_does_not_say_what_it_took_stays_charged_at_its_worst_case(run) -> None:
    silent = provider(lambda request, nth: Response(one_turn(request, nth)))
    charged = run(silent, derivational_evolving_directions=[]).state.charged
    assert charged.requests == 2
    assert charged.tokens > 2 * 4096


def test_a_budget_in_dollars_needs_a_price(run) -> None:
    with pytest.raises(UsageError, match="needs the price"):
        run(budget={"usd": 1.0})


def test_an_earlier_dataset_is_not_replaced_by_nothing(run, tmp_path: Path) -> None:
    run()
    before = (tmp_path / "out" / "dataset.jsonl").read_bytes()
    refused = provider(raising(*[AuthenticationFailed("no")] * 9))
    assert run(refused, user_role="OTHER").ended == "error"
    assert (tmp_path / "out" / "dataset.jsonl").read_bytes() == before


def test_a_sink_that_cannot_write_says_so_and_the_records_stay(run, tmp_path: Path) -> None:
    (tmp_path / "out" / "dataset.jsonl").mkdir(parents=True)
    (tmp_path / "out" / "dataset.jsonl" / "x").write_text("in the way")
    with pytest.raises(AdfError, match="The sink `jsonl` cannot write"):
        run()
    with reader(tmp_path) as journal:
        assert journal.state().accepted == 2 + 2 * 2 * 2 * 4
