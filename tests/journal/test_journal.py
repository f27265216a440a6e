from __future__ import annotations

import asyncio
import json
import sqlite3
import subprocess
import sys
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adf_core import Request, Response, Turn, Usage, UsageError
from adf_core.errors import ContentBlocked
from adf_core.journal import FILE_NAME, Charge, Journal, JournalError, JournalReader, SettledSlot, set_aside
from adf_core.journal.reading import decode_text, encode_text
from adf_core.journal.rows import Totals

FIRST, SECOND = bytes(12), bytes(11) + b"\1"
"""Places of two seeds."""


def with_journal(out: Path, use: Callable[[Journal], Awaitable[None]]) -> None:
    async def execute() -> None:
        async with Journal(out) as journal:
            await use(journal)

    asyncio.run(execute())


def settled(key: str, place: bytes = FIRST, **fields: object) -> SettledSlot:
    basis = {
        "key": key,
        "round": 0,
        "place": place,
        "stage": "seed",
        "type": "conversation",
        "direction": "plain",
        "parent": None,
        "seed": key,
        "prefix_length": 0,
        "inherited": 0,
        "replicate": 0,
        "state": "accepted",
        "attempts": 1,
        "attempt": 1,
        "provider": "p",
        "model": "m",
        "turns": (Turn(f"u {key}", f"a {key}"),),
    }
    return SettledSlot(**{**basis, **fields})  # type: ignore[arg-type]


def add_answer(journal: Journal, attempt: int, outcome: Response | ContentBlocked, slot: str = "s") -> None:
    journal.add_answer(
        slot=slot,
        purpose="",
        request="r",
        attempt=attempt,
        seed=1,
        feedback="",
        outcome=outcome,
        tries=1,
        started=0.0,
        waited=0.0,
        seconds=0.1,
    )


def test_what_was_committed_is_there_after_the_process_is_gone(tmp_path: Path) -> None:
    response = Response('{"a": "ü \x00 \ud800"}', "stop", Usage(3, 4), "m-1", 0.25)

    async def use(journal: Journal) -> None:
        journal.add_request("r", Request("prompt \udfff", json_schema={"type": "object"}), "p", "m")
        add_answer(journal, 1, response)
        add_answer(journal, 2, ContentBlocked("no"))
        await journal.commit()
        [first, second] = journal.reader.answers("s", "", "r")
        assert first.response == response
        assert (second.response, second.error, second.message) == (None, "ContentBlocked", "no")

    with_journal(tmp_path, use)
    with JournalReader(tmp_path / FILE_NAME) as reader:
        assert [answer.attempt for answer in reader.answers("s", "", "r")] == [1, 2]
        assert reader.answers("s", "judge", "r") == []


@given(st.text(st.characters(codec=None) | st.sampled_from("\ud800\udfff\x00\n")))
def test_any_text_comes_back_as_it_was(text: str) -> None:
    assert decode_text(encode_text(text)) == text


def test_records_come_in_plan_order_with_the_turns_they_inherit(tmp_path: Path) -> None:
    async def use(journal: Journal) -> None:
        child = {"round": 1, "stage": "derivation", "parent": "s1", "seed": "s1", "prefix_length": 1, "inherited": 1}
        journal.settle(settled("c2", FIRST + b"b", **child), 1)
        journal.settle(settled("s2", SECOND, state="rejected", judge="schema", reason="why", turns=()), 1)
        journal.settle(settled("c1", FIRST + b"a", **child), 1)
        journal.settle(settled("s1", FIRST, children=2), 1)
        journal.settle(settled("old", FIRST), 0)
        journal.set_meta(epoch="1", seeds="2")
        await journal.commit()
        records = list(journal.reader.records("cat"))
        assert [record.key for record in records] == ["s1", "c1", "c2"]
        assert [turn.user for turn in records[2].conversation] == ["u s1", "u c2"]
        state = journal.reader.state()
        assert (state.planned, state.accepted, state.rejected, state.failed, state.unspent) == (4, 3, 1, 0, 0)
        journal.set_exclusions([("c1", "twins", "the same as s1")])
        await journal.commit()
        assert [record.key for record in journal.reader.records("cat")] == ["s1", "c2"]
        assert [record.key for record in journal.reader.records("cat", excluded=True)] == ["s1", "c1", "c2"]
        assert journal.reader.state().rejected == 2

    with_journal(tmp_path, use)


