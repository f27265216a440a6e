"""Parts of a dataset: no family is divided, shares are near, and nothing changes sides when the dataset grows."""

from __future__ import annotations

import json
from collections import Counter
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adf_core import Record, Turn
from adf_core.scenarios.splits import Parts, Split

NINE_TO_ONE = {"train": 0.9, "validation": 0.1}
BY_SCENARIO = Split(shares=NINE_TO_ONE, by="scenario")
BY_MOOD = Split(shares=NINE_TO_ONE, by="factor", factor="mood")
BY_SEED = Split(shares=NINE_TO_ONE)
GRID = [{"mood": mood, "language": language} for mood, language in product("abcdefgh", "uvwxyz")]

shares_of_parts = (
    st.lists(st.integers(1, 40), min_size=2, max_size=5)
    .map(lambda weights: [weight / sum(weights) for weight in weights])
    .map(lambda shares: {f"part-{number}": share for number, share in enumerate(shares)})
)
some_scenarios = st.lists(st.sampled_from(GRID), max_size=40, unique_by=str)


def record(seed: str = "s", scenario: dict[str, str] | None = None, **changes: object) -> Record:
    values = {"key": seed, "stage": "seed", "type": "conversation", "category": "c", "direction": "d"}
    more = {"scenario": scenario or {}, "seed": seed, "turns": (Turn("u", "a"),), "provider": "p", "model": "m"}
    return Record(**{**values, **more, **changes})


def sides(parts: Parts, scenarios: list[dict[str, str]]) -> dict[str, str]:
    return {str(scenario): parts.of(record(scenario=scenario)) for scenario in scenarios}


@settings(max_examples=30, deadline=None)
@given(shares_of_parts, st.text(max_size=5))
def test_each_part_has_about_its_share_of_many_seeds(shares: dict[str, float], salt: str) -> None:
    parts = Parts(Split(shares=shares))
    seeds = 2000
    found = Counter(parts.of(record(f"{salt}{number}")) for number in range(seeds))
    for name, share in shares.items():
        six_deviations = 6 * (share * (1 - share) * seeds) ** 0.5
        assert abs(found[name] - share * seeds) <= six_deviations + 1


@given(
    st.sampled_from([BY_SEED, BY_SCENARIO, BY_MOOD]),
    some_scenarios,
    st.lists(st.tuples(st.text(), st.sampled_from(GRID)), min_size=1, max_size=8),
)
def test_all_that_derives_from_a_seed_goes_where_the_seed_goes(split: Split, planned: list, families: list) -> None:
    parts = Parts(split).grown(planned)
    for seed, scenario in families:
        root = parts.of(record(seed, scenario))
        for number in range(5):
            lineage = {"key": f"k{number}", "stage": "derivation", "round": 2, "parent": f"k{number - 1}"}
            in_breadth = {"prefix": (), "prefix_length": 3, "direction": "elsewhere", "replicate": number}
            assert parts.of(record(seed, scenario, **lineage, **in_breadth)) == root


@given(some_scenarios)
def test_records_of_one_scenario_or_one_value_are_never_divided(planned: list[dict[str, str]]) -> None:
    by_scenario, by_mood = Parts(BY_SCENARIO).grown(planned), Parts(BY_MOOD).grown(planned)
    for scenario in GRID:
        turned = dict(reversed(scenario.items()))
        assert by_scenario.of(record("s1", scenario)) == by_scenario.of(record("s2", turned))
        assert by_mood.of(record("s1", scenario)) == by_mood.of(record("s2", {**scenario, "language": "other"}))


def test_records_that_do_not_state_the_factor_are_divided_by_their_seeds() -> None:
    parts = Parts(BY_MOOD).grown(GRID)
    for number in range(200):
        bare = record(f"s{number}", {"language": "u"})
        assert parts.of(bare) == Parts(BY_SEED).of(bare)


