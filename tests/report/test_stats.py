"""The numbers of ``adf stats`` on journals whose every row is known."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from adf_core import ContentBlocked, Response, Turn, Usage
from adf_core.journal import FILE_NAME, Journal, JournalReader, SettledSlot, StoredVerdict
from adf_core.journal.statistics import ValueCount, slot_counts, snapshot, verdict_counts
from adf_core.report.stats import Statistics, gather, sample_texts, spread

NOW = 2
"""The epoch of these journals; the one before is history."""

ACCEPT = (StoredVerdict("schema", "accept"), StoredVerdict("polite", "accept", scores={"tone": 4.0}))
CALM, ANGRY = {"mood": "calm", "place": "desk"}, {"mood": "angry", "place": "desk"}


class Writer:
    """Writes answers and slots as a run does."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal

    def answer(
        self,
        slot: str,
        *verdicts: StoredVerdict,
        attempt: int = 1,
        request: str = "now",
        feedback: str = "",
        epoch: int = NOW,
        purpose: str = "",
        tokens: int = 10,
        cost: float | None = 0.01,
        refused: bool = False,
    ) -> None:
        text = Response("text", usage=Usage(100, tokens), model="m", cost_usd=cost)
        stored = self._journal.add_answer(
            **{"slot": slot, "purpose": purpose, "request": request, "attempt": attempt, "seed": 1},
            **{"feedback": feedback, "tries": 1, "started": 0.0, "waited": 0.0, "seconds": 0.1},
            outcome=ContentBlocked("no") if refused else text,
        )
        self._journal.add_verdicts(stored.id, epoch, verdicts)

    def slot(self, key: str, epoch: int = NOW, **fields: Any) -> None:
        usual: dict[str, Any] = {
            **{"key": key, "round": 0, "place": key.encode(), "stage": "seed", "type": "conversation"},
            **{"direction": "plain", "parent": None, "seed": key, "prefix_length": 0, "inherited": 0, "replicate": 0},
            **{"state": "accepted", "attempts": 1, "attempt": 1, "provider": "p", "model": "m"},
            **{"turns": (Turn("one two", "three"),)},
        }
        if fields.get("state", "accepted") != "accepted":
            usual |= {"attempt": None, "turns": ()}
        self._journal.settle(SettledSlot(**{**usual, **fields}), epoch)

    def accepted(self, key: str, **fields: Any) -> None:
        """A slot whose first answer was accepted."""
        self.answer(key, *ACCEPT)
        self.slot(key, **fields)

    def exclude(self, *exclusions: tuple[str, str, str]) -> None:
        self._journal.set_exclusions(exclusions)


Fill = Callable[[Writer], None]


@pytest.fixture
def counted(tmp_path: Path) -> Callable[[Fill], Statistics]:
    """The numbers of a journal that is filled so."""

    def count(fill: Fill) -> Statistics:
        async def write() -> None:
            async with Journal(tmp_path) as journal:
                journal.set_meta(epoch=str(NOW))
                fill(Writer(journal))
                await journal.commit()

        asyncio.run(write())
        with JournalReader(tmp_path / FILE_NAME) as reader:
            return gather(reader, sample_texts(reader, 100))

    return count


def reject(validator: str, reason: str, position: int = 0) -> tuple[StoredVerdict, ...]:
    return (*ACCEPT[:position], StoredVerdict(validator, "reject", reason))


def test_every_slot_that_ended_counts_once_and_what_is_kept_out_is_rejected(counted) -> None:
    def fill(write: Writer) -> None:
        write.accepted("a")
        write.accepted("b", stage="derivation", direction="wordy")
        write.accepted("twin", stage="derivation")
        write.exclude(("twin", "twins", "it is b"), ("gone", "twins", "of an earlier plan"))
        write.slot("c", state="rejected", judge="schema", reason="no")
        write.slot("d", state="failed", judge="Timeout", reason="No answer came within 600 seconds.")
        write.slot("history", epoch=1)

    found = counted(fill)
    assert (found.ended.slots, found.ended.accepted, found.ended.rejected, found.ended.failed) == (5, 2, 2, 1)
    assert found.excluded == 1
    assert [(name, each.slots, each.accepted) for name, each in found.stages.items()] == [
        ("seed", 3, 1),
        ("derivation", 2, 1),
    ]
    assert {name: each.share for name, each in found.directions.items()} == {"plain": 1 / 4, "wordy": 1}
    assert [(each.by, each.slots) for each in found.failures] == [("Timeout", 1)]


