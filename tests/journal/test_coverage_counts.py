"""Which records count for the coverage."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path

import pytest

from adf_core import Turn
from adf_core.diagram import Factor, Value
from adf_core.journal import FILE_NAME, Journal, JournalReader, SettledSlot
from adf_core.scenarios import Space

CALM, ANGRY = {"mood": "calm"}, {"mood": "angry"}


def settled(key: str, scenario: dict[str, str], **fields: object) -> SettledSlot:
    basis = {
        **{"key": key, "round": 0, "place": key.encode(), "stage": "seed", "type": "conversation"},
        **{"direction": "plain", "parent": None, "seed": key, "prefix_length": 0, "inherited": 0, "replicate": 0},
        **{"state": "accepted", "attempts": 1, "attempt": 1, "provider": "p", "model": "m", "turns": (Turn("u", "a"),)},
    }
    return SettledSlot(**{**basis, "scenario": scenario, **fields})  # type: ignore[arg-type]


@pytest.fixture
def reader(tmp_path: Path) -> JournalReader:
    async def write() -> None:
        async with Journal(tmp_path) as journal:
            space = Space((Factor("mood", (Value("calm"), Value("angry"))),))
            journal.set_meta(epoch="2", space=json.dumps(space.to_dict()))
            journal.set_scenarios([CALM, ANGRY])
            journal.settle(settled("a", CALM, round=1), 2)
            journal.settle(settled("b", CALM), 2)
            journal.settle(settled("c", CALM, direction="wordy"), 2)
            journal.settle(settled("d", ANGRY), 2)
            journal.settle(settled("rejected", ANGRY, state="rejected", turns=()), 2)
            journal.settle(settled("excluded", ANGRY), 2)
            journal.settle(settled("history", ANGRY), 1)
            journal.set_exclusions([("excluded", "twins", "it is one")])
            await journal.commit()

    asyncio.run(write())
    with JournalReader(tmp_path / FILE_NAME) as reader:
        yield reader


def test_records_count_that_were_accepted_in_this_epoch_and_are_not_kept_out(reader: JournalReader) -> None:
    found = sorted(reader.coverage_counts(), key=str)
    assert found == [(ANGRY, "plain", 1), (CALM, "plain", 2), (CALM, "wordy", 1)]
    assert sum(count for _, _, count in found) == len(list(reader.records("any")))


@pytest.mark.parametrize("target", [1, 3, 4, 9])
def test_with_a_target_only_the_dataset_counts(reader: JournalReader, tmp_path: Path, target: int) -> None:
    async def write() -> None:
        async with Journal(tmp_path) as journal:
            journal.set_meta(target=str(target))
            await journal.commit()

    asyncio.run(write())
    expected: dict[tuple[str, str], int] = {}
    for record in reader.records("any"):
        key = (record.scenario["mood"], record.direction)
        expected[key] = expected.get(key, 0) + 1
    assert sum(expected.values()) == min(target, 4)
    found = {(scenario["mood"], direction): count for scenario, direction, count in reader.coverage_counts()}
    assert found == expected


def test_the_space_is_read_back_and_whether_scenarios_state_anything(reader: JournalReader, tmp_path: Path) -> None:
    space = reader.space()
    assert space is not None
    assert [factor.name for factor in space.factors] == ["mood"]
    assert reader.states_scenarios()

    async def write() -> None:
        async with Journal(tmp_path) as journal:
            journal.set_scenarios([{}])
            await journal.commit()

    asyncio.run(write())
    assert not reader.states_scenarios()


def test_a_journal_without_scenarios_has_no_space(tmp_path: Path) -> None:
    async def write() -> None:
        async with Journal(tmp_path):
            pass

    asyncio.run(write())
    with JournalReader(tmp_path / FILE_NAME) as reader:
        assert reader.space() is None
        assert not reader.states_scenarios()
        assert reader.coverage_counts() == []
