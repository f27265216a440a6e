"""Coverage of records, checked by looking at every row and every cell."""

from __future__ import annotations

import json
from collections.abc import Mapping
from itertools import combinations, islice, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adf_core.diagram import Factor, Value
from adf_core.errors import UsageError
from adf_core.scenarios import Choice, Constraint, Space, choose, measure_coverage, missing_cells

Cell = frozenset[tuple[str, str]]


def space(levels: Mapping[str, str], *constraints: Constraint) -> Space:
    factors = (Factor(name, tuple(map(Value, values.split()))) for name, values in levels.items())
    return Space(tuple(factors), constraints)


def breaks(scenario: Mapping[str, str], constraint: Constraint) -> bool:
    """All of ``when`` is stated and holds, and something that is stated is not as ``then`` says."""
    return all(scenario.get(name) in values for name, values in constraint.when.items()) and any(
        name in scenario and scenario[name] not in values for name, values in constraint.then.items()
    )


def cells(scenarios: list[dict[str, str]], strength: int) -> set[Cell]:
    return {frozenset(cell) for scenario in scenarios for cell in combinations(scenario.items(), strength)}


def rows(space: Space) -> list[dict[str, str]]:
    """Every scenario that states all factors and breaks no constraint."""
    names = [factor.name for factor in space.factors]
    every = product(*([value.text for value in factor.values] for factor in space.factors))
    scenarios = [dict(zip(names, values, strict=True)) for values in every]
    return [each for each in scenarios if not any(breaks(each, constraint) for constraint in space.constraints)]


@st.composite
def spaces(draw: st.DrawFn) -> Space:
    """Some that no row fits are among them."""
    sizes = draw(st.lists(st.integers(2, 3), min_size=1, max_size=5))
    levels = {f"F{number}": " ".join(f"{number}{value}" for value in range(size)) for number, size in enumerate(sizes)}
    plain = space(levels)

    def condition() -> dict[str, tuple[str, ...]]:
        factors = draw(st.lists(st.sampled_from(plain.factors), min_size=1, max_size=2, unique=True))
        return {
            factor.name: tuple(draw(st.sets(st.sampled_from([value.text for value in factor.values]), min_size=1)))
            for factor in factors
        }

    constraints = [Constraint(condition(), condition()) for _ in range(draw(st.integers(0, 4)))]
    return space(levels, *constraints)


@st.composite
def records(draw: st.DrawFn, space: Space) -> list[tuple[dict[str, str], str, int]]:
    """Of any age: some do not state every factor, some state a factor or a value that is no more."""
    values = {
        factor.name: st.sampled_from([None, "gone", *(value.text for value in factor.values)])
        for factor in space.factors
    }
    any_scenario = st.fixed_dictionaries({**values, "GONE": st.sampled_from([None, "x"])}).map(
        lambda stated: {name: value for name, value in stated.items() if value is not None}
    )
    scenario = any_scenario | st.sampled_from(rows(space)) if rows(space) else any_scenario
    return draw(st.lists(st.tuples(scenario, st.sampled_from(["plain", "wordy"]), st.integers(1, 9)), max_size=8))


