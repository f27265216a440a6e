"""Waves of further seeds: what is asked for after the plan has drained and records are still missing."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from adf_core.journal import JournalReader
from adf_core.plan import Plan
from adf_core.project import Project
from adf_core.scenarios import lacking


@dataclass(frozen=True, slots=True)
class Wave:
    """From the replicate ``first`` on, ``passes`` further seeds of each of the scenarios with these numbers.

    ``wanted`` of them are to be accepted, None for all.
    """

    first: int
    scenarios: Sequence[int]
    passes: int
    wanted: int | None

    @property
    def size(self) -> int:
        return len(self.scenarios) * self.passes


class Waves:
    """Chooses each wave by the accepted records of all before it alone, so that a run in steps chooses the same."""

    def __init__(self, project: Project, plan: Plan, reader: JournalReader, top_up: bool) -> None:
        self._space = project.space
        self._choice = project.setup.choice
        self._target = None if top_up else project.setup.generation.target
        self._per_cell = max(self._choice.per_cell, int(top_up))
        self._plan = plan
        self._reader = reader

    def next(self, first: int) -> Wave | None:
        """The wave that begins with the replicate ``first``; None where all that is wanted is there."""
        if self._target is None and not self._per_cell:
            return None
        accepted = self.accepted(first)
        missing = None if self._target is None else self._target - accepted
        if missing is not None and missing <= 0:
            return None
        _, scenarios = self._lacking(first)
        if scenarios:
            return Wave(first, scenarios, 1, missing)
        if missing is None:
            return None
        # As many as are missing, but no more than were accepted so far: what brings nothing is not asked for at length.
        each = range(len(self._plan.scenarios))
        passes = max(1, min(missing, accepted) // len(each))
        return Wave(first, each, passes, missing)

    def accepted(self, first: int) -> int:
        """How many records are accepted without the seeds of replicates from ``first`` on."""
        return sum(count for _, count in self._reader.accepted_scenarios(first))

    def cells_short(self) -> int | None:
        """How many combinations of values have too few records by now; None where that was not asked for."""
        return self._lacking(None)[0] if self._per_cell else None

    def _lacking(self, first: int | None) -> tuple[int, Sequence[int]]:
        if not self._per_cell:
            return 0, ()
        accepted = self._reader.accepted_scenarios(first)
        return lacking(self._space, self._choice.strength, self._plan.scenarios, accepted, self._per_cell)
