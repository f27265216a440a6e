"""Covering arrays, checked by looking at every combination of values."""

from __future__ import annotations

from itertools import combinations, product

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from adf_core.errors import UsageError
from adf_core.scenarios import covering_array
from adf_core.scenarios.cells import cell_count
from adf_core.scenarios.rules import Rule, Rules

Row = tuple[int, ...]


def obeys(row: Row, rules: list[Rule]) -> bool:
    return all(any(row[factor] in values for factor, values in rule.items()) for rule in rules)


def possible_rows(levels: list[int], rules: list[Rule]) -> list[Row]:
    return [row for row in product(*map(range, levels)) if obeys(row, rules)]


def cells(rows: list[Row], strength: int) -> set[tuple[Row, Row]]:
    """Every choice of values for ``strength`` stated factors that stands in a row."""
    return {
        (factors, tuple(row[factor] for factor in factors))
        for row in rows
        for factors in combinations(range(len(row)), strength)
        if all(row[factor] >= 0 for factor in factors)
    }


@st.composite
def spaces(draw: st.DrawFn) -> tuple[list[int], int, list[Rule]]:
    """Levels, a strength and rules of a space small enough to look at every row."""
    levels = draw(st.lists(st.integers(1, 4), min_size=1, max_size=6))
    strength = draw(st.integers(1, min(4, len(levels))))
    rules = []
    for _ in range(draw(st.integers(0, 4))):
        factors = draw(st.lists(st.sampled_from(range(len(levels))), min_size=1, max_size=3, unique=True))
        rules.append(
            {factor: draw(st.frozensets(st.sampled_from(range(levels[factor])), max_size=3)) for factor in factors}
        )
    return levels, strength, rules


quick = settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@quick
@given(spaces(), st.integers(0, 3), st.sampled_from([0, 1]))
def test_every_feasible_cell_is_covered_and_no_row_breaks_a_rule(space, seed: int, effort: int) -> None:
    levels, strength, rules = space
    possible = possible_rows(levels, rules)
    if not possible:
        with pytest.raises(UsageError, match="No row obeys all rules"):
            covering_array(levels, strength, seed, rules=rules, effort=effort)
        return
    rows = list(map(tuple, covering_array(levels, strength, seed, rules=rules, effort=effort)))
    assert cells(rows, strength) == cells(possible, strength)
    assert all(obeys(row, rules) for row in rows)
    assert rows == list(map(tuple, covering_array(levels, strength, seed, rules=rules, effort=effort)))


@quick
@given(spaces(), st.data())
def test_extending_keeps_existing_rows_and_adds_what_they_lack(space, data: st.DataObject) -> None:
    levels, strength, rules = space
    possible = possible_rows(levels, rules)
    if not possible:
        return
    # Rows of any kind: some do not state the last factors, some break a rule.
    any_row = st.tuples(*(st.integers(-1, level - 1) for level in levels))
    existing = data.draw(st.lists(any_row | st.sampled_from(possible), max_size=6))
    rows = list(map(tuple, covering_array(levels, strength, rules=rules, existing=existing)))
    assert rows[: len(existing)] == existing
    new = rows[len(existing) :]
    assert all(obeys(row, rules) and min(row) >= 0 for row in new)
    assert cells(rows, strength) >= cells(possible, strength)
    assert list(map(tuple, covering_array(levels, strength, rules=rules, existing=rows)))[len(rows) :] == []


@pytest.mark.parametrize("effort", [0, 1])
def test_each_new_row_brings_no_more_than_the_one_before(effort: int) -> None:
    rows = list(map(tuple, covering_array([4, 4, 3, 3, 2, 2, 2], 2, effort=effort)))
    seen: set[object] = set()
    gains = []
    for row in rows:
        found = cells([row], 2)
        gains.append(len(found - seen))
        seen |= found
    assert gains == sorted(gains, reverse=True)
    assert gains[-1] > 0


@pytest.mark.parametrize(
    ("levels", "most"),
    [
        ([3] * 4, 9),
        ([3] * 13, 18),
        ([4] * 15 + [3] * 17 + [2] * 29, 37),
        ([4] + [3] * 39 + [2] * 35, 27),
        ([2] * 100, 15),
        ([10] * 20, 210),
    ],
)
def test_the_standard_instances_take_no_more_rows_than_pict(levels: list[int], most: int) -> None:
    rows = list(map(tuple, covering_array(levels)))
    assert len(rows) <= most
    assert len(cells(rows, 2)) == cell_count(levels, 2)


def test_more_effort_takes_fewer_rows() -> None:
    sizes = [len(covering_array([5] * 12, effort=effort)) for effort in (0, 1, 3)]
    assert sizes == sorted(sizes, reverse=True)
    assert sizes[0] > sizes[-1]


def test_weights_decide_among_equals() -> None:
    levels = [2] * 3 + [6] * 2
    rows = covering_array(levels, weights=[[9, 1]] * 3 + [[1] * 6] * 2)
    heavy = sum(row[:3].count(0) for row in rows)
    assert heavy > 0.65 * 3 * len(rows)


@pytest.mark.parametrize(
    ("levels", "strength", "told"),
    [
        ([3, 3], 3, "A strength of 3 needs as many factors, and there are 2."),
        ([3, 3], 0, "A strength of 0"),
        ([10] * 200, 3, "1,313,400,000 combinations of values, more than 50,000,000"),
    ],
)
def test_what_cannot_be_covered_is_said(levels: list[int], strength: int, told: str) -> None:
    with pytest.raises(UsageError, match=told):
        covering_array(levels, strength)


def test_a_search_sees_what_no_single_rule_shows() -> None:
    # Three factors of two values that must all differ: each pair can, all three cannot.
    differ = [{a: frozenset({0}), b: frozenset({0})} for a, b in ((0, 1), (1, 2), (0, 2))]
    differ += [{a: frozenset({1}), b: frozenset({1})} for a, b in ((0, 1), (1, 2), (0, 2))]
    rules = Rules([2, 2, 2], differ)
    assert rules.complete({}) is None
    assert Rules([2, 2, 2], differ[:5]).complete({}) is not None
