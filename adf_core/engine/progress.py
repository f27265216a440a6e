"""Numbers of a run while it goes on, for whoever wants to look."""

from __future__ import annotations

import time
from dataclasses import dataclass, field

from adf_core.engine.budget import BudgetKeeper, Spending
from adf_core.journal.rows import State


@dataclass(slots=True)
class Progress:
    """Live numbers. ``planned`` grows as accepted records bring derivations; ``settled_before`` were done by earlier
    runs.
    """

    planned: int = 0
    accepted: int = 0
    rejected: int = 0
    failed: int = 0
    settled_before: int = 0
    in_flight: int = 0
    requests: int = 0
    reused: int = 0
    input_tokens: int = 0
    output_tokens: int = 0
    cost_usd: float = 0.0
    unpriced: bool = False
    trouble: str = ""
    budget: BudgetKeeper | None = None
    started: float = field(default_factory=time.monotonic)

    def restart(self, planned: int) -> None:
        """Count from the start: the plan is walked once more."""
        self.planned = planned
        self.accepted = self.rejected = self.failed = self.settled_before = 0

    def count(self, state: State) -> None:
        """One more slot has ended in that state."""
        match state:
            case "accepted":
                self.accepted += 1
            case "rejected":
                self.rejected += 1
            case "failed":
                self.failed += 1

    def spending(self) -> list[Spending]:
        """How it stands with each cap of the budget."""
        return self.budget.spending() if self.budget else []

    @property
    def done(self) -> int:
        return self.accepted + self.rejected + self.failed

    @property
    def seconds(self) -> float:
        return time.monotonic() - self.started

    @property
    def per_minute(self) -> float:
        """Slots this run settles a minute."""
        return (self.done - self.settled_before) * 60 / max(self.seconds, 0.001)

    @property
    def seconds_left(self) -> float | None:
        """How long the slots known now will take, or None where that cannot be told yet."""
        pace = self.per_minute
        return (self.planned - self.done) * 60 / pace if pace > 0 else None
