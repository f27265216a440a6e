"""Files of JSON lines, one for each part of the dataset where it has parts."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import Any

from adf_core import RunInfo, atomic_write
from adf_jsonl.text import json_text

Writer = Callable[[Mapping[str, Any], str | None], None]
"""Writes one object as a line, into the file of that part."""


def paths(path: Path, run: RunInfo, split_files: bool) -> dict[str | None, Path]:
    """Where each part goes; all goes to ``path`` under the key None where nothing is divided."""
    return {part: part_path(path, part) for part in run.parts} if split_files and run.parts else {None: path}


def part_path(path: Path, part: str) -> Path:
    """Where a part of the dataset goes.

    >>> part_path(Path("dataset.jsonl"), "train").name
    'dataset.train.jsonl'
    """
    return path.with_name(f"{path.stem}.{part}{path.suffix}")


@contextmanager
def line_files(paths: Mapping[str | None, Path]) -> Iterator[Writer]:
    """Write lines to these files, which take their places together at the end."""
    with ExitStack() as stack:
        files = {part: stack.enter_context(atomic_write(each)) for part, each in paths.items()}

        def write(data: Mapping[str, Any], part: str | None) -> None:
            files[part if part in files else None].write(f"{json_text(data)}\n")

        yield write
        for file in files.values():
            file.flush()  # a full disk must show before the first of them takes its place
