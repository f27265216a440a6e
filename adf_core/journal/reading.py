"""Reading a journal: by the run that owns it, by sinks, and by anyone else at the same time."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Container, Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from adf_core.components import FinishReason, Response, Usage
from adf_core.conversation import Conversation, Record, Stage, conversation
from adf_core.errors import UsageError
from adf_core.journal.rows import Charge, SettledSlot, State, StoredAnswer, Totals

if TYPE_CHECKING:
    from adf_core.scenarios import Space

FORMAT = 4

# Where most rows are counted, `+epoch` has SQLite read them as they lie.

_PAGE = 4096
"""Rows that are read at once where there may be many: a longer reading keeps the write-ahead log from being emptied."""

_LAST = b"\xff" * 16
"""Behind a slot's place this is a place after all that derive from it."""

_SLOT_COLUMNS = (
    "key, round, place, stage, type, direction, scenario, parent, seed, prefix_length, inherited, replicate, "
    "state, judge, reason, attempts, provider, model, attempt, turns, scores, confirmed, children"
)
_STAGE = _SLOT_COLUMNS.split(", ").index("stage")


@dataclass(frozen=True, slots=True, kw_only=True)
class RunState:
    """Numbers of an output folder. ``planned`` is the sum of the five states; ``ended`` says how the last run ended."""

    planned: int
    accepted: int
    surplus: int
    rejected: int
    failed: int
    unspent: int
    answers: int
    input_tokens: int
    output_tokens: int
    cost_usd: float
    unpriced: int
    charged: Charge
    ended: str
    project: str
    provider: str
    model: str


def unreadable(path: Path, error: sqlite3.DatabaseError) -> UsageError:
    """What to tell where reading a journal has failed."""
    if error.sqlite_errorcode in (sqlite3.SQLITE_CORRUPT, sqlite3.SQLITE_NOTADB):
        return UsageError(
            f"{path} is damaged or no journal ({error}). Nothing was deleted. `adf rescue {path.parent}` copies what "
            "can still be read into a new journal; `adf run PROJECT --fresh` starts anew. Both keep the damaged file."
        )
    return UsageError(f"{path} cannot be read: {error}. Nothing was deleted; check the disk, then try again.")


