"""What a report counts in a journal: sums that SQLite makes, so that memory does not grow with the journal.

Each function but :func:`snapshot` is one question. All but :func:`calls_by_purpose`, which is about money that is spent
whatever became of it, are about the current epoch. A *record* is an accepted slot that no dataset validator keeps out.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

from adf_core.conversation import Conversation, conversation
from adf_core.journal.reading import JournalReader, decode_text

EXCLUDED = "excluded"
"""How an accepted slot ended that a dataset validator keeps out of the dataset."""

_RECORD = "+epoch = :epoch AND state = 'accepted' AND key NOT IN (SELECT slot FROM exclusions)"
_HOW_IT_ENDED = (
    f"CASE WHEN state = 'accepted' AND key IN (SELECT slot FROM exclusions) THEN '{EXCLUDED}' ELSE state END"
)

_VARYING = re.compile(r"\w*\d\w*(?:[.,]\d+)*|\"[^\"]*\"|“[^”]*”")
"""What differs between two reasons that say the same: numbers, names with digits (keys of records) and quotations."""


@contextmanager
def snapshot(reader: JournalReader) -> Iterator[None]:
    """All questions that are asked within see the journal as it was at the first, also while a run writes to it."""
    reader.connection.execute("BEGIN")
    try:
        yield
    finally:
        reader.connection.execute("ROLLBACK")


# --- slots ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class SlotCount:
    """How many slots have all of this in common. ``ended`` is their state, or ``excluded``; ``attempt`` the one that
    was accepted, and ``turns`` its generated turns (None and 0 where none was).
    """

    stage: str
    direction: str
    ended: str
    attempt: int | None
    turns: int
    count: int


def slot_counts(reader: JournalReader) -> Iterator[SlotCount]:
    """How slots ended, by stage and direction."""
    rows = _ask(
        reader,
        f"SELECT stage, direction, {_HOW_IT_ENDED} AS ended, attempt, coalesce(json_array_length(turns), 0) AS length, "
        "count(*) FROM slots WHERE +epoch = :epoch GROUP BY stage, direction, ended, attempt, length",
    )
    return (SlotCount(*row) for row in rows)


@dataclass(frozen=True, slots=True)
class ScenarioCount:
    """Slots of one scenario whose text was found to bear out the same factors, how many ended and became records."""

    scenario: dict[str, str]
    confirmed: tuple[str, ...]
    slots: int
    records: int


def scenario_counts(reader: JournalReader) -> Iterator[ScenarioCount]:
    """How slots ended by what was asked for; those of a scenario come one after the other."""
    rows = _ask(
        reader,
        f"SELECT scenario, confirmed, count(*), sum({_HOW_IT_ENDED} = 'accepted') FROM slots WHERE +epoch = :epoch "
        "GROUP BY scenario, confirmed ORDER BY scenario",
    )
    for scenario, confirmed, slots, records in rows:
        yield ScenarioCount(json.loads(scenario), tuple(json.loads(confirmed or "[]")), slots, records)


def record_turns(reader: JournalReader, most: int) -> Iterator[Conversation]:
    """The generated turns of so many records, chosen by chance: their keys are hashes, and those with the lowest ones
    are taken, so that the same journal has the same sample.
    """
    rows = _ask(reader, f"SELECT turns FROM slots WHERE {_RECORD} ORDER BY key LIMIT :most", most=most)
    return (conversation(json.loads(turns)) for (turns,) in rows)


# --- numbers of records -----------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class ValueCount:
    """How many of the ``total`` values of that name are ``value``; None where it is unknown."""

    name: str
    value: float | None
    count: int
    total: int


def token_counts(reader: JournalReader) -> Iterator[ValueCount]:
    """Output tokens of the records' answers, as the provider counted them; from the lowest."""
    # An edit that was taken back leaves several answers of the same attempt: the judged one is the record's.
    judged = "EXISTS (SELECT 1 FROM verdicts WHERE answer = answers.id AND verdicts.epoch = :epoch)"
    accepted = (
        "SELECT nullif(output_tokens, 0) FROM answers WHERE slot = slots.key AND purpose = '' "
        f"AND attempt = slots.attempt ORDER BY {judged} DESC, id DESC LIMIT 1"
    )
    return _value_counts(reader, f"SELECT 'tokens' AS name, ({accepted}) AS value FROM slots WHERE {_RECORD}")


def word_counts(reader: JournalReader) -> Iterator[ValueCount]:
    """Words between spaces in the records' generated turns; from the lowest."""
    reader.connection.create_function("words_in", 1, _words_in, deterministic=True)
    return _value_counts(reader, f"SELECT 'words' AS name, words_in(turns) AS value FROM slots WHERE {_RECORD}")


def score_counts(reader: JournalReader) -> Iterator[ValueCount]:
    """The records' scores, by name and from the lowest."""
    # A score that is no number (NaN) makes the text of all of them one that SQLite cannot read.
    numbers = f"(SELECT scores FROM slots WHERE {_RECORD} AND scores IS NOT NULL AND json_valid(scores))"
    return _value_counts(reader, f"SELECT each.key AS name, each.value AS value FROM {numbers}, json_each(scores) each")


def judged_scores(reader: JournalReader) -> dict[str, tuple[int, float]]:
    """Of each score how many answers have it, refused ones too, and its mean."""
    rows = _ask(
        reader,
        "SELECT validator || '.' || each.key, count(*), avg(each.value) FROM "
        "(SELECT validator, scores FROM verdicts WHERE epoch = :epoch AND scores IS NOT NULL AND json_valid(scores)), "
        "json_each(scores) each GROUP BY 1",
    )
    return {name: (count, mean) for name, count, mean in rows}