@given(shares_of_parts, some_scenarios)
def test_few_units_are_divided_exactly_and_no_part_stays_empty(shares: dict[str, float], planned: list) -> None:
    split = Split(shares=shares, by="scenario")
    found = Counter(sides(Parts(split).grown(planned), planned).values())
    units = len(planned)
    assert found.total() == units
    if units >= len(shares):
        assert all(found[name] for name in shares)
    if all(share * units >= 1 for share in shares.values()):
        for name, share in shares.items():
            assert abs(found[name] - share * units) < 1 + 1e-9


@pytest.mark.parametrize(
    ("shares", "units", "counts"),
    [
        ([0.9, 0.1], 0, [0, 0]),
        ([0.9, 0.1], 1, [1, 0]),
        ([0.9, 0.1], 2, [1, 1]),
        ([0.9, 0.1], 10, [9, 1]),
        ([0.9, 0.1], 14, [13, 1]),
        ([0.9, 0.1], 16, [14, 2]),
        ([0.8, 0.1, 0.1], 2, [2, 0, 0]),
        ([0.8, 0.1, 0.1], 3, [1, 1, 1]),
        ([0.8, 0.1, 0.1], 30, [24, 3, 3]),
        ([0.29, 0.71], 100, [29, 71]),
        ([0.98, 0.01, 0.01], 6, [4, 1, 1]),
    ],
)
def test_counts_go_by_largest_remainder(shares: list[float], units: int, counts: list[int]) -> None:
    split = Split(shares=dict(zip("abc", shares, strict=False)), by="scenario")
    assert list(split.counts(units).values()) == counts


@settings(max_examples=50)
@given(st.sampled_from([BY_SEED, BY_SCENARIO, BY_MOOD]), shares_of_parts, st.lists(some_scenarios, max_size=5))
def test_no_unit_changes_sides_whatever_is_planned_later(split: Split, shares: dict, plans: list) -> None:
    parts = Parts(Split(shares=shares, by=split.by, factor=split.factor))
    placed: dict[str, str] = {}
    for planned in plans:
        parts = parts.grown(planned)
        now = {**sides(parts, planned), **{name: parts.of(record(name)) for name in ("s1", "s2", "s3")}}
        assert placed.items() <= {**placed, **now}.items()
        placed |= now
        assert Parts.from_dict(json.loads(json.dumps(parts.to_dict()))) == parts


@given(st.integers(1, len(GRID)), st.integers(1, 99))
def test_two_parts_that_grow_one_by_one_stay_exact(units: int, percent: int) -> None:
    split = Split(shares={"train": percent / 100, "validation": 1 - percent / 100}, by="scenario")
    parts = Parts(split)
    for number in range(1, units + 1):
        parts = parts.grown(GRID[:number])
    found = Counter(sides(parts, GRID[:units]).values())
    assert {name: found[name] for name in split.shares} == split.counts(units)


@given(st.randoms())
def test_the_order_of_scenarios_and_of_parts_means_nothing(random) -> None:
    shuffled = random.sample(GRID, len(GRID))
    turned = Split(shares=dict(reversed(NINE_TO_ONE.items())), by="scenario")
    assert sides(Parts(turned).grown(shuffled), GRID) == sides(Parts(BY_SCENARIO).grown(GRID), GRID)
    seeds = [record(str(number)) for number in range(100)]
    by_seed = Split(shares=turned.shares)
    assert [Parts(by_seed).of(each) for each in seeds] == [Parts(BY_SEED).of(each) for each in seeds]


def test_a_seed_has_the_same_part_in_every_version_of_the_program() -> None:
    split = Split(shares={"train": 0.5, "validation": 0.25, "test": 0.25})
    expected = ["train", "train", "test", "train", "test", "test", "train", "train"]
    assert [Parts(split).of(record(seed)) for seed in "abcdefgh"] == expected


def test_text_without_a_form_in_utf_8_is_divided_too() -> None:
    scenario = {"mood": "\ud800"}
    for split in (BY_SCENARIO, BY_MOOD):
        assert Parts(split).grown([scenario]).of(record(scenario=scenario)) == "train"
