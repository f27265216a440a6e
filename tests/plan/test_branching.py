"""Which derivations a record brings: weights, ``per_parent``, rounds."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adf_core.errors import InvalidInput
from adf_core.plan import Plan, Prompter, Sampling, estimate
from adf_core.plan.branching import Branching
from adf_core.project import load
from adf_core.scenarios import choose
from adf_core.testing import ScriptedProvider, make_project, plugins_with

PLUGINS = plugins_with(ScriptedProvider)


def plan_of(folder: Path, **setup: object) -> Plan:
    project = load(make_project(folder, provider="scripted", **setup), PLUGINS)
    return Plan(project.setup, choose(project.space, project.setup.choice), {})


def branching(folder: Path, **setup: object) -> Branching:
    return plan_of(folder, **setup).branching


def test_a_weight_multiplies_the_derivations_of_its_direction(tmp_path: Path) -> None:
    plan = branching(
        tmp_path, derivational_evolving_directions={"plain": 3, "curious": 0.5}, generation={"d_factor": 2}
    )
    branches = list(plan.branches("some key", 4, 0))
    assert Counter((prefix, index) for prefix, index, _ in branches) == {
        (prefix, index): number for prefix in (1, 2, 3, 4) for index, number in ((0, 6), (1, 1))
    }
    assert plan.expected(4, 0) == plan.most(4, 0) == plan.count("some key", 4, 0) == 4 * 7


def test_a_fraction_is_a_chance_that_is_the_same_every_time(tmp_path: Path) -> None:
    plan = branching(
        tmp_path, derivational_evolving_directions={"plain": 1, "curious": 0.25}, generation={"d_factor": 1}
    )
    counts = [plan.count(f"record {number}", 1, 0) for number in range(4000)]
    assert set(counts) == {1, 2}
    assert 0.2 < counts.count(2) / len(counts) < 0.3
    assert plan.expected(1, 0) == 1.25
    assert plan.most(1, 0) == 2
    assert counts == [len(list(plan.branches(f"record {number}", 1, 0))) for number in range(4000)]


def test_per_parent_draws_by_weight_and_takes_no_derivation_twice(tmp_path: Path) -> None:
    plan = branching(
        tmp_path,
        derivational_evolving_directions={"plain": 3, "curious": 1},
        generation={"d_factor": 2, "per_parent": 3},
    )
    drawn: Counter[int] = Counter()
    for number in range(1000):
        branches = list(plan.branches(f"record {number}", 5, 0))
        assert len(branches) == len(set(branches)) == plan.count(f"record {number}", 5, 0) == 3
        assert branches == sorted(branches)
        drawn.update(index for _, index, _ in branches)
    assert 0.7 < drawn[0] / drawn.total() < 0.8
    assert (plan.expected(5, 0), plan.most(5, 0)) == (3, 3)
    assert plan.count("record", 5, 1) == 0


WEIGHTS = st.dictionaries(st.sampled_from(["a", "b", "c"]), st.floats(0.05, 4), min_size=1)


@given(
    weights=WEIGHTS,
    d_factor=st.integers(1, 3),
    per_parent=st.none() | st.integers(1, 9),
    turns=st.integers(1, 5),
    key=st.text(max_size=5),
)
def test_what_is_counted_is_what_is_planned(
    tmp_path_factory: pytest.TempPathFactory, weights, d_factor, per_parent, turns, key
) -> None:
    generation = {"d_factor": d_factor} | ({"per_parent": per_parent} if per_parent else {})
    plan = branching(tmp_path_factory.mktemp("p"), derivational_evolving_directions=weights, generation=generation)
    branches = list(plan.branches(key, turns, 0))
    assert plan.count(key, turns, 0) == len(branches) <= plan.most(turns, 0)
    assert branches == sorted(set(branches))
    assert per_parent is None or len(branches) <= per_parent


def test_more_replicates_keep_those_that_are_there(tmp_path: Path) -> None:
    few, many = (
        set(
            branching(
                tmp_path / str(factor), derivational_evolving_directions={"a": 0.7}, generation={"d_factor": factor}
            ).branches("x", 9, 0)
        )
        for factor in (1, 2)
    )
    assert few < many


@pytest.mark.parametrize(
    ("weights", "words"), [({"plain": 0}, "must be more than 0"), ({"plain": "much"}, "must be a number, not `much`")]
)
def test_a_weight_that_is_none_is_a_sentence(tmp_path: Path, weights: dict[str, object], words: str) -> None:
    with pytest.raises(InvalidInput, match=words):
        plan_of(tmp_path, derivational_evolving_directions=weights)


def test_the_estimate_counts_weights_rounds_and_limits(tmp_path: Path) -> None:
    def derivations(name: str, **generation: object) -> tuple[int, int | None, str]:
        folder = make_project(
            tmp_path / name,
            provider="scripted",
            type="instruct",
            derivational_evolving_directions={"plain": 2, "curious": 1},
            generation={"s_factor": 5, "d_factor": 1, **generation},
        )
        project = load(folder, PLUGINS)
        sampling = Sampling.of(ScriptedProvider(), project.setup)
        plan = Plan(project.setup, choose(project.space, project.setup.choice), {})
        numbers = estimate(plan, Prompter(project, {}, sampling), sampling, None)
        return numbers.derivations, numbers.most_derivations, numbers.formula

    assert derivations("one") == (10 * 3, 10 * 3, "seeds × 3 (weights of directions) × 1 (d_factor)")
    assert derivations("two", rounds=2)[:2] == (30 + 90, 30 + 90)
    assert derivations("few", rounds=3, per_parent=2)[0] == 20 + 40 + 80
    assert derivations("capped", rounds=3, limit=25) == (
        75,
        75,
        "seeds × 3 (weights of directions) × 1 (d_factor), in 3 rounds; at most 25 in a round",
    )
