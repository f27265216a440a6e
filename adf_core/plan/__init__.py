"""The plan: the lazy stream of slots, and what each of them asks."""

from adf_core.plan.estimate import Estimate, estimate
from adf_core.plan.plan import Plan
from adf_core.plan.requests import Prompter, Sampling, attempt_seed, request_key
from adf_core.plan.slots import Slot

__all__ = ["Estimate", "Plan", "Prompter", "Sampling", "Slot", "attempt_seed", "estimate", "request_key"]
