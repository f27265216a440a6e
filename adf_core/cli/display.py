"""What ``adf run`` shows while it works: a live panel on a terminal, plain lines elsewhere. All of it on standard
error.
"""

from __future__ import annotations

import threading

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from adf_core.cli.shared import console, dollars, duration, plain, spending_words
from adf_core.engine import Progress

LINE_SECONDS = 10.0
"""How often a plain line is printed where there is no terminal."""


class Display:
    """Shows a run's progress, from when it is started until it is closed."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self._console = console(stderr=True)
        self._note = ""
        self._live = Live(get_renderable=self._panel, console=self._console, refresh_per_second=4, transient=True)
        self._closed = threading.Event()
        self._printer = threading.Thread(target=self._print_lines, daemon=True, name="adf-display")

    def start(self) -> None:
        if self._console.is_terminal:
            self._live.start()
        else:
            self._printer.start()

    def close(self) -> None:
        self._closed.set()
        self._live.stop()

    def say(self, note: str) -> None:
        """A sentence for the user, kept in sight."""
        self._note = note
        if not self._console.is_terminal:
            self._console.print(note)

    def _print_lines(self) -> None:
        while not self._closed.wait(LINE_SECONDS):
            self._console.print(self._line())

    def _line(self) -> str:
        now = self._progress
        line = (
            f"{now.done:,} of {now.planned:,} done, {now.accepted:,} accepted, {now.rejected:,} rejected, "
            f"{now.failed:,} failed, {now.in_flight:,} in flight, {now.per_minute:,.0f} a minute"
        )
        line = "; ".join([line, *map(spending_words, now.spending())])
        return f"{line} ({plain(now.trouble)})" if now.trouble else line

    def _panel(self) -> Group:
        now = self._progress
        left = now.seconds_left
        facts = Table.grid(padding=(0, 3))
        facts.add_row(
            Text(f"{now.accepted:,} accepted", style="green"),
            Text(f"{now.rejected:,} rejected", style="yellow" if now.rejected else "dim"),
            Text(f"{now.failed:,} failed", style="red" if now.failed else "dim"),
            Text(f"{now.in_flight:,} in flight"),
        )
        facts.add_row(
            Text(f"{now.per_minute:,.0f} a minute"),
            Text(f"{now.input_tokens + now.output_tokens:,} tokens"),
            Text(dollars(None if now.unpriced else now.cost_usd)),
            Text("" if left is None else f"about {duration(left)} left"),
        )
        bar = Table.grid(padding=(0, 2))
        bar.add_row(
            ProgressBar(total=max(now.planned, 1), completed=now.done, width=40),
            Text(f"{now.done:,} of {now.planned:,} known conversations, {duration(now.seconds)}"),
        )
        budget = [Text(spending_words(each)) for each in now.spending()]
        notes = [Text(text, style="yellow") for text in (plain(now.trouble), self._note) if text]
        return Group(bar, facts, *budget, *notes)
