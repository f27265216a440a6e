"""The labelled conversations of `benchmarks/hygiene/`, and how well the rules tell good ones from others."""

from __future__ import annotations

import asyncio
from collections import Counter

import pytest

from adf_core.diagram import parse
from benchmarks.hygiene import NAMES, PARTS, Results, good_refused, judge, labelled, of_part, overall, score

ENOUGH = 0.95


@pytest.fixture(scope="module")
def results() -> Results:
    return asyncio.run(judge(labelled()))


def test_the_set_has_enough_of_each_kind() -> None:
    conversations = list(labelled())
    labels = Counter(each.label for each in conversations)
    assert len({each.id for each in conversations}) == len(conversations)
    assert labels[None] >= 150
    assert sum(labels.values()) - labels[None] >= 150
    assert {label for label in labels if label} == set(NAMES)
    assert {each.part for each in conversations} == set(PARTS)
    for diagram in {each.context.diagram for each in conversations}:
        parse(diagram)


@pytest.mark.parametrize("part", [None, "tuned", "held_out"])
def test_precision_and_recall_are_high_enough(results: Results, part: str | None) -> None:
    reached = overall(results if part is None else of_part(results, part))
    assert reached.precision >= ENOUGH
    assert reached.recall >= ENOUGH


@pytest.mark.parametrize("rule", NAMES)
def test_each_rule_is_right_far_more_often_than_not(results: Results, rule: str) -> None:
    reached = score(results, rule)
    assert reached.precision >= 0.9
    assert reached.recall >= 0.9


def test_hardly_a_good_conversation_is_refused(results: Results) -> None:
    refused, good = good_refused(results)
    assert refused <= 0.02 * good