def test_totals_are_sums_over_all_answers_and_over_all_openings(tmp_path: Path) -> None:
    async def use(journal: Journal) -> None:
        add_answer(journal, 1, Response("x", usage=Usage(10, 5), cost_usd=0.5))
        add_answer(journal, 2, Response("x", usage=Usage(10, 5)))
        add_answer(journal, 3, ContentBlocked("no"))
        charged = journal.reader.totals().charged + Charge(3, 5000, 0.5)
        journal.set_charged(charged)
        await journal.commit()

    for times in (1, 2):
        with_journal(tmp_path, use)
        with JournalReader(tmp_path / FILE_NAME) as reader:
            charged = Charge(3 * times, 5000 * times, 0.5 * times)
            assert reader.totals() == Totals(3 * times, 20 * times, 10 * times, 0.5 * times, times, charged)


def test_commit_covers_everything_written_before_it(tmp_path: Path) -> None:
    async def use(journal: Journal) -> None:
        async def write(number: int) -> int:
            add_answer(journal, number, Response("x"), slot=f"s{number}")
            await asyncio.sleep(number % 7 / 100)
            add_answer(journal, number + 1, Response("x"), slot=f"s{number}")
            await journal.commit()
            return len(journal.reader.answers(f"s{number}", "", "r"))

        assert await asyncio.gather(*(write(number) for number in range(200))) == [2] * 200

    with_journal(tmp_path, use)


HOLD = """
import asyncio, pathlib, sys
from adf_core.journal import Journal

async def hold():
    async with Journal(pathlib.Path(sys.argv[1])):
        print("held", flush=True)
        sys.stdin.read()

asyncio.run(hold())
"""


def test_a_second_process_is_told_and_leaves(tmp_path: Path) -> None:
    holder = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(tmp_path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert holder.stdout is not None
    assert holder.stdout.readline() == "held\n"
    with pytest.raises(UsageError, match="Another `adf run` is working on"):
        Journal(tmp_path)
    with pytest.raises(UsageError, match="Another `adf run` is working on"):
        set_aside(tmp_path)
    holder.communicate(timeout=30)
    with_journal(tmp_path, lambda journal: journal.commit())


def test_a_journal_set_aside_keeps_everything(tmp_path: Path) -> None:
    async def use(journal: Journal) -> None:
        add_answer(journal, 1, Response("kept"))

    assert set_aside(tmp_path) is None
    names = set()
    for _ in range(2):
        with_journal(tmp_path, use)
        aside = set_aside(tmp_path)
        assert aside is not None
        names.add(aside)
        assert not (tmp_path / FILE_NAME).exists()
        with JournalReader(aside) as reader:
            assert len(reader.answers("s", "", "r")) == 1
    assert len(names) == 2


@pytest.mark.parametrize("content", [b"no database at all, but long enough" * 40, b"SQLite format 3\x00" * 99])
def test_a_damaged_journal_is_told_and_left_as_it_is(tmp_path: Path, content: bytes) -> None:
    (tmp_path / FILE_NAME).write_bytes(content)
    with pytest.raises(UsageError, match="--fresh"):
        Journal(tmp_path)
    with pytest.raises(UsageError, match="damaged or no journal"):
        JournalReader(tmp_path / FILE_NAME)
    assert (tmp_path / FILE_NAME).read_bytes() == content


def test_a_journal_of_another_format_is_told(tmp_path: Path) -> None:
    with_journal(tmp_path, lambda journal: journal.commit())
    with sqlite3.connect(tmp_path / FILE_NAME) as connection:
        connection.execute("UPDATE meta SET value = '99' WHERE key = 'format'")
    with pytest.raises(UsageError, match="has the format 99"):
        Journal(tmp_path)


def test_an_output_folder_that_cannot_be_made_is_told(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("x")
    with pytest.raises(UsageError, match="cannot be written"):
        Journal(tmp_path / "file" / "out")


def test_when_writing_fails_everyone_is_told_and_what_was_committed_stays(tmp_path: Path) -> None:
    async def use(journal: Journal) -> None:
        add_answer(journal, 1, Response("kept"))
        await journal.commit()
        with sqlite3.connect(journal.path) as connection:
            connection.execute("DROP TABLE faults")
        journal.add_fault("s", "", 1, 1, ContentBlocked("no"), 0.0, 0.1)
        add_answer(journal, 2, Response("lost"))
        with pytest.raises(JournalError, match="What was committed before is safe"):
            await journal.commit()
        with pytest.raises(JournalError):
            add_answer(journal, 3, Response("lost"))
        assert [answer.attempt for answer in journal.reader.answers("s", "", "r")] == [1]

    with pytest.raises(JournalError):
        with_journal(tmp_path, use)


plain_json = st.recursive(
    st.none() | st.integers() | st.text(), lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner)
)


@settings(max_examples=30)
@given(data=plain_json)
def test_requests_and_responses_are_plain_json(data: object) -> None:
    request = Request("p", json_schema={"x": data})
    assert Request.from_dict(json.loads(json.dumps(request.to_dict()))) == request
    response = Response("t", usage=Usage(1, 2))
    assert Response.from_dict(json.loads(json.dumps(response.to_dict()))) == response
