"""What validators say, in which order they are asked, and what becomes of it."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any, ClassVar

import pytest

from adf_core import (
    Candidate,
    InvalidInput,
    ProviderChoice,
    Request,
    Turn,
    Undecided,
    ValidationContext,
    Validator,
    Verdict,
    option,
)
from adf_core.journal import FILE_NAME, JournalReader
from adf_core.testing import ScriptedProvider, answer_with

FACTORS = {"strategy": "all", "omit": ["*"], "factors": {"mood": ["calm", "angry"]}}
SEEDS_ONLY: dict[str, Any] = {"derivational_evolving_directions": [], "seed_evolving_directions": ["plain"]}


class Model(ScriptedProvider):
    script = staticmethod(lambda request, nth: answer_with(Turn(f"question {request.seed}", "answer")))


def validator(name: str, judge: Callable[[Candidate], Verdict], **attributes: Any) -> type[Validator]:
    async def validate(self: Validator, candidate: Candidate, context: ValidationContext) -> Verdict:
        return judge(candidate)

    return type(name, (Validator,), {"name": name, "validate": validate, **attributes})


def test_scores_and_confirmed_values_are_in_the_record(run, dataset, tmp_path: Path) -> None:
    def judge(candidate: Candidate) -> Verdict:
        return Verdict.accept(scores={"natural": 4.5}, confirmed=["mood", "no such factor"])

    run(Model, validator("kind", judge), validators=["schema", "kind"], scenarios=FACTORS, **SEEDS_ONLY)
    assert [record["metadata"]["scores"] for record in dataset()] == [{"kind.natural": 4.5}] * 2
    assert [record["metadata"]["confirmed"] for record in dataset()] == [["mood"]] * 2
    with JournalReader(tmp_path / "out" / FILE_NAME) as reader:
        assert {record.confirmed for record in reader.records("x")} == {("mood",)}


def test_a_rejection_keeps_its_scores(run, tmp_path: Path) -> None:
    run(Model, validator("strict", lambda _: Verdict.reject("dull", scores={"natural": 1})), validators=["strict"])
    with JournalReader(tmp_path / "out" / FILE_NAME) as reader:
        rows = reader.connection.execute("SELECT DISTINCT decision, scores FROM verdicts").fetchall()
    assert rows == [("reject", '{"natural": 1}')]


def test_cheap_validators_come_first_and_dear_ones_never_see_what_they_refuse(run) -> None:
    asked: list[str] = []

    def noting(name: str, verdict: Verdict) -> Callable[[Candidate], Verdict]:
        def judge(_: Candidate) -> Verdict:
            asked.append(name)
            return verdict

        return judge

    parts = [
        validator("asking", noting("asking", Verdict.accept()), asks=True),
        validator("heavy", noting("heavy", Verdict.reject("too heavy")), cpu_heavy=True),
        validator("cheap", noting("cheap", Verdict.accept())),
    ]
    run(Model, *parts, validators=["asking", "heavy", "cheap"], generation={"attempts": 1}, **SEEDS_ONLY)
    assert asked == ["cheap", "heavy"]


class Hesitant(Validator):
    """Cannot tell until the third answer."""

    name = "hesitant"
    decides_at: ClassVar[int] = 3

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        if candidate.attempt < self.decides_at:
            raise Undecided("nobody can tell")
        return Verdict.accept()


def test_where_a_validator_cannot_tell_the_next_answer_is_asked_for(run) -> None:
    summary = run(Model, Hesitant, validators=["hesitant"], **SEEDS_ONLY)
    assert (summary.state.accepted, summary.requests) == (1, 3)


def test_where_it_never_can_the_slot_fails_with_the_reason(run, tmp_path: Path) -> None:
    class Never(Hesitant):
        decides_at = 99

    summary = run(Model, Never, validators=["hesitant"], generation={"attempts": 2}, **SEEDS_ONLY)
    assert (summary.state.failed, summary.state.accepted, summary.requests) == (1, 0, 2)
    with JournalReader(tmp_path / "out" / FILE_NAME) as reader:
        assert reader.reasons() == [("failed", "hesitant", "nobody can tell", 1)]
        assert reader.connection.execute("SELECT count(*) FROM answers WHERE text IS NOT NULL").fetchone() == (2,)


class Breaking(Validator):
    """Fails on some conversations."""

    name = "breaking"
    share: ClassVar[float] = 1.0

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        if candidate.replicate % 10 < 10 * self.share:
            raise ZeroDivisionError("no luck")
        return Verdict.accept()


def test_a_validator_that_fails_again_and_again_stops_the_run(run) -> None:
    many = {"generation": {"s_factor": 1000}, "options": {"concurrency": 4}, **SEEDS_ONLY}
    summary = run(Model, Breaking, validators=["breaking"], **many)
    assert (summary.ended, summary.exit_status) == ("error", 1)
    assert "The validator `breaking` failed on 10 of 10 conversations" in summary.why
    assert "ZeroDivisionError: no luck" in summary.why
    assert summary.requests < 500  # what was in flight, or waited for the disk
    # Mended, it judges what was answered.
    repaired = type("Repaired", (Breaking,), {"share": 0.0})
    mended = run(Model, repaired, validators=["breaking"], **many)
    assert mended.state.accepted == 1000
    assert mended.requests == 1000 - summary.requests


def test_one_that_fails_now_and_then_does_not(run) -> None:
    sometimes = type("Sometimes", (Breaking,), {"share": 0.2})
    summary = run(Model, sometimes, validators=["breaking"], generation={"s_factor": 200}, **SEEDS_ONLY)
    assert (summary.state.failed, summary.state.accepted) == (40, 160)


class Critic(ScriptedProvider):
    """Another model, with an opinion."""

    name = "critic"
    seen: ClassVar[list[tuple[str, int | None]]] = []

    @staticmethod
    def script(request: Request, nth: int) -> str:
        Critic.seen.append((request.prompt, request.seed))
        return "good"


@dataclass(kw_only=True, eq=False)
class Panel(Validator):
    """Asks three times."""

    name: ClassVar[str] = "panel"
    asks: ClassVar[bool] = True
    provider: ProviderChoice | None = option(None, help="who is asked", format="provider")
    again: str = option("", help="changes nothing that is asked")

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        votes = await asyncio.gather(
            *(context.ask(Request(candidate.turns[0].user, seed=vote), self.provider) for vote in range(3))
        )
        return Verdict.accept() if [vote.text for vote in votes] == ["good"] * 3 else Verdict.reject("no")


@pytest.fixture
def critic() -> type[Critic]:
    Critic.seen.clear()
    return Critic


@pytest.mark.parametrize("choice", ["critic", {"name": "critic", "model": "harsh-2"}])
def test_another_provider_is_asked_once_for_each_seed_and_never_again(run, tmp_path: Path, critic, choice) -> None:
    def go(**more: str) -> Any:
        return run(Model, critic, Panel, validators=[{"name": "panel", "provider": choice, **more}], **SEEDS_ONLY)

    assert (go().state.accepted, len(critic.seen), len(set(critic.seen))) == (1, 3, 3)
    assert (go(again="judged once more").state.accepted, len(critic.seen)) == (1, 3)
    with JournalReader(tmp_path / "out" / FILE_NAME) as reader:
        model = "script-1" if choice == "critic" else "harsh-2"
        rows = reader.connection.execute("SELECT DISTINCT provider, model FROM requests WHERE provider = 'critic'")
        assert rows.fetchall() == [("critic", model)]


@pytest.mark.parametrize(
    ("choice", "words"),
    [
        ("critik", "There is no provider `critik`"),
        ({"name": "critic", "modle": "x"}, "unknown key `modle`"),
        ({"model": "x"}, "`provider` needs the key `name`"),
        (["critic"], "must be text or a mapping"),
    ],
)
def test_a_provider_that_cannot_be_is_named_before_anything_is_sent(run, critic, choice, words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        run(Model, critic, Panel, validators=[{"name": "panel", "provider": choice}], **SEEDS_ONLY)


class Nosy(Validator):
    """Asks a provider nobody has heard of."""

    name = "nosy"

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        await context.ask(Request("?"), "nobody")
        return Verdict.accept()


def test_a_provider_that_is_not_installed_stops_the_run_with_a_sentence(run) -> None:
    summary = run(Model, Nosy, validators=["nosy"], **SEEDS_ONLY)
    assert (summary.ended, summary.exit_status) == ("error", 2)
    assert "There is no provider `nobody`" in summary.why


def test_a_sink_for_preferences_is_given_what_was_refused(run, tmp_path: Path) -> None:
    class Twice(ScriptedProvider):
        @staticmethod
        def script(request: Request, nth: int) -> str:
            again = "An earlier answer could not be used: say more." in request.prompt
            return answer_with(Turn("and then?", "We will see what can be done." if again else "No."))

    def judge(candidate: Candidate) -> Verdict:
        brief = candidate.turns[0].assistant == "No."
        return Verdict.reject("too brief", "say more", {"length": 1}) if brief else Verdict.accept()

    directions = {"seed_evolving_directions": ["plain"], "derivational_evolving_directions": ["plain"]}
    summary = run(
        Twice,
        validator("brief", judge),
        validators=["brief"],
        sinks=["preference"],
        generation={"d_factor": 1},
        **directions,
    )
    assert (summary.state.accepted, summary.requests) == (2, 4)
    seed, derivation = [json.loads(line) for line in (tmp_path / "out" / "preferences.jsonl").read_text().splitlines()]
    for pair, inherited in ((seed, 0), (derivation, 2)):
        assert len(pair["prompt"]) == inherited + 1
        assert [message["content"] for message in (*pair["chosen"], *pair["rejected"])] == [
            "We will see what can be done.",
            "No.",
        ]
        assert pair["metadata"]["why"] == {"by": "brief", "reason": "too brief", "scores": {"length": 1}}


@pytest.mark.parametrize("feedback", [True, False])
def test_attempts_are_told_what_was_wrong_unless_feedback_is_off(run, feedback: bool) -> None:
    prompts: list[str] = []

    class Listening(ScriptedProvider):
        @staticmethod
        def script(request: Request, nth: int) -> str:
            prompts.append(request.prompt)
            return answer_with(Turn("q", f"a {request.seed}"))

    refusing = validator("no", lambda _: Verdict.reject("dull", "be lively"))
    run(Listening, refusing, validators=["no"], generation={"attempts": 3, "feedback": feedback}, **SEEDS_ONLY)
    assert ["be lively" in prompt for prompt in prompts] == [False, feedback, feedback]
