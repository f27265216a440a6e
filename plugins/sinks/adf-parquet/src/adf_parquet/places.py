"""Where files are made, and how they take their places."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory


def part_path(path: Path, part: str | None) -> Path:
    """Where a part of the dataset goes; None is the whole.

    >>> part_path(Path("dataset.parquet"), "train").name
    'dataset.train.parquet'
    """
    return path if part is None else path.with_name(f"{path.stem}.{part}{path.suffix}")


def shard_path(path: Path, number: int, count: int) -> Path:
    """Where a shard goes, under the name that `datasets` gives its own.

    >>> shard_path(Path("dataset.parquet"), 0, 3).name
    'dataset-00000-of-00003.parquet'
    """
    return path.with_name(f"{path.stem}-{number:05}-of-{count:05}{path.suffix}")


def temporary_folder(path: Path) -> TemporaryDirectory[str]:
    """A folder beside ``path``, so that what is made there can be renamed to it; what is left in it is removed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    return TemporaryDirectory(dir=path.parent, prefix=f".{path.name}.", suffix=".part")


def put_in_place(made: Mapping[Path, Sequence[Path]], *, sharded: bool) -> tuple[Path, ...]:
    """Rename the files that were made for each path, one after the other, and say what they are called now.

    Shards of an earlier dataset under the same name go: whoever reads all of them would read records twice.
    """
    moves = {
        shard_path(path, number, len(files)) if sharded else path: file
        for path, files in made.items()
        for number, file in enumerate(files)
    }
    for place, file in moves.items():
        file.replace(place)
    if sharded:
        for path in made:
            name = re.compile(rf"{re.escape(path.stem)}-\d{{5,}}-of-\d{{5,}}{re.escape(path.suffix)}")
            for each in sorted(path.parent.iterdir()):
                if name.fullmatch(each.name) and each not in moves:
                    each.unlink()
    return tuple(moves)