def test_validators_count_what_came_before_them(counted) -> None:
    revised = (StoredVerdict("schema", "accept"), StoredVerdict("polite", "revise", "a swearword went"))

    def fill(write: Writer) -> None:
        write.answer("a", StoredVerdict("answer", "reject", "it has no JSON object"))
        write.answer("a", *reject("schema", "there are too few turns: 1"), attempt=2)
        write.answer("a", *reject("polite", "rude", position=1), attempt=3)
        write.answer("a", *revised, attempt=4)
        write.slot("a", attempts=4, attempt=4)
        write.accepted("b")
        write.exclude(("b", "twins", "it is a"))
        write.answer("a", *reject("schema", "of an earlier setup"), epoch=1)

    validators = counted(fill).validators
    assert [(each.name, each.scope) for each in validators] == [
        ("answer", "record"),
        ("schema", "record"),
        ("polite", "record"),
        ("twins", "dataset"),
    ]
    numbers = [(each.judged, each.accepted, each.revised, each.rejected) for each in validators]
    assert numbers == [(5, 4, 0, 1), (4, 3, 0, 1), (3, 1, 1, 1), (2, 1, 0, 1)]
    assert [each.to_dict()["share"] for each in validators] == [4 / 5, 3 / 4, 2 / 3, 1 / 2]


def test_without_validators_the_parse_step_still_counts(counted) -> None:
    def fill(write: Writer) -> None:
        write.answer("a", StoredVerdict("answer", "reject", "it has no JSON object"))
        write.answer("a", attempt=2)
        write.slot("a", attempt=2)
        write.answer("b")
        write.slot("b")

    (parse,) = counted(fill).validators
    assert (parse.name, parse.judged, parse.rejected) == ("answer", 3, 1)


def test_reasons_that_differ_in_numbers_and_quotations_count_as_one(counted) -> None:
    said = [
        *("too few turns: 1", "too few turns: 2", "too few turns: 1,200"),
        *('it says "dear"', 'it says "my dear friend"'),
        *("it is odd", "it is odd", "it is like record 0f3a", "it is late"),
    ]

    def fill(write: Writer) -> None:
        for number, reason in enumerate(said):
            write.answer(f"{number}", *reject("schema", reason))
            trace = f"Traceback (most recent call last):\n  File x, line {number}\nValueError: row {number}\n"
            write.slot(f"{number}", state="failed", judge="polite", reason=trace)

    found = counted(fill)
    schema = found.validators[1]
    assert schema.rejected == len(said)
    assert [(each.example, each.count) for each in schema.reasons] == [
        ("too few turns: 1", 3),
        ("it is odd", 2),
        ('it says "dear"', 2),
    ]
    (failure,) = found.failures
    assert [(each.example, each.count) for each in failure.reasons] == [("ValueError: row 0", len(said))]


def test_feedback_saved_what_was_accepted_after_a_rejection_with_an_answer_that_was_told_of_it(counted) -> None:
    def fill(write: Writer) -> None:
        write.accepted("at once")
        write.answer("saved", *reject("schema", "short"))
        write.answer("saved", *ACCEPT, attempt=2, feedback="It was short.")
        write.slot("saved", attempts=2, attempt=2)
        write.answer("lucky", *reject("schema", "short"))
        write.answer("lucky", attempt=2, feedback="It was short.", refused=True)
        write.answer("lucky", *ACCEPT, attempt=3)
        write.slot("lucky", attempts=3, attempt=3)
        write.answer("blocked first", refused=True)
        write.answer("blocked first", *ACCEPT, attempt=2)
        write.slot("blocked first", attempts=2, attempt=2)
        for attempt in (1, 2):
            write.answer("lost", *reject("schema", "short"), attempt=attempt, feedback="It was short." * (attempt - 1))
        write.slot("lost", attempts=2, state="rejected")
        write.answer("twin", *reject("schema", "short"))
        write.answer("twin", *ACCEPT, attempt=2, feedback="It was short.")
        write.slot("twin", attempts=2, attempt=2)
        write.exclude(("twin", "twins", "it is saved"))
        write.answer("under way", *reject("schema", "short"))

    found = counted(fill)
    feedback = found.feedback
    assert (feedback.refused, feedback.accepted, feedback.saved, feedback.records) == (4, 2, 1, 4)
    assert feedback.to_dict()["share"] == 1 / 4
    assert feedback.to_dict()["share_of_records"] == 1 / 4
    assert found.attempts == {1: 1, 2: 2, 3: 1}