# --- what validators and providers said -------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class VerdictCount:
    """What a validator said of answers: how many it accepted as they were, revised, rejected. ``first`` is how many it
    was the first to judge.
    """

    validator: str
    accepted: int
    revised: int
    rejected: int
    first: int


def verdict_counts(reader: JournalReader) -> list[VerdictCount]:
    """What each record validator said, in the order in which they judge."""
    rows = _ask(
        reader,
        "SELECT validator, sum(decision = 'accept'), sum(decision = 'revise'), sum(decision = 'reject'), "
        "sum(position = 0) FROM verdicts WHERE epoch = :epoch GROUP BY validator ORDER BY max(position), validator",
    )
    return [VerdictCount(*row) for row in rows]


_EXCLUSIONS = (
    "(SELECT exclusions.validator, exclusions.reason FROM exclusions JOIN slots ON slots.key = exclusions.slot "
    "WHERE slots.epoch = :epoch AND slots.state = 'accepted')"
)


@dataclass(frozen=True, slots=True)
class ReasonCount:
    """How often somebody gave a reason that is ``example`` but for numbers, names with digits, and quotations."""

    who: str
    example: str
    count: int


def rejection_reasons(reader: JournalReader) -> Iterator[ReasonCount]:
    """Why answers were rejected, by record validator, the most frequent reason of each first."""
    source = "(SELECT validator AS who, reason FROM verdicts WHERE epoch = :epoch AND decision = 'reject')"
    return _reasons(reader, source)


def exclusion_reasons(reader: JournalReader) -> Iterator[ReasonCount]:
    """Why accepted slots are kept out, by dataset validator, the most frequent reason of each first."""
    return _reasons(reader, f"(SELECT validator AS who, reason FROM {_EXCLUSIONS})")


def failure_reasons(reader: JournalReader) -> Iterator[ReasonCount]:
    """Why slots failed, by error or validator, the most frequent reason of each first."""
    source = "(SELECT coalesce(judge, '') AS who, reason FROM slots WHERE +epoch = :epoch AND state = 'failed')"
    return _reasons(reader, source)


def feedback_counts(reader: JournalReader) -> tuple[int, int, int]:
    """How many of the slots that have ended had an answer rejected, how many of those became records all the same, and
    how many of these with an answer to a prompt with feedback.
    """
    # What is asked of a slot is the same throughout an epoch, so the answer that was accepted asked the same.
    refused = (
        "SELECT DISTINCT answers.slot, answers.request FROM verdicts JOIN answers ON answers.id = verdicts.answer "
        "WHERE verdicts.epoch = :epoch AND decision = 'reject'"
    )
    told = (
        "EXISTS (SELECT 1 FROM answers WHERE answers.slot = refused.slot AND purpose = '' "
        "AND answers.request = refused.request AND answers.attempt = slots.attempt AND feedback != '')"
    )
    ended, records, saved = _ask(
        reader,
        f"SELECT count(*), total({_RECORD}), total({_RECORD} AND {told}) FROM ({refused}) refused "
        "JOIN slots ON slots.key = refused.slot WHERE +epoch = :epoch",
    ).fetchone()
    return int(ended), int(records), int(saved)


# --- calls ------------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class CallCount:
    """Answers that were asked for one purpose: '' for generation, else the validator that asked. ``refused`` are those
    the provider would not give, ``unpriced`` those whose cost is unknown; ``cost_usd`` is that of the others.
    """

    purpose: str
    answers: int
    refused: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    unpriced: int


def calls_by_purpose(reader: JournalReader) -> list[CallCount]:
    """All answers of the journal, those of earlier epochs too."""
    rows = _ask(
        reader,
        "SELECT purpose, count(*), sum(text IS NULL), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), "
        "total(cost_usd), sum(text IS NOT NULL AND cost_usd IS NULL) FROM answers GROUP BY purpose ORDER BY purpose",
    )
    return [CallCount(*row) for row in rows]


# --- how it is asked --------------------------------------------------------------------------------------------------


def _ask(reader: JournalReader, sql: str, **more: Any) -> Any:
    return reader.connection.execute(sql, {"epoch": reader.epoch, **more})


def _value_counts(reader: JournalReader, values: str) -> Iterator[ValueCount]:
    """How often each value of ``values`` (a SELECT of name and value) is there, by name and from the lowest."""
    rows = _ask(
        reader,
        "SELECT name, value, count(*), sum(count(*)) OVER (PARTITION BY name) "
        f"FROM ({values}) GROUP BY name, value ORDER BY name, value",
    )
    return (ValueCount(*row) for row in rows)


def _reasons(reader: JournalReader, source: str) -> Iterator[ReasonCount]:
    """How often each reason of ``source`` (rows of who and reason) was given."""
    reader.connection.create_function("kind_of_reason", 1, _kind_of_reason, deterministic=True)
    rows = _ask(
        reader,
        f"SELECT who, min(reason), count(*) AS n FROM {source} GROUP BY who, kind_of_reason(reason) "
        "ORDER BY who, n DESC, 2",
    )
    return (ReasonCount(who, _last_line(reason), count) for who, reason, count in rows)


def _last_line(reason: str | bytes | None) -> str:
    """Of a traceback the line that says what was raised."""
    lines = decode_text(reason or "").strip().splitlines()
    return lines[-1].strip() if lines else ""


def _kind_of_reason(reason: str | bytes | None) -> str:
    return _VARYING.sub("#", _last_line(reason)).encode("utf-8", "replace").decode()


def _words_in(turns: str) -> int:
    return sum(len(turn.user.split()) + len(turn.assistant.split()) for turn in conversation(json.loads(turns)))
