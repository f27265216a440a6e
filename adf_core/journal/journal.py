"""Writing the journal: one process owns it, one thread writes it, in batches committed before they are used."""

from __future__ import annotations

import asyncio
import itertools
import json
import sqlite3
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing, suppress
from datetime import datetime
from functools import lru_cache
from importlib import resources
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import filelock

from adf_core.components import Request, Response
from adf_core.errors import AdfError, UsageError
from adf_core.journal.reading import FORMAT, JournalReader, encode_text, scenario_text, unreadable
from adf_core.journal.rows import Charge, SettledSlot, StoredAnswer, StoredVerdict

FILE_NAME = "journal.sqlite"
LOCK_NAME = ".lock"

COMMIT_SECONDS = 0.05
"""How long a batch waits for company before it is committed: what a kill may lose of answers that had arrived."""

COMMIT_ANSWERS = 256
"""A batch of so many answers is committed at once."""

MOST_QUEUED = 4096
"""So many rows may wait for the disk before those who write more of them have to wait too."""

WOKEN_AT_ONCE = 8
"""So many of those who wait for a batch go on in one turn of the event loop; each may compute for some 0.5 ms."""

CHECKPOINT_PAGES = 32000
"""Pages of the write-ahead log (4 kB each) before they are moved to the file: a page that was written several times is
moved once. SQLite's own 1,000 are full after one or two batches here, which costs a quarter of the speed.
"""

_INSERT_REQUEST = "INSERT OR IGNORE INTO requests VALUES (?, ?, ?, ?, ?, ?)"
_INSERT_ANSWER = f"INSERT INTO answers VALUES ({', '.join('?' * 19)})"
_INSERT_FAULT = "INSERT INTO faults VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_VERDICT = "INSERT OR REPLACE INTO verdicts VALUES (?, ?, ?, ?, ?, ?, ?, ?)"
_INSERT_SLOT = f"INSERT OR REPLACE INTO slots VALUES ({', '.join('?' * 24)})"
_SET_TOTALS = (
    "UPDATE totals SET answers = ?, input_tokens = ?, output_tokens = ?, cost_usd = ?, unpriced = ?, "
    "charged_requests = ?, charged_tokens = ?, charged_usd = ?"
)


class JournalError(AdfError):
    """The journal cannot be written any more (a full disk, a lost folder); what was committed before is safe."""


def set_aside(out: Path) -> Path | None:
    """Rename the journal in ``out`` to a dated name and return that; None where there is none. Nothing is deleted."""
    path = out / FILE_NAME
    if not path.exists():
        return None
    with _locked(out):
        stamp = datetime.now().strftime("%Y%m%d-%H%M%S")
        suffixes = itertools.chain([""], (f"-{number}" for number in itertools.count(2)))
        places = (path.with_name(f"journal-{stamp}{suffix}.sqlite") for suffix in suffixes)
        aside = next(place for place in places if not place.exists())
        for companion in ("-wal", "-shm", ""):
            source = path.with_name(path.name + companion)
            if source.exists():
                source.rename(aside.with_name(aside.name + companion))
    return aside


def is_owned(out: Path) -> bool:
    """Whether a run is working on ``out`` now."""
    if not (out / LOCK_NAME).exists():
        return False
    try:
        _locked(out).release()
    except UsageError:
        return True
    return False


def _locked(out: Path) -> filelock.FileLock:
    lock = filelock.FileLock(out / LOCK_NAME, timeout=0)
    try:
        lock.acquire()
    except filelock.Timeout as error:
        raise UsageError(
            f"Another `adf run` is working on {out}. Wait for it, stop it, or choose another folder with `--out`."
        ) from error
    return lock


class _Batch:
    """Rows that are committed together, and who waits for that. To be made within a running event loop."""

    def __init__(self) -> None:
        self.rows: dict[str, list[Sequence[Any]]] = {}
        self.size = 0
        self.answers = 0
        self.full = asyncio.Event()
        self.collecting = True
        self.written = False
        self.waiting: list[asyncio.Future[None]] = []

    async def wake(self) -> None:
        """Let those go on who wait: a few at a time, so that others may send and receive in between."""
        self.written = True
        for number, waiter in enumerate(self.waiting, 1):
            if not waiter.done():
                waiter.set_result(None)
            if number % WOKEN_AT_ONCE == 0:
                await asyncio.sleep(0)