def test_an_answer_of_an_earlier_prompt_is_not_taken_for_the_accepted_one(counted) -> None:
    """The prompt was edited and the edit taken back: of two second answers the older one is the record's."""

    def fill(write: Writer) -> None:
        write.answer("a", *reject("schema", "short"))
        write.answer("a", *ACCEPT, attempt=2, feedback="It was short.", tokens=7)
        write.answer("a", *ACCEPT, attempt=2, request="edited", epoch=1, tokens=99)
        write.slot("a", attempts=2, attempt=2)

    found = counted(fill)
    assert found.length is not None
    assert (found.unit, found.length.max) == ("tokens", 7)
    assert found.feedback.saved == 1


def test_values_and_scenarios_say_how_much_of_what_was_asked_for_was_accepted(counted) -> None:
    def fill(write: Writer) -> None:
        write.accepted("a", scenario=CALM, confirmed=("mood", "place"))
        write.accepted("b", scenario=CALM, confirmed=("mood",))
        write.accepted("c", scenario=ANGRY)
        write.slot("d", scenario=ANGRY, state="rejected")
        write.slot("e", scenario=ANGRY, state="failed")
        write.accepted("f", scenario=ANGRY, confirmed=("mood",))
        write.exclude(("f", "twins", "it is c"))

    scenarios = counted(fill).scenarios
    found = {
        (factor, value): (each.slots, each.accepted, each.confirmed)
        for factor, values in scenarios.values.items()
        for value, each in values.items()
    }
    assert found == {("mood", "angry"): (4, 1, 0), ("mood", "calm"): (2, 2, 2), ("place", "desk"): (6, 3, 1)}
    assert scenarios.confirmed_share == 3 / 6
    assert [(scenario, each.slots, each.accepted) for scenario, each in scenarios.worst] == [(ANGRY, 4, 1)]


def test_where_nobody_confirms_values_nothing_is_said_of_it(counted) -> None:
    scenarios = counted(lambda write: write.accepted("a", scenario=CALM)).scenarios
    assert scenarios.confirmed_share is None
    assert scenarios.values["mood"]["calm"].confirmed is None
    assert counted(lambda write: write.accepted("b")).to_dict()["scenarios"]["confirmed_share"] is None


def test_scores_are_those_of_records_beside_the_mean_of_all_that_were_judged(counted) -> None:
    def fill(write: Writer) -> None:
        for number, score in enumerate((1.0, 2.0, 3.0, 4.0, 10.0)):
            write.answer(f"{number}", StoredVerdict("judge", "accept", scores={"tone": score}))
            write.slot(f"{number}", scores={"judge.tone": score})
        write.answer("bad", StoredVerdict("judge", "reject", "rude", scores={"tone": 0.0}))
        write.slot("bad", state="rejected")
        write.accepted("odd", scores={"judge.tone": float("nan")})

    found = counted(fill).scores["judge.tone"]
    spread = found.spread
    assert (spread.count, spread.mean, spread.min, spread.max) == (5, 4, 1, 10)
    assert (spread.q1, spread.median, spread.q3) == (2, 3, 4)
    assert (found.judged, found.judged_mean) == (6, pytest.approx(20 / 6))


@pytest.mark.parametrize("numbers", [[1], [1, 2], [3, 1, 2], [5, 5, 5, 9], list(range(101))])
def test_a_quartile_is_the_lowest_number_with_a_quarter_at_or_below(numbers: list[int]) -> None:
    rows = [ValueCount("n", number, numbers.count(number), len(numbers)) for number in sorted(set(numbers))]
    found = spread(rows)
    assert found is not None

    def lowest(share: float) -> int:
        return min(each for each in numbers if sum(other <= each for other in numbers) >= share * len(numbers))

    assert (found.q1, found.median, found.q3) == (lowest(0.25), lowest(0.5), lowest(0.75))
    assert (found.min, found.max, found.mean) == (
        min(numbers),
        max(numbers),
        pytest.approx(sum(numbers) / len(numbers)),
    )


