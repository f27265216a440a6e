"""What judging stored answers again has changed."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from adf_core.journal import SettledSlot


@dataclass(slots=True)
class Changes:
    """Slots by what they were and what they are now.

    ``kept`` were accepted and are; ``accepted`` were not before; ``refused`` were accepted, by who refuses them now.
    ``open`` want another answer, since no stored one is accepted and attempts are left. ``orphaned`` were accepted and
    derive from what is accepted no more.
    """

    kept: int = 0
    accepted: int = 0
    refused: Counter[str] = field(default_factory=Counter)
    open: int = 0
    orphaned: int = 0

    def note(self, before: SettledSlot | None, after: SettledSlot | None, judge: str | None) -> None:
        """A slot was judged again; ``after`` is None where it is open, ``judge`` who refused its last answer."""
        was_accepted = before is not None and before.state == "accepted"
        self.open += after is None
        if after is not None and after.state == "accepted":
            self.kept += was_accepted
            self.accepted += not was_accepted
        elif was_accepted:
            self.refused[judge or ""] += 1

    def close(self, accepted_before: int) -> None:
        """All were judged; ``accepted_before`` slots were accepted when that began."""
        self.orphaned = accepted_before - self.kept - self.refused.total()

    def to_dict(self) -> dict[str, Any]:
        numbers = {name: getattr(self, name) for name in ("kept", "accepted", "open", "orphaned")}
        return {**numbers, "refused": dict(self.refused)}