class Journal:
    """The journal of one output folder, opened for writing by the process that holds its lock.

    Rows are queued and committed together; ``await commit()`` returns when all that was queued before is safely on
    disk. Reading goes through :attr:`reader`, which sees committed rows only.
    """

    def __init__(self, out: Path) -> None:
        """Open or create the journal in the folder ``out``; UsageError where that cannot be."""
        try:
            out.mkdir(parents=True, exist_ok=True)
            self._lock = _locked(out)
        except OSError as error:
            raise UsageError(
                f"The output folder {out} cannot be written: {error.strerror or error}. Choose another with `--out`."
            ) from error
        self.path = out / FILE_NAME
        try:
            self._connection = open_connection(self.path)
            self.reader = JournalReader(self.path)
            self._totals = self.reader.totals()
            self._answer_ids = itertools.count(self.reader.last_answer_id() + 1)
        except sqlite3.DatabaseError as error:
            self._lock.release()
            raise unreadable(self.path, error) from error
        except UsageError:
            self._lock.release()
            raise
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="adf-journal")
        self._batch: _Batch | None = None
        self._flushing: set[asyncio.Task[None]] = set()
        self._schema: tuple[object, str] = (None, "")
        self._failure: JournalError | None = None

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(
        self, _: type[BaseException] | None, error: BaseException | None, __: TracebackType | None
    ) -> None:
        try:
            await self.close()
        finally:
            if isinstance(error, sqlite3.DatabaseError):
                raise unreadable(self.path, error) from error

    async def close(self) -> None:
        """Commit what is queued and give the journal back."""
        try:
            await self.commit(at_once=True)
        finally:
            self._thread.shutdown(wait=True)
            self.reader.close()
            self._connection.close()
            self._lock.release()

    # --- batches ---------------------------------------------------------------------------------------------------

    def _write(self, sql: str, *rows: Sequence[Any]) -> None:
        """Queue rows for a statement. They are committed with the next batch: statement by statement in the order in
        which each came first, the rows of each in order. JournalError once writing has failed.
        """
        if self._failure:
            raise self._failure
        batch = self._collecting()
        batch.rows.setdefault(sql, []).extend(rows)
        batch.size += len(rows)

    def _collecting(self) -> _Batch:
        """The batch that rows are put into now."""
        if self._batch is None or not self._batch.collecting:
            self._batch = _Batch()
            task = asyncio.get_running_loop().create_task(self._flush(self._batch))
            self._flushing.add(task)
            task.add_done_callback(self._flushing.discard)
        return self._batch

    async def commit(self, *, at_once: bool = False) -> None:
        """Wait until everything queued so far is on disk; with ``at_once`` it waits for no company. JournalError where
        it cannot be written.
        """
        batch = self._batch
        if batch is not None and not batch.written:
            if at_once:
                batch.full.set()
            waiter: asyncio.Future[None] = asyncio.get_running_loop().create_future()
            batch.waiting.append(waiter)
            await waiter
        if self._failure:
            raise self._failure

    async def keep_pace(self) -> None:
        """Wait only where more rows are queued than should be held in memory."""
        if self._batch is not None and self._batch.collecting and self._batch.size > MOST_QUEUED:
            await self.commit(at_once=True)

    async def _flush(self, batch: _Batch) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout(COMMIT_SECONDS):
                await batch.full.wait()
        batch.collecting = False
        try:
            await asyncio.get_running_loop().run_in_executor(self._thread, self._apply, batch.rows, self._totals.row())
        finally:
            await batch.wake()

    def _apply(self, rows: Mapping[str, list[Sequence[Any]]], totals: Sequence[Any]) -> None:
        if self._failure:
            return  # after a lost batch totals and whatever refers to its rows would be wrong
        try:
            try:
                self._commit(rows, totals)
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode != sqlite3.SQLITE_FULL:
                    raise
                # Most of what fills the disk may be the write-ahead log, which can be emptied.
                self._connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
                self._commit(rows, totals)
        except (sqlite3.Error, OverflowError, ValueError) as error:
            self._failure = JournalError(
                f"The journal {self.path} cannot be written: {error}. What was committed before is safe; "
                "make room and run again to go on."
            )

    def _commit(self, rows: Mapping[str, list[Sequence[Any]]], totals: Sequence[Any]) -> None:
        try:
            self._connection.execute("BEGIN IMMEDIATE")
            for sql, parameters in rows.items():
                self._connection.executemany(sql, parameters)
            self._connection.execute(_SET_TOTALS, totals)
            self._connection.execute("COMMIT")
        except BaseException:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
            raise

    # --- what is written -------------------------------------------------------------------------------------------

    def set_meta(self, **values: str) -> None:
        self._write("INSERT OR REPLACE INTO meta VALUES (?, ?)", *values.items())

    def set_scenarios(self, scenarios: Iterable[Mapping[str, str]]) -> None:
        """Replace the scenarios that are asked for."""
        self._write("DELETE FROM scenarios", ())
        self._write("INSERT INTO scenarios VALUES (?, ?)", *enumerate(map(scenario_text, scenarios)))

    def add_request(self, key: str, request: Request, provider: str, model: str) -> None:
        """Keep the text of a request, once."""
        if self._schema[0] is not request.json_schema:  # mostly it is the same one
            self._schema = (request.json_schema, json.dumps(request.json_schema))
        schema = None if request.json_schema is None else self._schema[1]
        sampling = _sampling_text(request.temperature, request.top_p, request.max_tokens)
        self._write(_INSERT_REQUEST, (key, encode_text(request.prompt), schema, provider, model, sampling))

    def add_answer(
        self,
        *,
        slot: str,
        purpose: str,
        request: str,
        attempt: int,
        seed: int | None,
        feedback: str,
        outcome: Response | AdfError,
        tries: int,
        started: float,
        waited: float,
        seconds: float,
    ) -> StoredAnswer:
        """Keep an answer, or the provider's refusal to give one."""
        id_ = next(self._answer_ids)
        response = outcome if isinstance(outcome, Response) else None
        if response is not None:
            usage = response.usage
            columns: tuple[Any, ...] = (
                *(encode_text(response.text), response.finish_reason, response.model),
                *(usage.input_tokens, usage.output_tokens, response.cost_usd, None, None),
            )
            stored = StoredAnswer(id=id_, attempt=attempt, response=response, feedback=feedback, seed=seed)
        else:
            error, message = type(outcome).__name__, str(outcome)
            columns = (None, None, None, None, None, None, error, encode_text(message))
            stored = StoredAnswer(
                id=id_, attempt=attempt, response=None, error=error, message=message, feedback=feedback, seed=seed
            )
        self._totals.add(response)
        self._write(
            _INSERT_ANSWER,
            (
                *(id_, slot, purpose, request, attempt, seed, encode_text(feedback)),
                *columns,
                *(tries, started, waited, seconds),
            ),
        )
        batch = self._collecting()
        batch.answers += 1
        if batch.answers == COMMIT_ANSWERS:
            batch.full.set()
        return stored

    def add_fault(
        self, slot: str, purpose: str, attempt: int, try_: int, error: AdfError, started: float, seconds: float
    ) -> None:
        """Keep a try that brought no answer."""
        message = encode_text(str(error))
        self._write(_INSERT_FAULT, (slot, purpose, attempt, try_, type(error).__name__, message, started, seconds))

    def set_charged(self, charged: Charge) -> None:
        """What was charged in all, what is in flight with its worst case; it is on disk with the next batch."""
        self._totals.charged = charged
        self._collecting()

    def add_verdicts(self, answer: int, epoch: int, verdicts: Sequence[StoredVerdict]) -> None:
        """Keep what validators said of an answer, in their order."""
        self._write(
            _INSERT_VERDICT,
            *(
                (
                    *(answer, epoch, position, verdict.validator, verdict.decision, encode_text(verdict.reason)),
                    None if verdict.feedback is None else encode_text(verdict.feedback),
                    _scores(verdict.scores),
                )
                for position, verdict in enumerate(verdicts)
            ),
        )

    def settle(self, slot: SettledSlot, epoch: int) -> None:
        """Keep how a slot ended."""
        turns = json.dumps([turn.to_dict() for turn in slot.turns]) if slot.turns else None
        reason = None if slot.reason is None else encode_text(slot.reason)
        confirmed = None if slot.confirmed is None else json.dumps(slot.confirmed)
        self._write(
            _INSERT_SLOT,
            (
                *(slot.key, epoch, slot.round, slot.place, slot.stage, slot.type, slot.direction),
                *(scenario_text(slot.scenario), slot.parent, slot.seed, slot.prefix_length, slot.inherited),
                *(slot.replicate, slot.state, slot.judge, reason, slot.attempts, slot.provider, slot.model),
                *(slot.attempt, turns, _scores(slot.scores), confirmed, slot.children),
            ),
        )

    def set_exclusions(self, exclusions: Sequence[tuple[str, str, str]]) -> None:
        """Keep which accepted records a dataset validator keeps out: (slot, validator, reason), in place of earlier
        ones. Commit before it is called again.
        """
        self._write("DELETE FROM exclusions", ())
        rows = ((slot, validator, encode_text(reason)) for slot, validator, reason in exclusions)
        self._write("INSERT INTO exclusions VALUES (?, ?, ?)", *rows)


