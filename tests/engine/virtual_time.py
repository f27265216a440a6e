"""An event loop whose clock jumps to the next timer, so that simulated minutes take milliseconds."""

from __future__ import annotations

import asyncio
import selectors
from collections.abc import Callable, Coroutine
from typing import Any, TypeVar

T = TypeVar("T")


class _Idle(selectors.DefaultSelector):
    """A selector that passes the time instead of waiting."""

    def __init__(self, pass_time: Callable[[float | None], None]) -> None:
        super().__init__()
        self._pass_time = pass_time

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        ready = super().select(0)
        if not ready and timeout != 0:
            self._pass_time(timeout)
        return ready


class VirtualTimeLoop(asyncio.SelectorEventLoop):
    """``lateness()`` is by how many seconds the timers that come next are late. No threads, no sockets."""

    def __init__(self, lateness: Callable[[], float] = lambda: 0.0) -> None:
        self._now = 0.0
        self._lateness = lateness
        super().__init__(_Idle(self._pass))

    def time(self) -> float:
        return self._now

    def _pass(self, seconds: float | None) -> None:
        if seconds is None:
            raise RuntimeError("Everything waits, and no timer will end it.")
        self._now += seconds + self._lateness()


def run(simulation: Coroutine[Any, Any, T], lateness: Callable[[], float] = lambda: 0.0) -> T:
    """What the coroutine returns, run in virtual time that begins at 0."""
    with asyncio.Runner(loop_factory=lambda: VirtualTimeLoop(lateness)) as runner:
        return runner.run(simulation)
