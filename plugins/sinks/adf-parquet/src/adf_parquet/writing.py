"""Rows into Parquet files, a row group at a time. Imports pyarrow."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pyarrow as pa
from pyarrow.parquet import ParquetWriter

from adf_parquet.columns import Row, characters, schema
from adf_parquet.surrogates import mended

MOST_CHARACTERS = 16_000_000
"""A row group ends where its conversations are that long, however few they are, for memory's sake."""

AT_ONCE = 500
"""So many rows become columns at once, which take far less memory than rows."""


class PartWriter:
    """Rows go into ``files``, in order; ``mended`` are the ids of those whose lone surrogates were replaced."""

    def __init__(self, path: Path, shard: int | None, row_group: int, current: ExitStack) -> None:
        self.files: list[Path] = []
        self.mended: list[str] = []
        self._path = path
        self._shard = shard
        self._row_group = row_group
        self._schema = schema()
        self._rows: list[Row] = []
        self._tables: list[pa.Table] = []
        self._in_group = 0
        self._characters = 0
        self._in_file = 0
        self._current = current
        self._write: Callable[[pa.Table], None] | None = None

    def add(self, row: Row) -> None:
        self._rows.append(row)
        self._characters += characters(row)
        self._in_group += 1
        self._in_file += 1
        if len(self._rows) == AT_ONCE:
            self._convert()
        if self._in_file == self._shard:
            self._end_file()
        elif self._in_group == self._row_group or self._characters >= MOST_CHARACTERS:
            self._end_row_group()

    def finish(self) -> None:
        """Write what is still to be written; a part without records has an empty file."""
        if self._in_file or not self.files:
            self._end_file()

    def _end_row_group(self) -> None:
        if self._write is None:
            path = self._path.with_name(f"{self._path.name}-{len(self.files)}")
            self._write = self._current.enter_context(parquet_file(path, self._schema))
            self.files.append(path)
        self._convert()
        if self._tables:
            self._write(pa.concat_tables(self._tables))
        self._tables.clear()
        self._in_group = self._characters = 0

    def _end_file(self) -> None:
        self._end_row_group()
        self._current.close()
        self._write = None
        self._in_file = 0

    def _convert(self) -> None:
        if self._rows:
            self._tables.append(self._table())
        self._rows.clear()

    def _table(self) -> pa.Table:
        try:
            return pa.Table.from_pylist(self._rows, schema=self._schema)
        except UnicodeEncodeError:
            rows = [mended(row) for row in self._rows]
            self.mended += [row["id"] for row, before in zip(rows, self._rows, strict=True) if row != before]
            return pa.Table.from_pylist(rows, schema=self._schema)


@contextmanager
def part_writer(path: Path, shard: int | None, row_group: int) -> Iterator[PartWriter]:
    """Write one part of the dataset to files named after ``path``, at most ``shard`` records in each.

    All is on disk when the block ends. OSError where a file cannot be written, ArrowException where a value does not
    fit its column.
    """
    with ExitStack() as current:
        part = PartWriter(path, shard, row_group, current)
        yield part
        part.finish()


@contextmanager
def parquet_file(path: Path, schema: pa.Schema) -> Iterator[Callable[[pa.Table], None]]:
    """A new file that takes tables, each as a row group, and is on disk when the block ends."""
    with path.open("xb") as file:
        writer = ParquetWriter(file, schema, compression="zstd")
        try:
            yield writer.write_table
            writer.close()
        finally:
            writer.is_open = False  # a writer that failed would write once more when it is destroyed
        file.flush()
        os.fsync(file.fileno())
