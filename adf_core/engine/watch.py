"""What goes wrong with slot after slot, so that going on would be a waste."""

from __future__ import annotations

from collections.abc import Iterable

from adf_core.errors import AdfError, InvalidRequest
from adf_core.journal import SettledSlot

REFUSALS_BEFORE_STOP = 5
"""So many requests the provider does not accept, before any answer, stop the run: something is wrong with all of them.
"""

VALIDATOR_FAILURES = 10
"""Fewer slots that failed by one validator never stop the run."""

VALIDATOR_FAILURE_SHARE = 0.2
"""Where one validator has failed so many of the slots that were settled, it will fail others: the run stops."""


class Watch:
    """Looks at each slot that a run settles."""

    def __init__(self, validators: Iterable[str]) -> None:
        self._failures = dict.fromkeys(validators, 0)
        self._settled = 0
        self._refusals = 0

    def look(self, settled: SettledSlot, *, answered: bool) -> AdfError | None:
        """Why the run should stop now, or None. ``answered`` tells whether the provider has answered anything."""
        self._settled += 1
        if settled.state != "failed":
            return None
        judge, reason = settled.judge or "", settled.reason or ""
        if judge == InvalidRequest.__name__ and not answered:
            self._refusals += 1
            return InvalidRequest(reason) if self._refusals == REFUSALS_BEFORE_STOP else None
        if judge not in self._failures:
            return None
        self._failures[judge] += 1
        failures = self._failures[judge]
        if failures < VALIDATOR_FAILURES or failures <= VALIDATOR_FAILURE_SHARE * self._settled:
            return None
        last = reason.strip().splitlines()[-1]
        return AdfError(
            f"The validator `{judge}` failed on {failures} of {self._settled} conversations, the last time with: "
            f"{last} Mend it, or take it out of `validators`; then run again: what was answered is stored and will be "
            "judged."
        )