class JournalReader:
    """A read-only view of a journal; every call sees what was committed until then."""

    def __init__(self, path: Path) -> None:
        """Open the journal at ``path``; UsageError where there is none or it is no journal of this program."""
        if not path.is_file():
            raise UsageError(f"There is no journal at {path}. `adf run PROJECT` makes one.")
        self.path = path
        self.connection = sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro", uri=True, check_same_thread=False)
        try:
            found = self.meta("format")
        except sqlite3.DatabaseError as error:
            self.connection.close()
            raise unreadable(path, error) from error
        if found != str(FORMAT):
            self.connection.close()
            raise UsageError(
                f"{path} has the format {found}, this version of adf reads format {FORMAT}. Go on with the version "
                "that made it, or start anew with `adf run PROJECT --fresh`, which sets it aside."
            )
        self.conversation_of = lru_cache(maxsize=1024)(self._conversation_of)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None) -> None:
        self.close()
        if isinstance(error, sqlite3.DatabaseError):
            raise unreadable(self.path, error) from error

    def close(self) -> None:
        self.connection.close()

    def _one(self, sql: str, *parameters: Any) -> Any:
        return self.connection.execute(sql, parameters).fetchone()

    def meta(self, key: str) -> str | None:
        row = self._one("SELECT value FROM meta WHERE key = ?", key)
        return str(row[0]) if row else None

    @property
    def target(self) -> int | None:
        """How many records the dataset has at most."""
        return int(self.meta("target") or 0) or None

    @property
    def epoch(self) -> int:
        """The number of the current fingerprint; rows of earlier ones are history."""
        return int(self.meta("epoch") or 0)

    def scenarios(self) -> list[dict[str, str]]:
        """The scenarios that are asked for, in their order."""
        rows = self.connection.execute("SELECT scenario FROM scenarios ORDER BY position")
        return [json.loads(row[0]) for row in rows]

    def scenarios_begun(self) -> list[dict[str, str]]:
        """Those of them for which some seed has ended."""
        rows = self.connection.execute(
            "SELECT scenario FROM scenarios WHERE scenario IN (SELECT scenario FROM slots WHERE stage = 'seed') "
            "ORDER BY position"
        )
        return [json.loads(row[0]) for row in rows]

    def accepted_scenarios(self, replicates: int | None = None) -> list[tuple[dict[str, str], int]]:
        """The scenarios of accepted records that nothing keeps out, each with their number.

        Seeds of a replicate from ``replicates`` on are left out.
        """
        rows = self.connection.execute(
            "SELECT scenario, count(*) FROM slots WHERE +epoch = ? AND state = 'accepted' "
            "AND key NOT IN (SELECT slot FROM exclusions) AND (? IS NULL OR stage != 'seed' OR replicate < ?) "
            "GROUP BY scenario",
            (self.epoch, replicates, replicates),
        )
        return [(json.loads(scenario), int(count)) for scenario, count in rows]

    def space(self) -> Space | None:
        """The space the scenarios were chosen from; None where none were chosen yet."""
        from adf_core.scenarios import Space

        stored = self.meta("space")
        return None if stored is None else Space.from_dict(json.loads(stored))

    def states_scenarios(self) -> bool:
        """Whether any scenario that is asked for states something; with the strategy ``single`` none does."""
        return self._one("SELECT 1 FROM scenarios WHERE scenario != '{}'") is not None

    def confirms(self) -> bool:
        """Whether some validator looked for the scenario's values in the text of records."""
        sql = "SELECT 1 FROM slots WHERE +epoch = ? AND confirmed IS NOT NULL LIMIT 1"
        return self._one(sql, self.epoch) is not None

    def coverage_counts(self, *, confirmed: bool = False) -> list[tuple[dict[str, str], str, int]]:
        """The scenarios and directions of the dataset's records, each two with the number of records.

        With ``confirmed``, of each scenario only what a validator found in the record's text.
        """
        kept = "+epoch = ? AND state = 'accepted' AND key NOT IN (SELECT slot FROM exclusions)"
        found = "coalesce(confirmed, '[]')" if confirmed else "NULL"
        epoch, target = self.epoch, self.target
        last = None
        if target is not None:
            last = self._one(
                f"SELECT round, place FROM slots WHERE {kept} ORDER BY round, place LIMIT 1 OFFSET ?", epoch, target - 1
            )
        rows = self.connection.execute(
            f"SELECT scenario, direction, {found} AS found, count(*) FROM slots WHERE {kept} "
            "AND (? OR (round, place) <= (?, ?)) GROUP BY scenario, direction, found",
            (epoch, last is None, *(last or (0, b""))),
        )
        return [
            (_only(json.loads(scenario), found_factors), direction, int(count))
            for scenario, direction, found_factors, count in rows
        ]

    def count(self, state: State) -> int:
        """How many slots ended so in the current epoch."""
        return int(self._one("SELECT count(*) FROM slots WHERE +epoch = ? AND state = ?", self.epoch, state)[0])

    def excluded(self) -> int:
        """How many accepted records a dataset validator keeps out."""
        return int(
            self._one(
                "SELECT count(*) FROM exclusions JOIN slots ON slots.key = exclusions.slot "
                "WHERE epoch = ? AND state = 'accepted'",
                self.epoch,
            )[0]
        )

    def replacements(self) -> int:
        """How many seeds beyond those of the plan have ended."""
        first = int(self.meta("s_factor") or 1).to_bytes(4, "big")  # a seed's place begins with its replicate
        sql = "SELECT count(*) FROM slots WHERE epoch = ? AND round = 0 AND place >= ?"
        return int(self._one(sql, self.epoch, first)[0])

    def slot(self, key: str) -> tuple[SettledSlot, int] | None:
        """How a slot ended, and the epoch in which it did."""
        row = self._one(f"SELECT {_SLOT_COLUMNS}, epoch FROM slots WHERE key = ?", key)
        return (_slot(row), row[-1]) if row else None

    def slots_beginning(self, key: str, most: int) -> list[SettledSlot]:
        """Slots of the current epoch whose key begins so."""
        sql = f"SELECT {_SLOT_COLUMNS} FROM slots WHERE key >= ? AND key < ? AND +epoch = ? ORDER BY key LIMIT ?"
        return [_slot(row) for row in self.connection.execute(sql, (key, f"{key}\U0010ffff", self.epoch, most))]

    def accepted_slots(self, most: int) -> list[SettledSlot]:
        """The first accepted slots in plan order."""
        sql = f"SELECT {_SLOT_COLUMNS} FROM slots WHERE epoch = ? AND state = 'accepted' ORDER BY round, place LIMIT ?"
        return [_slot(row) for row in self.connection.execute(sql, (self.epoch, most))]

    def children(self, slot: SettledSlot) -> list[SettledSlot]:
        """The slots that derive from this one and have ended, in plan order."""
        rows = self.connection.execute(
            f"SELECT {_SLOT_COLUMNS} FROM slots WHERE epoch = ? AND round = ? AND place > ? AND place < ? "
            "ORDER BY place",
            (self.epoch, slot.round + 1, slot.place, slot.place + _LAST),
        )
        return [_slot(row) for row in rows]

    def settled(self, round_: int, place: bytes, *, retry_rejected: bool) -> Iterator[tuple[bytes, State, int]]:
        """Places, states and numbers of children of those slots of a round whose place begins with ``place`` and which
        are not to be asked for again; in plan order.
        """
        states = ("accepted",) if retry_rejected else ("accepted", "rejected")
        after, end = place, place + _LAST
        while True:
            rows = self.connection.execute(
                f"SELECT place, state, children FROM slots WHERE epoch = ? AND round = ? AND place > ? AND place < ? "
                f"AND state IN ({', '.join('?' * len(states))}) ORDER BY place LIMIT {_PAGE}",
                (self.epoch, round_, after, end, *states),
            ).fetchall()
            yield from rows
            if len(rows) < _PAGE:
                return
            after = rows[-1][0]

    def parents(self, from_: tuple[int, bytes], most: int) -> list[tuple[int, bytes, str]]:
        """Round, place and key of the accepted records that others derive from, in plan order."""
        return self.connection.execute(
            "SELECT round, place, key FROM slots WHERE epoch = ? AND (round, place) >= (?, ?) AND state = 'accepted' "
            "AND children > 0 ORDER BY round, place LIMIT ?",
            (self.epoch, *from_, most),
        ).fetchall()

    def answers(self, slot: str, purpose: str, request: str) -> list[StoredAnswer]:
        """The stored attempts that asked the same for the same slot, in order of attempt."""
        rows = self.connection.execute(
            "SELECT id, attempt, text, finish_reason, model, input_tokens, output_tokens, cost_usd, error, message, "
            "feedback, seed FROM answers WHERE slot = ? AND purpose = ? AND request = ? ORDER BY attempt, id",
            (slot, purpose, request),
        )
        return [_answer(row) for row in rows]

    def refusals(self, slot: str) -> list[tuple[str, FinishReason, str, str, dict[str, float]]]:
        """The answers for a slot that validators refuse today, in order of attempt: text and finish reason, and who
        refused it, why, with which scores. Those that held no conversation are among them.
        """
        rows = self.connection.execute(
            "SELECT text, finish_reason, validator, reason, scores FROM answers "
            "JOIN verdicts ON verdicts.answer = answers.id AND verdicts.epoch = ? AND decision = 'reject' "
            "WHERE slot = ? AND purpose = '' AND text IS NOT NULL ORDER BY attempt, answers.id",
            (self.epoch, slot),
        )
        return [
            (decode_text(text), finish_reason, validator, decode_text(reason), json.loads(scores) if scores else {})
            for text, finish_reason, validator, reason, scores in rows
        ]

    def last_answer_id(self) -> int:
        return int(self._one("SELECT coalesce(max(id), 0) FROM answers")[0])

    def totals(self) -> Totals:
        """Sums over all answers, and what was charged so far with what may have been spent at its worst case."""
        answers, tokens_in, tokens_out, cost, unpriced, *charged = self._one("SELECT * FROM totals")
        return Totals(answers, tokens_in, tokens_out, cost, unpriced, Charge(*charged))

    def _conversation_of(self, key: str, epoch: int) -> Conversation:
        """All turns of an accepted record, inherited ones first."""
        row = self._one("SELECT parent, inherited, turns FROM slots WHERE key = ? AND epoch = ?", key, epoch)
        if row is None:
            raise UsageError(
                f"The journal {self.path} is damaged: it lacks the record {key}, which others derive from."
            )
        prefix = self.conversation_of(row[0], epoch)[: row[1]] if row[1] else ()
        return prefix + conversation(json.loads(row[2]))

    def record(self, key: str, category: str) -> tuple[Record, bytes]:
        """An accepted record and its slot's place."""
        found = self.slot(key)
        if found is None:
            raise UsageError(f"The journal {self.path} is damaged: it lacks the record {key}.")
        return self._record(found[0], category, self.epoch), found[0].place

    def records(
        self, category: str, *, stages: Container[Stage] = ("seed", "derivation"), excluded: bool = False
    ) -> Iterator[Record]:
        """The accepted records of these stages in plan order, up to the target; with ``excluded`` all, also those a
        dataset validator keeps out.
        """
        epoch = self.epoch
        rows = self.connection.execute(
            f"SELECT {_SLOT_COLUMNS} FROM slots WHERE epoch = ? AND state = 'accepted' "
            "AND (? OR key NOT IN (SELECT slot FROM exclusions)) ORDER BY round, place LIMIT ?",
            (epoch, excluded, -1 if excluded or self.target is None else self.target),
        )
        for row in rows:
            if row[_STAGE] in stages:
                yield self._record(_slot(row), category, epoch)

    def _record(self, slot: SettledSlot, category: str, epoch: int) -> Record:
        shown = self.conversation_of(slot.parent, epoch)[: slot.prefix_length] if slot.parent else ()
        return Record(
            key=slot.key,
            stage=slot.stage,
            type=slot.type,
            category=category,
            direction=slot.direction,
            scenario=slot.scenario,
            round=slot.round,
            parent=slot.parent,
            seed=slot.seed,
            prefix_length=slot.prefix_length,
            replicate=slot.replicate,
            shown=shown,
            prefix=shown[: slot.inherited],
            turns=slot.turns,
            provider=slot.provider or "",
            model=slot.model or "",
            attempt=slot.attempt or 0,
            scores=slot.scores,
            confirmed=slot.confirmed,
        )

    def reasons(self, limit: int = 5) -> list[tuple[str, str, str, int]]:
        """The most frequent (state, judge, reason, count) of slots that were not accepted."""
        rows = self.connection.execute(
            "SELECT state, judge, reason, count(*) AS n FROM slots WHERE epoch = ? AND state != 'accepted' "
            "GROUP BY state, judge, reason ORDER BY n DESC, reason LIMIT ?",
            (self.epoch, limit),
        )
        return [(str(state), str(judge), decode_text(reason or ""), int(n)) for state, judge, reason, n in rows]

    def state(self) -> RunState:
        """The numbers of the current plan: what is planned, how slots ended, what it took."""
        epoch = self.epoch
        rows = self.connection.execute("SELECT state, count(*) FROM slots WHERE epoch = ? GROUP BY state", (epoch,))
        counts: dict[State, int] = {state: int(count) for state, count in rows}
        excluded = self.excluded()
        totals = self.totals()
        planned = int(self.meta("seeds") or 0) + self._planned_derivations() + self.replacements()
        accepted = counts.get("accepted", 0) - excluded
        in_dataset = min(accepted, self.target or accepted)
        return RunState(
            planned=planned,
            accepted=in_dataset,
            surplus=accepted - in_dataset,
            rejected=counts.get("rejected", 0) + excluded,
            failed=counts.get("failed", 0),
            unspent=planned - sum(counts.values()),
            answers=totals.answers,
            input_tokens=totals.input_tokens,
            output_tokens=totals.output_tokens,
            cost_usd=totals.cost_usd,
            unpriced=totals.unpriced,
            charged=totals.charged,
            ended=self.meta("ended") or "",
            project=self.meta("project") or "",
            provider=self.meta("provider") or "",
            model=self.meta("model") or "",
        )

    def _planned_derivations(self) -> int:
        rows = self.connection.execute(
            "SELECT round, count(*), sum(children) FROM slots WHERE epoch = ? GROUP BY round", (self.epoch,)
        )
        settled, children = {}, {}
        for round_, count, total in rows:
            settled[round_], children[round_ + 1] = int(count), int(total)
        limit = int(self.meta("limit") or 0)
        if not limit:
            return sum(children.values())
        # Where an earlier parent came late, more may have ended than the limit.
        return sum(max(min(limit, number), settled.get(round_, 0)) for round_, number in children.items())


