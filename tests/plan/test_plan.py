from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from adf_core import Direction, DirectionContext, Record, Turn
from adf_core.plan import Plan, Prompter, Sampling, attempt_seed, estimate, installed_directions, request_key
from adf_core.project import load
from adf_core.scenarios import choose
from adf_core.testing import ScriptedProvider, make_project, plugins_with


class InBreadth(Direction):
    """Something else in the same domain."""

    name = "in-breadth"
    continues = False

    def instruction(self, context: DirectionContext) -> str:
        return f"something new for {context.user_role}, after {len(context.prefix)} turns"


PLUGINS = plugins_with(ScriptedProvider, InBreadth)


def plan_of(folder: Path, **setup: object) -> tuple[Plan, Prompter]:
    project = load(make_project(folder, provider="scripted", **setup), PLUGINS)
    directions = installed_directions(project, PLUGINS)
    prompter = Prompter(project, directions, Sampling.of(ScriptedProvider(), project.setup))
    return Plan(project.setup, choose(project.space, project.setup.choice), directions), prompter


def record_of(plan: Plan, turns: int) -> tuple[Record, bytes]:
    slot = next(plan.seeds())
    made = tuple(Turn(f"u{n}", f"a{n}") for n in range(turns))
    record = Record(
        key=slot.key,
        stage="seed",
        type=slot.type,
        category="x",
        direction=slot.direction,
        seed=slot.key,
        turns=made,
        provider="",
        model="",
    )
    return record, slot.place


def test_a_conversation_brings_a_derivation_for_each_prefix_direction_and_replicate(tmp_path: Path) -> None:
    plan, _ = plan_of(tmp_path)
    assert plan.seed_count == len(list(plan.seeds())) == 2
    slots = list(plan.derivations(*record_of(plan, 3)))
    assert len(slots) == plan.branching.count("", 3, 0) == 3 * 2 * 4
    assert [(slot.prefix_length, slot.direction, slot.replicate) for slot in slots[:5]] == [
        (1, "plain", 0),
        (1, "plain", 1),
        (1, "plain", 2),
        (1, "plain", 3),
        (1, "curious", 0),
    ]
    assert [len(slot.prefix) for slot in slots] == [slot.prefix_length for slot in slots]


def test_instruct_shows_the_example_and_inherits_nothing(tmp_path: Path) -> None:
    plan, _ = plan_of(tmp_path, type="instruct")
    assert plan.seed_count == 2 * 4
    slots = list(plan.derivations(*record_of(plan, 1)))
    assert len(slots) == plan.branching.count("", 1, 0) == 2 * 4
    assert {(len(slot.shown), slot.prefix) for slot in slots} == {(1, ())}


def test_keys_are_the_same_every_time_and_different_for_every_slot(tmp_path: Path) -> None:
    plan, _ = plan_of(tmp_path)
    again, _ = plan_of(tmp_path)
    slots = [*plan.seeds(), *plan.derivations(*record_of(plan, 3))]
    same = [*again.seeds(), *again.derivations(*record_of(again, 3))]
    assert [slot.key for slot in slots] == [slot.key for slot in same]
    assert len({slot.key for slot in slots}) == len(slots)


def test_plan_order_is_breadth_first(tmp_path: Path) -> None:
    plan, _ = plan_of(tmp_path, generation={"rounds": 2, "s_factor": 300})
    seeds = list(plan.seeds())
    record, place = record_of(plan, 2)
    slots = seeds + list(plan.derivations(record, place))
    for seed in seeds[1:3]:
        slots += plan.derivations(replace(record, key=seed.key), seed.place)
    assert sorted(slots, key=lambda slot: (slot.round, slot.place)) == slots


def test_rounds_end(tmp_path: Path) -> None:
    plan, _ = plan_of(tmp_path)
    record, place = record_of(plan, 2)
    assert list(plan.derivations(replace(record, round=1), place)) == []
    assert plan.branching.count("", 2, 1) == 0


def test_an_installed_direction_speaks_for_itself_and_may_start_anew(tmp_path: Path) -> None:
    plan, prompter = plan_of(tmp_path, derivational_evolving_directions=["in-breadth", "a plain word"])
    slots = list(plan.derivations(*record_of(plan, 2)))
    by_direction = {slot.direction: slot for slot in slots if slot.prefix_length == 2}
    assert by_direction["in-breadth"].prefix == ()
    assert len(by_direction["a plain word"].prefix) == 2
    assert "something new for GUEST, after 2 turns" in prompter.request(by_direction["in-breadth"]).prompt
    assert '"a plain word"' in prompter.request(by_direction["a plain word"]).prompt


def test_a_request_is_known_by_what_it_asks_and_not_by_its_seed(tmp_path: Path) -> None:
    plan, prompter = plan_of(tmp_path)
    provider = ScriptedProvider()
    request = prompter.request(next(plan.seeds()))
    assert request_key(request, provider) == request_key(replace(request, seed=7), provider)
    for other in (
        replace(request, prompt="x"),
        replace(request, temperature=0.1),
        replace(request, max_tokens=9),
        replace(request, json_schema=None),
    ):
        assert request_key(request, provider) != request_key(other, provider)
    assert request_key(request, provider) != request_key(request, ScriptedProvider(model="script-2"))


def test_each_attempt_has_a_seed_of_its_own() -> None:
    seeds = {attempt_seed(key, attempt) for key in ("a", "b") for attempt in range(1, 6)}
    assert len(seeds) == 10
    assert all(0 <= seed < 2**31 for seed in seeds)


def test_the_estimate_counts_what_the_plan_will_ask(tmp_path: Path) -> None:
    plan, prompter = plan_of(tmp_path, generation={"turns": {"max": 3}, "d_factor": 2, "rounds": 2, "attempts": 1})
    numbers = estimate(plan, prompter, Sampling.of(ScriptedProvider(), plan.setup), None)
    assert (numbers.seeds, numbers.assumed_turns) == (2, 3)
    counted = 0
    level = [record_of(plan, 3)] * 2
    for _ in range(2):
        slots = [slot for record, place in level for slot in plan.derivations(record, place)]
        counted += len(slots)
        level = [(replace(record_of(plan, 3)[0], prefix=slot.prefix, round=slot.round), slot.place) for slot in slots]
    assert numbers.derivations == numbers.most_derivations == counted
    assert numbers.most_calls == 2 + counted
    assert numbers.usd is None
