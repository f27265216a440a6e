"""When a try is worth another one, and how long to wait before it."""

from __future__ import annotations

import random

from adf_core.engine.tuning import FIRST_WAIT, LONGEST_WAIT, REFUSALS, REWORDINGS, TRIES, TRIES_UNSEEN
from adf_core.errors import Overloaded, ProviderError, RateLimited, Reworded, Timeout, Unreachable


class Tries:
    """The tries of one request. Each kind of fault has its own bound, so that being asked to slow down, which says
    nothing against the request, does not use up what is meant for failures.
    """

    def __init__(self) -> None:
        self.number = 0
        self.timeouts = 0
        self._failed = 0
        self._refused = 0
        self._reworded = 0

    def begin(self) -> int:
        """One more; returns its number, from 1."""
        self.number += 1
        return self.number

    def wait(self, error: ProviderError, *, seen: bool) -> float | None:
        """Seconds to wait before the next try, or None where there is none.

        ``seen`` says whether the server has ever answered: a wrong address should be told at once.
        """
        match error:
            case Reworded():
                self._reworded += 1
                return 0.0 if self._reworded <= REWORDINGS else None
            case RateLimited():
                self._refused += 1
                wait = _backoff(self._refused)
                return max(wait, error.retry_after or 0.0) if self._refused <= REFUSALS else None
            case Overloaded() | Timeout() | Unreachable():
                self._failed += 1
                self.timeouts += isinstance(error, Timeout)
                most = TRIES if seen or not isinstance(error, Unreachable) else TRIES_UNSEEN
                return _backoff(self._failed) if self._failed < most else None
        return None


def _backoff(number: int) -> float:
    """Exponential with jitter, so that requests that failed together do not come back together."""
    # The exponent is bounded only because the power would not fit a float.
    return min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** min(number - 1, 60)) * random.uniform(0.75, 1.25)  # noqa: S311  jitter
