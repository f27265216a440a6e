"""The engine: settles the slots of a plan, asking and judging, and delivers what was accepted."""

from adf_core.engine.budget import Spending
from adf_core.engine.changes import Changes
from adf_core.engine.progress import Progress
from adf_core.engine.run import Run
from adf_core.engine.summary import RunOptions, Summary

__all__ = ["Changes", "Progress", "Run", "RunOptions", "Spending", "Summary"]
