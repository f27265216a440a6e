"""``split:`` in a setup: what it says, and each mistake as one sentence with its place."""

from __future__ import annotations

from pathlib import Path

import pytest

from adf_core import InvalidInput
from adf_core.plugins import load as load_plugins
from adf_core.project import Project, load
from adf_core.testing import make_project

PLUGINS = load_plugins()
MINIMAL = """\
user_role: GUEST
assistant_role: RECEPTIONIST
seed_evolving_directions: [general]
"""
PAIRWISE = """\
scenarios:
  strategy: pairwise
  factors: {mood: [calm, angry, sad], language: [German, Portuguese], tone: [a, b, c, d, e, f, g, h, i, j]}
"""


def loaded(folder: Path, *lines: str) -> Project:
    return load(make_project(folder, text="".join((MINIMAL, *lines))), PLUGINS)


def test_without_the_key_there_are_no_parts(tmp_path: Path) -> None:
    assert loaded(tmp_path).setup.split is None


def test_parts_keep_their_order_and_seeds_stay_together_unless_the_setup_says_otherwise(tmp_path: Path) -> None:
    split = loaded(tmp_path, "split: {test: 0.05, train: 0.9, my-own_2: .05}\n").setup.split
    assert split is not None
    assert list(split.shares.items()) == [("test", 0.05), ("train", 0.9), ("my-own_2", 0.05)]
    assert (split.by, split.factor) == ("seed", "")


@pytest.mark.parametrize(
    ("by", "meaning"),
    [
        ("seed", ("seed", "")),
        ("scenario", ("scenario", "")),
        ("factor tone", ("factor", "tone")),
        ("'  factor   tone '", ("factor", "tone")),
    ],
)
def test_what_stays_together(tmp_path: Path, by: str, meaning: tuple[str, str]) -> None:
    project = loaded(tmp_path, PAIRWISE, f"split: {{train: 0.9, validation: 0.1, by: {by}}}\n")
    assert project.setup.split is not None
    assert (project.setup.split.by, project.setup.split.factor) == meaning
    assert not [warning for warning in project.warnings if "split" in str(warning) or "shares" in str(warning)]


def test_a_name_that_yaml_would_read_otherwise_is_a_name(tmp_path: Path) -> None:
    split = loaded(tmp_path, "split: {no: 0.5, 1: 0.5}\n").setup.split
    assert split is not None and list(split.shares) == ["no", "1"]


def test_a_rounding_error_in_the_sum_is_none(tmp_path: Path) -> None:
    loaded(tmp_path, "split: {a: 0.333333, b: 0.333333, c: 0.333334, d: 0.0000004}\n")


@pytest.mark.parametrize(
    ("line", "place", "words"),
    [
        ("split: {train: 0.9, validation: 0.2}", "4:8", ["`split` add up to 1.1, and they must add up to 1"]),
        (
            "split: {train: 90, validation: 10}",
            "4:8",
            ["add up to 100,", "a part of 1, as in `train: 0.9,"],
        ),
        ("split: {train: 0.9, validation: 0.100002}", "4:8", ["add up to 1.000002,"]),
        ("split: {train: 1, validation: 0}", "4:31", ["`split.validation` must be more than 0, not `0.0`"]),
        ("split: {train: 1.1, validation: -0.1}", "4:33", ["`split.validation` must be more than 0, not `-0.1`"]),
        ("split: {train: most, validation: 0.1}", "4:16", ["`split.train` must be a number, not `most`"]),
        ("split: {train: 1}", "4:8", ["`split` needs at least two parts"]),
        ("split: {by: seed}", "4:8", ["`split` needs at least two parts", "as in `train: 0.9, validation: 0.1`"]),
        ("split: {}", "4:8", ["`split` needs at least two parts"]),
        ("split: 0.9", "4:8", ["`split` must be a mapping"]),
        ("split: {my train: 0.9, test: 0.1}", "4:9", ["a part cannot be called `my train`", "use A-Z, a-z, 0-9"]),
        ("split: {../train: 0.9, test: 0.1}", "4:9", ["a part cannot be called `../train`"]),
        ("split: {a: 0.9, b: 0.1, by: sede}", "4:29", ["must be `seed`, `scenario` or `factor NAME`, not `sede`"]),
        ("split: {a: 0.9, b: 0.1, by: sede}", "4:29", ["did you mean `seed`?"]),
        ("split: {a: 0.9, b: 0.1, by: mood}", "4:29", ["not `mood`", "a factor is named as in `by: factor language`"]),
        ("split: {a: 0.9, b: 0.1, by: seed mood}", "4:29", ["not `seed mood`"]),
        ("split: {a: 0.9, b: 0.1, by: factor}", "4:29", ["`by: factor` does not say which factor"]),
        ("split: {a: 0.9, b: 0.1, by: [seed]}", "4:29", ["`split.by` must be text, not a list"]),
        ("split: {a: 0.9, b: 0.1, by: scenario}", "4:29", ["`strategy: single` has none", "`by: seed`"]),
        ("split: {a: 0.9, b: 0.1, by: factor mood}", "4:29", ["`by: factor mood` needs scenarios that differ"]),
    ],
)
def test_each_mistake_is_one_sentence_with_its_place(tmp_path: Path, line: str, place: str, words: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        loaded(tmp_path, f"{line}\n")
    assert len(caught.value.complaints) == 1
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / 'setup.yaml'}:{place}: "), text
    for word in words:
        assert word in text


@pytest.mark.parametrize(
    ("by", "words"),
    [
        ("factor mod", ["there is no factor `mod`", "did you mean `mood`?"]),
        ("factor weather", ["there is no factor `weather`", "the factors are `RECEPTIONIST-GUEST.count`", "`mood`"]),
        ("factor language", ["`language` has 2 values for 3 parts, so one would stay empty", "take fewer parts"]),
    ],
)
def test_a_factor_that_cannot_be_split_by_is_told(tmp_path: Path, by: str, words: list[str]) -> None:
    with pytest.raises(InvalidInput) as caught:
        loaded(tmp_path, PAIRWISE, f"split: {{a: 0.8, b: 0.1, c: 0.1, by: {by}}}\n")
    text = str(caught.value)
    assert text.startswith(f"{tmp_path / 'setup.yaml'}:7:37: "), text
    for word in words:
        assert word in text


def test_shares_that_a_factors_values_cannot_have_earn_a_warning_with_what_they_get(tmp_path: Path) -> None:
    project = loaded(tmp_path, PAIRWISE, "split: {train: 0.9, validation: 0.1, by: factor mood}\n")
    [warning] = [str(each) for each in project.warnings if "shares" in str(each)]
    assert warning.startswith(f"{tmp_path / 'setup.yaml'}:7:42: ")
    assert "the 3 values of `mood` cannot be divided by these shares: `train` 2, `validation` 1" in warning


def test_all_mistakes_of_a_split_are_told_at_once(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput) as caught:
        loaded(tmp_path, "split: {a b: 0.9, c: 0.2, by: d}\n")
    assert len(caught.value.complaints) == 3


def test_a_wrong_factor_does_not_hide_behind_a_complaint_about_the_split(tmp_path: Path) -> None:
    broken = PAIRWISE.replace("[calm, angry, sad]", "[calm]")
    with pytest.raises(InvalidInput) as caught:
        loaded(tmp_path, broken, "split: {train: 0.9, validation: 0.1, by: factor mood}\n")
    [complaint] = caught.value.complaints
    assert "`mood` has one value" in str(complaint)