quick = settings(max_examples=200, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(st.data())
def test_coverage_is_what_counting_every_cell_gives(data: st.DataObject) -> None:
    space = data.draw(spaces())
    counts = data.draw(records(space))
    coverage = measure_coverage(space, counts)

    known = {factor.name: {value.text for value in factor.values} for factor in space.factors}
    left = [
        ({name: scenario[name] for name in known if scenario.get(name) in known[name]}, direction, count)
        for scenario, direction, count in counts
    ]
    sound = [each for each in left if not any(breaks(each[0], constraint) for constraint in space.constraints)]
    possible = {strength: cells(rows(space), strength) for strength in (1, 2, 3)}
    covered = {strength: cells([each for each, _, _ in sound], strength) & possible[strength] for strength in (1, 2, 3)}

    assert coverage.records == sum(count for _, _, count in counts)
    assert coverage.forbidden == coverage.records - sum(count for _, _, count in sound)
    assert [each.strength for each in coverage.strengths] == list(range(1, min(3, len(known)) + 1))
    for each in coverage.strengths:
        assert each.share is not None
        assert (each.share.covered, each.share.possible) == (len(covered[each.strength]), len(possible[each.strength]))
        missing = list(map(frozenset, (cell.items() for cell in missing_cells(space, counts, each.strength))))
        assert len(missing) == len(set(missing))
        assert set(missing) == possible[each.strength] - covered[each.strength]

    assert {pair.factors for pair in coverage.pairs} == set(combinations(known, 2))
    for pair in coverage.pairs:
        of_pair = [
            {cell for cell in found[2] if {name for name, _ in cell} == set(pair.factors)}
            for found in (covered, possible)
        ]
        assert [pair.share.covered, pair.share.possible] == list(map(len, of_pair))
    ratios = [pair.share.ratio for pair in coverage.pairs]
    assert ratios == sorted(ratios)

    assert [(each.factor, each.value) for each in coverage.values] == [
        (factor.name, value.text) for factor in space.factors for value in factor.values
    ]
    for each in coverage.values:
        stated = sum(count for scenario, _, count in counts if scenario.get(each.factor) == each.value)
        assert (each.records, each.possible) == (stated, frozenset({(each.factor, each.value)}) in possible[1])

    assert [each.direction for each in coverage.directions] == sorted({direction for _, direction, _ in counts})
    for each in coverage.directions:
        assert each.records == sum(count for _, direction, count in counts if direction == each.direction)
        own = [scenario for scenario, direction, _ in sound if direction == each.direction]
        assert [(one.strength, one.share and one.share.covered) for one in each.strengths] == [
            (strength, len(cells(own, strength) & possible[strength])) for strength in (1, 2) if strength <= len(known)
        ]


@quick
@given(spaces(), st.sampled_from([1, 2, 3]))
def test_chosen_scenarios_that_are_all_accepted_cover_all_that_is_possible(space: Space, strength: int) -> None:
    strength = min(strength, len(space.factors))
    if not rows(space):
        return
    scenarios = choose(space, Choice(strategy="covering", strength=strength))
    coverage = measure_coverage(space, [(scenario, "plain", 1) for scenario in scenarios])
    assert all(each.share and each.share.ratio == 1 for each in coverage.strengths[:strength])
    assert list(missing_cells(space, [(scenario, "plain", 1) for scenario in scenarios], strength)) == []


def test_missing_cells_come_in_the_order_of_the_space() -> None:
    moods = space({"mood": "calm angry", "language": "en pt", "tone": "formal casual"})
    counts = [({"mood": "calm", "language": "en", "tone": "casual"}, "plain", 1)]
    assert list(map(tuple, (cell.items() for cell in missing_cells(moods, counts, 2)))) == [
        (("mood", "calm"), ("language", "pt")),
        (("mood", "angry"), ("language", "en")),
        (("mood", "angry"), ("language", "pt")),
        (("mood", "calm"), ("tone", "formal")),
        (("mood", "angry"), ("tone", "formal")),
        (("mood", "angry"), ("tone", "casual")),
        (("language", "en"), ("tone", "formal")),
        (("language", "pt"), ("tone", "formal")),
        (("language", "pt"), ("tone", "casual")),
    ]


def test_a_pair_that_only_several_constraints_rule_out_is_not_possible() -> None:
    ruled = space(
        {"a": "a0 a1", "b": "b0 b1", "c": "c0 c1"},
        Constraint({"a": ("a1",)}, {"c": ("c0",)}),
        Constraint({"b": ("b1",)}, {"c": ("c1",)}),
    )
    assert {"a": "a1", "b": "b1"} not in list(missing_cells(ruled, [], 2))
    # An older record, from before there was a factor `c`.
    coverage = measure_coverage(ruled, [({"a": "a1", "b": "b1"}, "plain", 1)])
    assert [each.share and (each.share.covered, each.share.possible) for each in coverage.strengths[:2]] == [
        (2, 6),
        (0, 9),
    ]


def test_what_is_worst_comes_first_and_of_equals_what_lacks_more() -> None:
    wide = space({"a": "a0 a1", "b": "b0 b1", "c": "c0 c1 c2 c3"})
    coverage = measure_coverage(wide, [({"b": "b0", "c": "c0"}, "plain", 1)])
    assert [(pair.factors, pair.share.covered, pair.share.possible) for pair in coverage.pairs] == [
        (("a", "c"), 0, 8),
        (("a", "b"), 0, 4),
        (("b", "c"), 1, 8),
    ]


def test_a_strength_with_too_many_cells_is_said_to_be_unmeasured() -> None:
    large = space({f"F{number}": "a b c d e f g h" for number in range(100)})
    coverage = measure_coverage(large, [({factor.name: "a" for factor in large.factors}, "plain", 1)])
    assert [(each.cells, each.share and each.share.covered) for each in coverage.strengths] == [
        (800, 100),
        (316_800, 4_950),
        (82_790_400, None),
    ]
    assert coverage.to_dict()["strengths"][2]["ratio"] is None
    with pytest.raises(UsageError, match="82,790,400"):
        missing_cells(large, [], 3)
    assert list(islice(missing_cells(large, [], 2), 1)) == [{"F0": "a", "F1": "a"}]


def test_nothing_is_covered_and_nothing_possible_where_nothing_varies() -> None:
    coverage = measure_coverage(Space(), [({}, "plain", 3)])
    assert (coverage.records, coverage.strengths, coverage.pairs, coverage.values) == (3, (), (), ())
    with pytest.raises(UsageError, match="as many factors"):
        missing_cells(Space(), [], 1)


def test_coverage_is_plain_json() -> None:
    coverage = measure_coverage(space({"a": "a0 a1", "b": "b0 b1"}), [({"a": "a0", "b": "b1"}, "plain", 2)])
    document = coverage.to_dict()
    assert json.loads(json.dumps(document)) == document
    assert document["pairs"] == [{"factors": ["a", "b"], "covered": 1, "possible": 4, "ratio": 0.25}]
    assert document["values"][0] == {"factor": "a", "value": "a0", "records": 2, "possible": True}
    assert document["directions"][0]["strengths"][0] == {
        "strength": 1,
        "cells": 4,
        "covered": 2,
        "possible": 4,
        "ratio": 0.5,
    }
