"""What ``adf run`` shows while it works: a live panel on a terminal, plain lines elsewhere. All of it on standard
error.
"""

from __future__ import annotations

import sys
import threading
from typing import TYPE_CHECKING

import click

from adf_core.cli.shared import plain, spending_words
from adf_core.engine import Progress

if TYPE_CHECKING:
    from adf_core.cli.panel import Panel

LINE_SECONDS = 10.0
"""How often a plain line is printed where there is no terminal."""


class Display:
    """Shows a run's progress, from when it is started until it is closed."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._panel: Panel | None = None
        self._closed = threading.Event()
        self._printer = threading.Thread(target=self._print_lines, daemon=True, name="adf-display")

    def start(self) -> None:
        if sys.stderr.isatty():
            from adf_core.cli.panel import Panel

            self._panel = Panel(self._progress)
        else:
            self._printer.start()

    def close(self) -> None:
        self._closed.set()
        if self._panel is not None:
            self._panel.close()

    def say(self, note: str) -> None:
        """A sentence for the user, kept in sight."""
        if self._panel is not None:
            self._panel.note = note
        else:
            click.echo(note, err=True)

    def _print_lines(self) -> None:
        while not self._closed.wait(LINE_SECONDS):
            click.echo(self._line(), err=True)

    def _line(self) -> str:
        now = self._progress
        line = (
            f"{now.done:,} of {now.planned:,} done, {now.accepted:,} accepted, {now.rejected:,} rejected, "
            f"{now.failed:,} failed, {now.in_flight:,} in flight, {now.per_minute:,.0f} a minute"
        )
        line = "; ".join([line, *map(spending_words, now.spending())])
        return f"{line} ({plain(now.trouble)})" if now.trouble else line
