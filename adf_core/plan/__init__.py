"""The plan: the lazy stream of slots, and what each of them asks."""

from adf_core.plan.directions import installed_directions
from adf_core.plan.estimate import Estimate, Judging, estimate
from adf_core.plan.plan import Plan
from adf_core.plan.requests import Prompter, Sampling, attempt_seed, request_key
from adf_core.plan.slots import Slot
from adf_core.plan.steps import Step, coverage_steps

__all__ = [
    "Estimate",
    "Judging",
    "Plan",
    "Prompter",
    "Sampling",
    "Slot",
    "Step",
    "attempt_seed",
    "coverage_steps",
    "estimate",
    "installed_directions",
    "request_key",
]
