"""Runs over scenarios: what prompts say, how they grow, targets, replacements and topping up."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Mapping
from itertools import combinations
from pathlib import Path
from typing import Any, ClassVar

import pytest

from adf_core import Candidate, Request, Turn, ValidationContext, Validator, Verdict
from adf_core.engine import Summary
from adf_core.journal import FILE_NAME, JournalReader
from adf_core.testing import ScriptedProvider, answer_with

DIAGRAM = """erDiagram
    GUEST {
        string mood "calm | annoyed | tired"
        string language "spoken at home: French | Polish"
        int nights "1..9"
    }
    GUEST }|--|| RECEPTIONIST : "asks for help"
"""
SEEDS_ONLY = {"s_factor": 1, "rounds": 0}
LEVELS = {"GUEST.mood": 3, "GUEST.language": 2, "GUEST.nights": 3, "RECEPTIONIST-GUEST.count": 2}
PAIRS = sum(LEVELS[one] * LEVELS[other] for one, other in combinations(LEVELS, 2))

Start = Callable[..., Summary]


@pytest.fixture
def start(run: Start) -> Start:
    """Run a project with the diagram above, pairwise and with seeds only unless told otherwise."""

    def execute(*components: Any, **setup: Any) -> Summary:
        usual = {
            "scenarios": {"strategy": "pairwise"},
            "seed_evolving_directions": ["plain"],
            "generation": SEEDS_ONLY,
            "diagram": DIAGRAM,
        }
        return run(*components, **{**usual, **setup})

    return execute


def provider(script: Callable[[Request, int], str]) -> tuple[type[ScriptedProvider], list[str]]:
    """A provider that answers so, and the prompts it was asked."""
    prompts: list[str] = []

    def remembering(request: Request, nth: int) -> str:
        prompts.append(request.prompt)
        return script(request, nth)

    return type("Provider", (ScriptedProvider,), {"script": staticmethod(remembering)}), prompts


def two_turns(request: Request, nth: int) -> str:
    return answer_with(Turn("q", f"a {request.seed}"), Turn("q2", "a2"))


def refusing(*words: str) -> Callable[[Request, int], str]:
    """No conversation where the prompt has one of the words."""
    return lambda request, nth: "no" if any(word in request.prompt for word in words) else two_turns(request, nth)


def pairs(scenarios: list[Mapping[str, str]]) -> set[object]:
    return {pair for scenario in scenarios for pair in combinations(sorted(scenario.items()), 2)}


def journal(tmp_path: Path) -> JournalReader:
    return JournalReader(tmp_path / "out" / FILE_NAME)


def records(tmp_path: Path) -> list[Any]:
    with journal(tmp_path) as reader:
        return list(reader.records("x"))


# --- scenarios in prompts ------------------------------------------------------------------------------------------


def test_every_pair_of_values_is_asked_for_and_said_in_words(start: Start, tmp_path: Path) -> None:
    asked, prompts = provider(two_turns)
    summary = start(asked)
    assert summary.state.accepted == len(prompts) < 13
    assert len(pairs([record.scenario for record in records(tmp_path)])) == PAIRS
    blocks = [re.search(r"The situation:\n((?:- .*\n?)+)", prompt)[1].splitlines() for prompt in prompts]
    for block in blocks:
        mood, language, nights, count = block
        assert re.fullmatch(r"- The GUEST's mood: (calm|annoyed|tired)\.", mood)
        assert re.fullmatch(r"- The GUEST's language: (French|Polish) \(spoken at home\)\.", language)
        assert re.fullmatch(r"- The GUEST's nights: [1-9]\.", nights)
        assert re.fullmatch(r"- There (is one|are several) GUEST for the RECEPTIONIST\.", count)


def test_a_family_has_one_number_of_a_range(start: Start, tmp_path: Path) -> None:
    asked, prompts = provider(two_turns)
    start(asked, generation={"s_factor": 1, "d_factor": 1}, scenarios={"strategy": "pairwise", "limit": 2})
    said = Counter(re.search(r"The GUEST's nights: (\d)", prompt)[1] for prompt in prompts)
    # Two seeds of two turns, and a derivation in each of two directions for each of two prefixes.
    assert len(prompts) == 2 * (1 + 2 * 2)
    assert all(count % 5 == 0 for count in said.values())


def test_with_single_nothing_is_added(start: Start) -> None:
    asked, prompts = provider(two_turns)
    start(asked, scenarios={"strategy": "single"})
    assert len(prompts) == 1
    assert "situation" not in prompts[0]


def test_the_first_seeds_cover_most_and_directions_take_turns(start: Start, tmp_path: Path) -> None:
    start(seed_evolving_directions=["plain", "wordy"], scenarios={"strategy": "pairwise"})
    with journal(tmp_path) as reader:
        scenarios = reader.scenarios()
        made = list(reader.records("x"))
    assert [record.scenario for record in made] == scenarios * 2
    assert [record.direction for record in made[:4]] == ["plain", "wordy", "plain", "wordy"]
    assert made[0].direction != made[len(scenarios)].direction


def test_other_strategies_ask_for_what_they_say(start: Start, tmp_path: Path) -> None:
    assert start(scenarios={"strategy": "all"}, out=tmp_path / "all").state.accepted == 3 * 2 * 3 * 2
    assert start(scenarios={"strategy": "random", "count": 7}, out=tmp_path / "random").state.accepted == 7
    three = start(scenarios={"strategy": "covering", "strength": 3}, out=tmp_path / "three")
    assert 18 <= three.state.accepted < 36


def test_constraints_hold_in_every_scenario(start: Start, tmp_path: Path) -> None:
    rule = {"when": {"GUEST.mood": "annoyed"}, "then": {"GUEST.language": "Polish", "tone": ["curt", "short"]}}
    factors = {"tone": {"warm": 3, "curt": 1, "short": 1}}
    for strategy in ({"strategy": "pairwise"}, {"strategy": "all"}, {"strategy": "random", "count": 40}):
        start(scenarios={**strategy, "factors": factors, "constraints": [rule]}, options={"fresh": True})
        made = [record.scenario for record in records(tmp_path)]
        assert any(scenario["GUEST.mood"] == "annoyed" for scenario in made)
        for scenario in made:
            if scenario["GUEST.mood"] == "annoyed":
                assert scenario["GUEST.language"] == "Polish"
                assert scenario["tone"] in ("curt", "short")


# --- scenarios that grow -------------------------------------------------------------------------------------------


def test_a_new_factor_keeps_what_is_paid_and_adds_only_what_is_needed(start: Start, tmp_path: Path) -> None:
    start()
    before = records(tmp_path)
    asked, prompts = provider(two_turns)
    summary = start(asked, scenarios={"strategy": "pairwise", "factors": {"tone": ["warm", "curt"]}})
    after = records(tmp_path)
    assert [record.key for record in after[: len(before)]] == [record.key for record in before]
    assert summary.requests == len(prompts) == len(after) - len(before)
    assert all("tone" in record.scenario for record in after[len(before) :])
    covered = pairs([record.scenario for record in after])
    assert len(covered) == PAIRS + 2 * sum(LEVELS.values())


def test_a_value_that_is_gone_retires_only_the_scenarios_with_it(start: Start, tmp_path: Path) -> None:
    start()
    before = records(tmp_path)
    start(diagram=DIAGRAM.replace("calm | annoyed | tired", "calm | annoyed"))
    after = records(tmp_path)
    kept = [record.key for record in before if record.scenario["GUEST.mood"] != "tired"]
    assert [record.key for record in after[: len(kept)]] == kept
    assert all(record.scenario["GUEST.mood"] != "tired" for record in after)


def test_what_was_planned_but_not_begun_is_planned_anew(start: Start, tmp_path: Path) -> None:
    start(options={"limit": 3})
    start(scenarios={"strategy": "pairwise", "factors": {"tone": ["warm", "curt"]}})
    made = records(tmp_path)
    assert [("tone" in record.scenario) for record in made] == [False] * 3 + [True] * (len(made) - 3)


# --- targets -------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("target", [1, 5, 11, 40])
def test_a_target_is_met_exactly_and_nothing_beyond_it_is_asked_for(start: Start, tmp_path: Path, target: int) -> None:
    asked, prompts = provider(two_turns)
    generation = {"s_factor": 1, "d_factor": 1, "target": target}
    summary = start(asked, generation=generation, options={"concurrency": 1})
    assert (summary.state.accepted, summary.state.surplus, summary.target) == (target, 0, target)
    assert len(prompts) == target
    assert len(records(tmp_path)) == target
    state = summary.state
    assert state.planned == state.accepted + state.surplus + state.rejected + state.failed + state.unspent


@pytest.mark.parametrize("target", [5, 23])
def test_a_target_takes_the_same_records_at_any_concurrency(start: Start, tmp_path: Path, target: int) -> None:
    generation = {"s_factor": 1, "d_factor": 1, "target": target, "attempts": 1}
    keys = []
    for concurrency in (1, 2, 7):
        asked, _ = provider(refusing("mood: tired"))
        asked.latency = 0.002
        summary = start(asked, generation=generation, options={"concurrency": concurrency, "fresh": True})
        assert summary.state.accepted == target
        keys.append([record.key for record in records(tmp_path)])
    assert keys[0] == keys[1] == keys[2]


def test_further_seeds_take_the_place_of_what_was_rejected(start: Start, tmp_path: Path) -> None:
    asked, _ = provider(refusing("mood: annoyed"))
    summary = start(asked, generation={**SEEDS_ONLY, "target": 15, "attempts": 1})
    assert summary.state.accepted == 15
    made = records(tmp_path)
    assert {record.replicate for record in made} > {0, 1}
    assert len({record.key for record in made}) == 15
    again = start(asked, generation={**SEEDS_ONLY, "target": 15, "attempts": 1})
    assert (again.requests, again.state) == (0, summary.state)


def test_a_target_beyond_the_plan_is_met_many_at_once(start: Start) -> None:
    asked, _ = provider(two_turns)
    asked.latency = 0.001
    summary = start(
        asked,
        scenarios={"strategy": "single"},
        generation={"s_factor": 4, "rounds": 0, "target": 100},
        options={"concurrency": 10},
    )
    assert (summary.state.accepted, summary.requests) == (100, 100)


def test_a_target_that_cannot_be_met_is_told(start: Start) -> None:
    asked, prompts = provider(lambda request, nth: "no")
    summary = start(asked, generation={**SEEDS_ONLY, "target": 5, "attempts": 1})
    assert (summary.state.accepted, summary.target, summary.ended) == (0, 5, "finished")
    assert len(prompts) < 60


def test_a_raised_target_goes_on_and_a_lowered_one_leaves_a_surplus(start: Start, tmp_path: Path) -> None:
    start(generation={**SEEDS_ONLY, "target": 4})
    raised = start(generation={**SEEDS_ONLY, "target": 6})
    assert (raised.requests, raised.state.accepted) == (2, 6)
    lowered = start(generation={**SEEDS_ONLY, "target": 3})
    assert (lowered.requests, lowered.state.accepted, lowered.state.surplus) == (0, 3, 3)
    assert len(records(tmp_path)) == 3


class NoTwins(Validator):
    """Keeps out every third record."""

    name = "no-thirds"
    scope: ClassVar[str] = "dataset"

    def __init__(self) -> None:
        self.seen = 0

    async def validate(self, candidate: Candidate, context: ValidationContext) -> Verdict:
        self.seen += 1
        return Verdict.accept() if int(candidate.key, 16) % 3 else Verdict.reject("a third")


def test_what_validators_of_the_whole_keep_out_is_replaced(start: Start, tmp_path: Path) -> None:
    summary = start(NoTwins, validators=["schema", "no-thirds"], generation={**SEEDS_ONLY, "target": 14})
    assert summary.state.accepted == 14
    assert all(int(record.key, 16) % 3 for record in records(tmp_path))


# --- a number of records for each combination ----------------------------------------------------------------------


def test_per_cell_asks_for_more_seeds_where_there_are_too_few(start: Start, tmp_path: Path) -> None:
    summary = start(scenarios={"strategy": "pairwise", "per_cell": 3})
    counts = Counter(pair for record in records(tmp_path) for pair in combinations(sorted(record.scenario.items()), 2))
    assert len(counts) == PAIRS
    assert min(counts.values()) >= 3
    assert summary.cells_short == 0


def test_combinations_that_cannot_be_had_are_told(start: Start, tmp_path: Path) -> None:
    asked, _ = provider(refusing("mood: annoyed"))
    summary = start(asked, scenarios={"strategy": "pairwise", "per_cell": 1}, generation={**SEEDS_ONLY, "attempts": 1})
    with journal(tmp_path) as reader:
        planned = pairs(reader.scenarios())
    assert summary.cells_short == len(planned - pairs([record.scenario for record in records(tmp_path)])) > 0


def test_topping_up_asks_only_for_what_no_record_has(start: Start, tmp_path: Path) -> None:
    failing, _ = provider(refusing("mood: annoyed"))
    start(failing, generation={**SEEDS_ONLY, "attempts": 1})
    assert not any(record.scenario["GUEST.mood"] == "annoyed" for record in records(tmp_path))
    asked, prompts = provider(two_turns)
    summary = start(asked, generation={**SEEDS_ONLY, "attempts": 1}, options={"top_up": True})
    assert prompts
    assert all("mood: annoyed" in prompt for prompt in prompts)
    assert summary.cells_short == 0
    assert len(pairs([record.scenario for record in records(tmp_path)])) == PAIRS
    assert start(asked, generation={**SEEDS_ONLY, "attempts": 1}, options={"top_up": True}).requests == 0


@pytest.mark.parametrize(
    "setup",
    [
        {"generation": {**SEEDS_ONLY, "attempts": 1, "target": 15}},
        {"generation": {"s_factor": 1, "d_factor": 1, "attempts": 1, "target": 30}},
        {"generation": {**SEEDS_ONLY, "attempts": 1}, "scenarios": {"strategy": "pairwise", "per_cell": 3}},
    ],
)
def test_a_run_in_many_small_steps_brings_what_one_run_does(start: Start, tmp_path: Path, setup: Any) -> None:
    asked, _ = provider(refusing("mood: annoyed"))
    start(asked, **setup)
    whole = records(tmp_path)
    (tmp_path / "out").rename(tmp_path / "whole")
    for _ in range(40):
        summary = start(asked, **setup, options={"limit": 3})
        if summary.ended == "finished":
            break
    assert summary.ended == "finished"
    assert [record.key for record in records(tmp_path)] == [record.key for record in whole]
    for name in ("dataset.jsonl", "outputs.json"):
        assert (tmp_path / "out" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()
