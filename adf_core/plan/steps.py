"""How the requested coverage grows with what is spent."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from adf_core.plan.plan import Plan
from adf_core.scenarios import Space

STEPS = 10


@dataclass(frozen=True, slots=True)
class Step:
    """After a ``share`` of all calls, that is after ``calls``, the coverage from 0 to 1 by strength."""

    share: float
    calls: int
    coverage: Mapping[int, float]


def coverage_steps(space: Space, plan: Plan, calls: int) -> list[Step]:
    """The requested coverage after each tenth of so many calls, if the first answer for each seed is accepted.

    Strengths with too many combinations to measure are left out. None for a space without factors.
    """
    if not space.factors:
        return []
    from adf_core.scenarios.coverage import measure_coverage

    steps = []
    for number in range(1, STEPS + 1):
        share = number / STEPS
        seeds = round(calls * share)
        measured = measure_coverage(space, ((scenario, "", 1) for scenario in plan.scenarios[:seeds]))
        coverage = {each.strength: each.share.ratio for each in measured.strengths if each.share is not None}
        steps.append(Step(share, seeds, coverage))
    return steps
