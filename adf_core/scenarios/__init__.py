"""Scenarios: which concrete situations of the domain are asked for, so that all of it is covered with few."""

from __future__ import annotations

from typing import TYPE_CHECKING

from adf_core.scenarios.choosing import Choice, Strategy, choose, product_size
from adf_core.scenarios.lacking import lacking
from adf_core.scenarios.space import Condition, Constraint, Scenario, Space
from adf_core.scenarios.words import in_words, sentences

if TYPE_CHECKING:
    from adf_core.scenarios.coverage import Coverage, measure_coverage, missing_cells
    from adf_core.scenarios.covering import covering_array

__all__ = [
    "Choice",
    "Condition",
    "Constraint",
    "Coverage",
    "Scenario",
    "Space",
    "Strategy",
    "choose",
    "covering_array",
    "in_words",
    "lacking",
    "measure_coverage",
    "missing_cells",
    "product_size",
    "sentences",
]


def __getattr__(name: str) -> object:
    # numpy is imported when an array is asked for, not with every command.
    if name == "covering_array":
        from adf_core.scenarios.covering import covering_array

        return covering_array
    if name in ("Coverage", "measure_coverage", "missing_cells"):
        from adf_core.scenarios import coverage

        return getattr(coverage, name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