def _slot(row: Any) -> SettledSlot:
    (key, round_, place, stage, type_, direction, scenario, parent, seed, prefix_length, inherited, replicate) = row[
        :12
    ]
    state, judge, reason, attempts, provider, model, attempt, turns, scores, confirmed, children = row[12:23]
    return SettledSlot(
        key=key,
        round=round_,
        place=place,
        stage=stage,
        type=type_,
        direction=direction,
        scenario=json.loads(scenario),
        parent=parent,
        seed=seed,
        prefix_length=prefix_length,
        inherited=inherited,
        replicate=replicate,
        state=state,
        judge=judge,
        reason=None if reason is None else decode_text(reason),
        attempts=attempts,
        provider=provider,
        model=model,
        attempt=attempt,
        turns=conversation(json.loads(turns)) if turns else (),
        scores=json.loads(scores) if scores else {},
        confirmed=None if confirmed is None else tuple(json.loads(confirmed)),
        children=children,
    )


def _answer(row: Any) -> StoredAnswer:
    id_, attempt, text, finish_reason, model, tokens_in, tokens_out, cost, error, message, feedback, seed = row
    response = None
    if text is not None:
        text = decode_text(text)
        response = Response(text, finish_reason, Usage(tokens_in, tokens_out), model, cost)
    return StoredAnswer(
        id=id_,
        attempt=attempt,
        response=response,
        error=error,
        message=message,
        feedback=decode_text(feedback),
        seed=seed,
    )


def _only(scenario: dict[str, str], factors: str | None) -> dict[str, str]:
    """What a scenario says of these factors (JSON); all of it for None."""
    if factors is None:
        return scenario
    kept = json.loads(factors)
    return {factor: value for factor, value in scenario.items() if factor in kept}


def scenario_text(scenario: Mapping[str, str]) -> str:
    """A scenario as JSON, the same for the same values."""
    return json.dumps(dict(scenario), sort_keys=True) if scenario else "{}"


def encode_text(text: str) -> str | bytes:
    """Text as SQLite can hold it: as it is, or as bytes where it has a lone surrogate that UTF-8 cannot express."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass")
    return text


def decode_text(stored: str | bytes) -> str:
    """The text that :func:`encode_text` stored."""
    return stored.decode("utf-8", "surrogatepass") if isinstance(stored, bytes) else stored
