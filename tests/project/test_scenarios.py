"""``scenarios:`` in a setup: the space it makes with the diagram, and every mistake in it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import yaml

from adf_core.errors import UsageError
from adf_core.project import Project, load
from adf_core.scenarios import Constraint
from adf_core.testing import ScriptedProvider, make_project, plugins_with

PLUGINS = plugins_with(ScriptedProvider)
DIAGRAM = """erDiagram
    GUEST {
        string mood "calm | annoyed"
        int nights "1..9"
        sex male
    }
    GUEST }|--|| RECEPTIONIST : "asks for help"
"""
BASE = """user_role: GUEST
assistant_role: RECEPTIONIST
seed_evolving_directions: [general]
provider: scripted
"""


def loaded(folder: Path, **scenarios: Any) -> Project:
    text = BASE + yaml.safe_dump({"scenarios": {"strategy": "pairwise", **scenarios}}, sort_keys=False)
    return load(make_project(folder, diagram=DIAGRAM, text=text), PLUGINS)


def names(project: Project) -> list[str]:
    return [factor.name for factor in project.space.factors]


def test_the_space_has_the_diagrams_factors_and_then_the_setups(tmp_path: Path) -> None:
    project = loaded(tmp_path, factors={"tone": ["warm", "curt"], "language": {"English": 3, "Polish": 1}})
    assert names(project) == ["GUEST.mood", "GUEST.nights", "RECEPTIONIST-GUEST.count", "tone", "language"]
    assert [(value.text, value.weight) for value in project.space.factors[-1].values] == [("English", 3), ("Polish", 1)]


def test_factors_can_be_omitted_or_replaced(tmp_path: Path) -> None:
    factors = {"GUEST.mood": {"values": ["calm", "angry", "sad"], "description": "at the desk"}}
    project = loaded(tmp_path, omit=["*.count", "GUEST.nights"], factors=factors)
    assert names(project) == ["GUEST.mood"]
    assert project.space.factors[0].description == "at the desk"
    assert len(project.space.factors[0].values) == 3


def test_buckets_and_words_are_as_written(tmp_path: Path) -> None:
    project = loaded(tmp_path, buckets=2, factors={"smokes": ["no", "yes"], "version": ["1.10", "1.20"]})
    by_name = {factor.name: [value.text for value in factor.values] for factor in project.space.factors}
    assert by_name["GUEST.nights"] == ["1..4", "5..9"]
    assert (by_name["smokes"], by_name["version"]) == (["no", "yes"], ["1.10", "1.20"])


def test_constraints_take_one_value_or_several(tmp_path: Path) -> None:
    rule = {"when": {"GUEST.mood": "annoyed"}, "then": {"GUEST.nights": ["1..3", "4..6"]}}
    (constraint,) = loaded(tmp_path, constraints=[rule]).space.constraints
    assert constraint == Constraint({"GUEST.mood": ("annoyed",)}, {"GUEST.nights": ("1..3", "4..6")})


@pytest.mark.parametrize(
    ("scenarios", "place", "words"),
    [
        ("strategy: pairwize", "6:13", ["must be one of", "did you mean `pairwise`?"]),
        ("strategy: pairwise\n  strength: 3", "7:13", ["`strength` is for the strategy `covering`"]),
        ("strategy: covering\n  strength: 4", "7:13", ["a strength of 4 needs as many factors, and there are 3"]),
        ("strategy: covering\n  strength: 5", "7:13", ["4"]),
        ("strategy: random", "6:3", ["needs a `count`"]),
        ("strategy: random\n  count: 3\n  per_cell: 2", "8:13", ["`per_cell` is for strategies that cover"]),
        ("strategy: pairwise\n  omit: [GUEST.moo]", "7:10", ["no factor", "did you mean `GUEST.mood`?"]),
        ("strategy: pairwise\n  omit: ['*']", "6:3", ["nothing varies", "add `scenarios.factors`"]),
        ("strategy: pairwise\n  factors: {tone: [warm]}", "7:19", ["one value, `warm`", "it is no factor"]),
        ("strategy: pairwise\n  factors: {tone: {warm: 1, curt: 0}}", "7:19", ["one value, `warm`"]),
        ("strategy: pairwise\n  factors: {tone: [warm, warm]}", "7:19", ["the value `warm` twice"]),
        ("strategy: pairwise\n  factors: {tone: {warm: -1, curt: 2}}", "7:26", ["weight of `warm` is negative"]),
        ("strategy: pairwise\n  factors: {tone: {warm: 0, curt: 0}}", "7:19", ["all weights", "are 0"]),
        ("strategy: pairwise\n  factors: {tone: warm}", "7:19", ["must be a list"]),
        (
            "strategy: pairwise\n  constraints: [{when: {GUEST.moood: calm}, then: {GUEST.nights: 1..3}}]",
            "7:38",
            ["there is no factor `GUEST.moood`", "did you mean `GUEST.mood`?"],
        ),
        (
            "strategy: pairwise\n  constraints: [{when: {GUEST.mood: cam}, then: {GUEST.nights: 1..3}}]",
            "7:37",
            ["`GUEST.mood` has no value `cam`", "did you mean `calm`?"],
        ),
        ("strategy: pairwise\n  constraints: [{when: {GUEST.mood: calm}}]", "7:17", ["then"]),
        (
            "strategy: pairwise\n  constraints:\n"
            "  - {when: {GUEST.mood: calm}, then: {GUEST.nights: 1..3}}\n"
            "  - {when: {GUEST.mood: [calm, annoyed]}, then: {GUEST.nights: 4..6}}\n"
            "  - {when: {GUEST.nights: 4..6}, then: {GUEST.mood: calm}}\n",
            "10:5",
            [
                "these constraints contradict each other",
                "when `GUEST.mood` is `calm`, then `GUEST.nights` is `1..3`; when",
                "loosen one of them",
            ],
        ),
    ],
)
def test_each_mistake_is_said_with_its_place(tmp_path: Path, scenarios: str, place: str, words: list[str]) -> None:
    folder = make_project(tmp_path, diagram=DIAGRAM, text=f"{BASE}scenarios:\n  {scenarios}\n")
    with pytest.raises(UsageError) as caught:
        load(folder, PLUGINS)
    told = str(caught.value)
    assert f"{folder / 'setup.yaml'}:{place}: " in told
    for word in words:
        assert word in told


def test_a_space_too_large_for_all_says_so(tmp_path: Path) -> None:
    from adf_core.scenarios import choose

    factors = {f"f{number}": list("abcdefghij") for number in range(7)}
    project = loaded(tmp_path, strategy="all", factors=factors)
    with pytest.raises(UsageError, match=r"120,000,000 scenarios, more than 1,000,000\. Take `pairwise`"):
        choose(project.space, project.setup.choice)
    limited = loaded(tmp_path, strategy="all", limit=5, factors=factors)
    assert len(choose(limited.space, limited.setup.choice)) == 5


def test_with_single_factors_have_no_effect_and_that_is_said(tmp_path: Path) -> None:
    project = loaded(tmp_path, strategy="single", factors={"tone": ["warm", "curt"]})
    assert project.space.factors == ()
    (warning,) = project.warnings
    assert "`factors` has no effect with `strategy: single`" in warning.message
