"""The live panel that ``adf run`` shows on a terminal."""

from __future__ import annotations

from rich.console import Group
from rich.live import Live
from rich.progress_bar import ProgressBar
from rich.table import Table
from rich.text import Text

from adf_core.cli.shared import console, dollars, duration, plain, spending_words
from adf_core.engine import Progress


class Panel:
    """Shows a run's progress and a note in place, from when it is made until it is closed."""

    def __init__(self, progress: Progress) -> None:
        self._progress = progress
        self.note = ""
        self._live = Live(
            get_renderable=self._group, console=console(stderr=True), refresh_per_second=4, transient=True
        )
        self._live.start()

    def close(self) -> None:
        self._live.stop()

    def _group(self) -> Group:
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
        notes = [Text(text, style="yellow") for text in (plain(now.trouble), self.note) if text]
        return Group(bar, facts, *budget, *notes)