def _scores(scores: Mapping[str, float]) -> str | None:
    return json.dumps(dict(scores)) if scores else None


@lru_cache(maxsize=16)
def _sampling_text(temperature: float, top_p: float, max_tokens: int) -> str:
    return json.dumps({"temperature": temperature, "top_p": top_p, "max_tokens": max_tokens})


def open_connection(path: Path) -> sqlite3.Connection:
    """A connection that writes the journal at ``path``, which is made where there is none."""
    if not path.exists():
        _make(path)
    connection = sqlite3.connect(path, isolation_level=None, check_same_thread=False, timeout=30)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    connection.execute(f"PRAGMA wal_autocheckpoint = {CHECKPOINT_PAGES}")
    return connection


def _make(path: Path) -> None:
    """Make an empty journal in one step: a full disk or a kill never leaves one without its tables."""
    script = resources.files("adf_core.journal").joinpath("schema.sql").read_text("utf-8")
    new = path.with_name(f"{path.name}.new")
    new.unlink(missing_ok=True)
    try:
        with closing(sqlite3.connect(new, isolation_level=None)) as connection:
            connection.executescript(
                f"BEGIN;\n{script}\nINSERT INTO meta VALUES ('format', '{FORMAT}'), ('epoch', '0');\n"
                "INSERT INTO totals VALUES (0, 0, 0, 0, 0, 0, 0, 0);\nCOMMIT;"
            )
        new.replace(path)
    finally:
        new.unlink(missing_ok=True)
