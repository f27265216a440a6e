"""How long to wait for an answer, learned from how long answers take."""

from __future__ import annotations

import asyncio
import math
from collections.abc import AsyncIterator
from contextlib import AbstractAsyncContextManager, asynccontextmanager

from adf_core.engine.tuning import (
    FIRST_TIMEOUT,
    TIMEOUT_DEVIATIONS,
    TIMEOUT_FLOOR,
    TIMEOUT_MEMORY,
    TIMEOUT_OBSERVATIONS,
    TIMEOUT_SLOWEST,
)

_SHORTEST = 1e-6
"""Seconds; an answer from within the process may take none at all, which has no logarithm."""


class Patience:
    """Learns from the latencies of answers a timeout that hardly ever cuts one off: that would be paid for in vain."""

    def __init__(self) -> None:
        self._count = 0
        self._mean = 0.0
        self._variance = 0.0
        self._slowest = 0.0
        self._open: dict[asyncio.Timeout, tuple[float, int]] = {}

    def observe(self, seconds: float) -> None:
        """An answer took so long."""
        self._count += 1
        weight = 1 / min(self._count, TIMEOUT_MEMORY)
        off = math.log(max(seconds, _SHORTEST)) - self._mean
        self._mean += weight * off
        self._variance = (1 - weight) * (self._variance + weight * off * off)
        self._slowest = max(seconds, self._slowest * (1 - 1 / TIMEOUT_MEMORY))
        if self._count == TIMEOUT_OBSERVATIONS:
            self._shorten_open()

    def seconds(self, timeouts: int) -> float:
        """How long to wait for a request that has timed out so often before: each time twice as long."""
        if self._count < TIMEOUT_OBSERVATIONS:
            return FIRST_TIMEOUT
        # The fewer were seen, the less their spread is known.
        deviations = TIMEOUT_DEVIATIONS * (1 + 2 / math.sqrt(min(self._count, TIMEOUT_MEMORY)))
        tail = math.exp(min(self._mean + deviations * math.sqrt(self._variance), math.log(FIRST_TIMEOUT)))
        return min(max(TIMEOUT_FLOOR, tail, TIMEOUT_SLOWEST * self._slowest) * 2.0**timeouts, FIRST_TIMEOUT)

    def limit(self, timeouts: int) -> AbstractAsyncContextManager[object]:
        """A context that raises TimeoutError once a request has taken too long, by what is known then.

        ``timeouts`` is how often the request has timed out before.
        """
        if self._count < TIMEOUT_OBSERVATIONS:
            return self._limit_unlearned(timeouts)
        return asyncio.timeout(self.seconds(timeouts))

    @asynccontextmanager
    async def _limit_unlearned(self, timeouts: int) -> AsyncIterator[None]:
        async with asyncio.timeout(FIRST_TIMEOUT) as timeout:
            self._open[timeout] = (asyncio.get_running_loop().time(), timeouts)
            try:
                yield
            finally:
                self._open.pop(timeout, None)

    def _shorten_open(self) -> None:
        for timeout, (began, timeouts) in self._open.items():
            if not timeout.expired():
                timeout.reschedule(began + self.seconds(timeouts))
        self._open.clear()
