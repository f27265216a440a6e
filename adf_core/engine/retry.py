"""When a try is worth another one, and how long to wait before it."""

from __future__ import annotations

import random

from adf_core.errors import Overloaded, ProviderError, RateLimited, Timeout, Unreachable

TRIES = 8
"""Most tries of one request. With the waits below a server may be away for about a minute."""

TRIES_UNSEEN = 3
"""Most tries while the server has never answered: a wrong address should be told at once."""

FIRST_WAIT = 0.5
"""Seconds before the second try; each later wait is twice as long."""

LONGEST_WAIT = 30.0
"""Seconds no wait exceeds, unless the server asks for more."""

REQUEST_TIMEOUT = 600.0
"""Seconds after which a request that brought nothing is given up."""


def worth_another_try(error: ProviderError) -> bool:
    """Whether the same request may succeed a little later."""
    return isinstance(error, RateLimited | Overloaded | Timeout | Unreachable)


def wait_before_try(try_: int, error: ProviderError) -> float:
    """Seconds to wait before try number ``try_`` (2 is the first retry): exponential with jitter, or what the server
    asks.
    """
    wait = min(LONGEST_WAIT, FIRST_WAIT * 2.0 ** (try_ - 2)) * random.uniform(0.75, 1.25)  # noqa: S311  jitter
    asked = error.retry_after if isinstance(error, RateLimited) else None
    return max(wait, asked) if asked is not None else wait
