"""What can still be read of a damaged journal, copied into a new one."""

from __future__ import annotations

import shutil
import sqlite3
import tempfile
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from adf_core.errors import UsageError
from adf_core.journal.journal import FILE_NAME, open_connection, set_aside
from adf_core.journal.reading import FORMAT

_PAID_FOR = ("requests", "answers", "faults", "scenarios")
"""What cannot be made again. How slots ended is judged anew, from the answers."""

_FACTS = ("scenarios", "space", "project", "provider", "model", "seeds", "s_factor", "target")
_BLOCK = 1024
_SMALLEST_ROW = 16  # bytes; so that a file of so many bytes has no more rows than that


@dataclass(frozen=True, slots=True)
class Rescued:
    """How many answers were read and how many were seen to be lost; ``aside`` is the damaged journal now."""

    answers: int
    lost: int
    aside: Path


def rescue(out: Path) -> Rescued:
    """Put a new journal with what can be read of the one in ``out`` in its place; the damaged one is set aside.

    UsageError where there is none, another run owns it, or nothing can be read of it.
    """
    path = out / FILE_NAME
    if not path.is_file():
        raise UsageError(f"There is no journal at {path}.")
    with tempfile.TemporaryDirectory(dir=out) as scratch:
        # A copy, since SQLite may write to what it reads: it moves the write-ahead log to the file.
        copy, new = Path(scratch) / FILE_NAME, Path(scratch) / "new.sqlite"
        for companion in ("", "-wal"):
            if (source := path.with_name(path.name + companion)).exists():
                shutil.copyfile(source, copy.with_name(copy.name + companion))
        answers, lost = _copy(copy, new)
        aside = set_aside(out)
        if aside is None:
            raise UsageError(f"There is no journal at {path} any more.")
        new.replace(path)
    return Rescued(answers, lost, aside)


def _copy(damaged: Path, new: Path) -> tuple[int, int]:
    """The numbers of answers that were read and lost."""
    source = sqlite3.connect(damaged)
    source.text_factory = bytes
    target = open_connection(new)
    try:
        if _fact(source, "format") not in (None, str(FORMAT)):
            raise UsageError(f"The journal is of the format {_fact(source, 'format')}; this version reads {FORMAT}.")
        counts = {}
        target.execute("BEGIN")
        for table in _PAID_FOR:
            rows = _Rows(source, table, damaged.stat().st_size)
            for row in rows:
                marks = ", ".join("?" * len(row))
                target.execute(f"INSERT OR IGNORE INTO {table} VALUES ({marks})", [_text(value) for value in row])
            counts[table] = (rows.read, rows.lost)
        facts = [(name, found) for name in _FACTS if (found := _fact(source, name)) is not None]
        target.executemany("INSERT OR REPLACE INTO meta VALUES (?, ?)", facts)
        _sum_up(source, target)
        target.execute("COMMIT")
        target.execute("PRAGMA journal_mode = DELETE")
    finally:
        source.close()
        target.close()
    if not counts["answers"][0]:
        raise UsageError("No answer can be read of the damaged journal. `adf run PROJECT --fresh` sets it aside.")
    return counts["answers"]


class _Rows:
    """The rows of a table that can be read, block by block; a block that cannot is read in halves."""

    def __init__(self, source: sqlite3.Connection, table: str, size: int) -> None:
        """``size`` is that of the file, in bytes."""
        self._source = source
        self._table = table
        self._size = size
        self.read = 0
        self.lost = 0

    def __iter__(self) -> Iterator[Sequence[Any]]:
        last = self._last()
        blocks = [(first, min(first + _BLOCK, last + 1)) for first in range(0, last + 1, _BLOCK)][::-1]
        while blocks:
            first, end = blocks.pop()
            try:
                sql = f"SELECT * FROM {self._table} WHERE rowid >= ? AND rowid < ? ORDER BY rowid"
                rows = self._source.execute(sql, (first, end)).fetchall()
            except sqlite3.DatabaseError:
                if end - first == 1:
                    self.lost += 1
                else:
                    middle = (first + end) // 2
                    blocks += [(middle, end), (first, middle)]
                continue
            self.read += len(rows)
            yield from rows

    def _last(self) -> int:
        try:
            return int(self._source.execute(f"SELECT coalesce(max(rowid), -1) FROM {self._table}").fetchone()[0])
        except sqlite3.DatabaseError:
            return self._size // _SMALLEST_ROW


def _fact(source: sqlite3.Connection, key: str) -> str | None:
    try:
        row = source.execute("SELECT value FROM meta WHERE key = ?", (key,)).fetchone()
    except sqlite3.DatabaseError:
        return None
    return row[0].decode() if row else None


def _sum_up(source: sqlite3.Connection, target: sqlite3.Connection) -> None:
    """The totals of the answers that were read; what was charged as the damaged journal says, where it can be read."""
    sums = target.execute(
        "SELECT count(*), coalesce(sum(input_tokens), 0), coalesce(sum(output_tokens), 0), "
        "coalesce(sum(cost_usd), 0.0), coalesce(sum(text IS NOT NULL AND cost_usd IS NULL), 0) FROM answers"
    ).fetchone()
    try:
        charged = source.execute("SELECT charged_requests, charged_tokens, charged_usd FROM totals").fetchone()
    except sqlite3.DatabaseError:
        charged = None
    charged = charged or (sums[0], sums[1] + sums[2], sums[3])
    target.execute(
        "UPDATE totals SET (answers, input_tokens, output_tokens, cost_usd, unpriced) = (?, ?, ?, ?, ?)", sums
    )
    target.execute("UPDATE totals SET (charged_requests, charged_tokens, charged_usd) = (?, ?, ?)", charged)


def _text(value: Any) -> Any:
    """A text as the journal holds it: as text where it is valid UTF-8, else as bytes."""
    if not isinstance(value, bytes):
        return value
    try:
        return value.decode()
    except UnicodeDecodeError:
        return value