def test_lengths_are_in_tokens_where_all_were_counted_and_else_in_words(counted) -> None:
    def all_counted(write: Writer) -> None:
        write.answer("a", *ACCEPT, tokens=7)
        write.slot("a", turns=(Turn("u", "a"), Turn("u", "a")))
        write.answer("b", *ACCEPT, tokens=9)
        write.slot("b")

    found = counted(all_counted)
    assert (found.unit, found.length.min, found.length.max) == ("tokens", 7, 9)
    assert (found.turns.min, found.turns.max, found.turns.mean) == (1, 2, 1.5)

    def one_uncounted(write: Writer) -> None:
        write.answer("c", *ACCEPT, tokens=0)
        write.slot("c", turns=(Turn("one two", "three four \ud800"),))

    found = counted(one_uncounted)
    assert (found.unit, found.length.count, found.length.min, found.length.max) == ("words", 3, 3, 5)


def test_the_cost_of_a_record_has_rejected_answers_and_those_of_judges(counted) -> None:
    def fill(write: Writer) -> None:
        write.answer("a", *reject("schema", "short"), cost=0.02)
        write.answer("a", *ACCEPT, attempt=2, cost=0.03)
        write.answer("a", purpose="judge", cost=0.01)
        write.answer("a", refused=True, attempt=3)
        write.slot("a", attempt=2)
        write.accepted("b")
        write.answer("old", epoch=1, cost=0.04)

    spending = counted(fill).spending
    generation, judge = spending.calls
    assert (generation.purpose, generation.answers, generation.refused) == ("", 5, 1)
    assert generation.cost_usd == pytest.approx(0.10)
    assert (judge.purpose, judge.answers, judge.cost_usd) == ("judge", 1, 0.01)
    assert spending.a_record(spending.total) == pytest.approx(0.11 / 2)
    assert spending.to_dict()["by_purpose"]["judge"]["cost_usd_a_record"] == pytest.approx(0.005)

    spending = counted(lambda write: write.answer("b", purpose="judge", cost=None)).spending
    assert spending.total.unpriced == 1
    assert spending.a_record(spending.total) is None
    assert spending.a_record(spending.calls[0]) == pytest.approx(0.10 / 2)


def test_the_sample_is_of_records_only_and_the_same_each_time(counted, tmp_path: Path) -> None:
    def fill(write: Writer) -> None:
        for number in range(50):
            write.accepted(f"{number * 7919 % 50:02}", turns=(Turn(f"u{number}", f"a{number}"),))
        write.accepted("!twin", turns=(Turn("twin", "twin"),))
        write.slot("!lost", state="rejected")
        write.slot("!history", epoch=1)
        write.exclude(("!twin", "twins", "it is one"))

    assert counted(fill).diversity.texts == 50
    with reading(tmp_path) as reader:
        ten = sample_texts(reader, 10)
        assert len(set(ten)) == 10
        assert sample_texts(reader, 10) == ten == sample_texts(reader, 20)[:10]
        assert all(text.split("\n")[0][1:] == text.split("\n")[1][1:] for text in ten)
        assert len(sample_texts(reader, 1000)) == 50


def test_where_nothing_was_accepted_the_rest_is_told_all_the_same(counted) -> None:
    def fill(write: Writer) -> None:
        write.answer("a", *reject("schema", "short"))
        write.slot("a", state="rejected", judge="schema", reason="short")

    found = counted(fill)
    assert (found.turns, found.length, found.diversity) == (None, None, None)
    document = found.to_dict()
    assert json.loads(json.dumps(document))["validators"][1]["reasons"] == [{"example": "short", "count": 1}]
    assert document["spending"]["cost_usd_a_record"] is None
    assert document["feedback"] == {
        **{"refused": 1, "accepted": 0, "saved": 0, "records": 0},
        **{"share": 0, "share_of_records": None},
    }


def test_all_that_is_asked_within_a_snapshot_is_of_one_moment(tmp_path: Path) -> None:
    async def write_meanwhile() -> None:
        async with Journal(tmp_path) as journal:
            write = Writer(journal)
            journal.set_meta(epoch=str(NOW))
            write.accepted("a")
            await journal.commit()
            with reading(tmp_path) as reader:
                with snapshot(reader):
                    assert sum(each.count for each in slot_counts(reader)) == 1
                    write.accepted("b")
                    await journal.commit()
                    assert [each.accepted for each in verdict_counts(reader)] == [1, 1]
                assert [each.accepted for each in verdict_counts(reader)] == [2, 2]
                assert gather(reader, []).ended.slots == 2

    asyncio.run(write_meanwhile())


@contextmanager
def reading(folder: Path) -> Iterator[JournalReader]:
    with JournalReader(folder / FILE_NAME) as reader:
        yield reader
