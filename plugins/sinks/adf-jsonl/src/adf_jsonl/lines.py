"""Datasets of JSON lines: one file, or one for each part, or several of so many records each."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from tempfile import TemporaryDirectory
from types import TracebackType
from typing import Any, Self

from adf_core import SinkResult, atomic_write
from adf_jsonl.compression import compressed, split_name
from adf_jsonl.text import json_text

Line = tuple[Mapping[str, Any], str | None]
"""What stands on a line, and the part of the dataset that it belongs to."""


def write_lines(path: Path, lines: Iterable[Line], parts: Sequence[str] = (), shard: int | None = None) -> SinkResult:
    """Write ``lines`` to ``path``, or beside it where there are ``parts`` or at most ``shard`` of them go to one file.

    The files take their places together at the end. Shards of an earlier dataset under the same name go then: whoever
    reads all of them would read records twice.
    """
    ending = split_name(path)[1]
    path.parent.mkdir(parents=True, exist_ok=True)
    count = 0
    # beside ``path``, because files are renamed within one file system only
    with TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.", suffix=".part") as folder:
        with ExitStack() as stack:
            files = {
                part: stack.enter_context(_PartFiles(Path(folder, str(number)), ending, shard))
                for number, part in enumerate(parts or (None,))
            }
            for data, part in lines:
                files[part if part in files else None].write(f"{json_text(data)}\n".encode())
                count += 1
        places: list[Path] = []
        for part, written in files.items():
            whole = path if part is None else part_path(path, part)
            places += _put_in_place(whole, written.made, sharded=shard is not None)
    return SinkResult(count, tuple(places))


def part_path(path: Path, part: str) -> Path:
    """Where a part of the dataset goes.

    >>> part_path(Path("dataset.jsonl.gz"), "train").name
    'dataset.train.jsonl.gz'
    """
    stem, ending = split_name(path)
    return path.with_name(f"{stem}.{part}{ending}")


def shard_path(path: Path, number: int, count: int) -> Path:
    """Where a shard goes, under the name that `datasets` gives its own.

    >>> shard_path(Path("dataset.train.jsonl"), 0, 3).name
    'dataset.train-00000-of-00003.jsonl'
    """
    stem, ending = split_name(path)
    return path.with_name(f"{stem}-{number:05}-of-{count:05}{ending}")


class _PartFiles:
    """The files of one part while they are written: one, or a new one after each ``shard`` lines.

    Only the last of them is open, however many there are.
    """

    def __init__(self, stem: Path, ending: str, shard: int | None) -> None:
        self.made: list[Path] = []
        self._stem, self._ending, self._shard = stem, ending, shard
        self._open = ExitStack()
        self._count = 0

    def __enter__(self) -> Self:
        self._begin()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.__exit__(kind, error, trace)

    def write(self, line: bytes) -> None:
        if self._count == self._shard:
            self._open.close()
            self._begin()
        self._file.write(line)
        self._count += 1

    def _begin(self) -> None:
        path = self._stem.with_name(f"{self._stem.name}-{len(self.made)}")
        file = self._open.enter_context(atomic_write(path, binary=True))
        self._file = self._open.enter_context(compressed(file, self._ending))
        self.made.append(path)
        self._count = 0


def _put_in_place(path: Path, made: Sequence[Path], *, sharded: bool) -> list[Path]:
    """Rename what was written for ``path``, and say what it is called now."""
    if not sharded:
        return [made[0].replace(path)]
    places = [file.replace(shard_path(path, number, len(made))) for number, file in enumerate(made)]
    stem, ending = map(re.escape, split_name(path))
    shard = re.compile(rf"{stem}-\d{{5,}}-of-\d{{5,}}{ending}")
    for file in path.parent.iterdir():
        if shard.fullmatch(file.name) and file not in places:
            file.unlink()
    return places
