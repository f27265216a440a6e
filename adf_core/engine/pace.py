"""How fast requests may be sent: buckets that fill with time, given by the user, learned, or announced by the server.

A bucket is asked for the ``delay`` until an amount may be taken, and told what was taken. ``now`` is always the event
loop's time, in seconds.
"""

from __future__ import annotations

import math
from typing import Protocol

from adf_core.engine.tuning import (
    HEADERS_EVIDENCE,
    HEADERS_LEAST_USED,
    HEADERS_LONGEST_RESET,
    LATENESS,
    LONGEST_PAUSE,
    PACE_FAST,
    PACE_HOLD,
    PACE_LEAST,
    PACE_NEAR,
    PACE_SHRINK,
    PACE_SHRINK_MOST,
    PACE_SHRINKAGE,
    PACE_SLOW,
    PACE_TICK,
    RATE_MARGIN,
    TOKENS_AHEAD,
)

_ROUNDING = 1e-6
"""Seconds that are no delay: they come of floating point, and a timer for them might never see the clock move."""


class Gate(Protocol):
    """What has a say in when something may be sent."""

    def delay(self, amount: float, now: float) -> float:
        """Seconds until so much may be taken; 0 for at once."""

    def take(self, amount: float, now: float) -> None:
        """So much is sent, whether or not it may be."""

    def give_back(self, amount: float, now: float) -> None:
        """So much of what was taken was not used; a negative amount takes more."""


class Bucket:
    """Holds at most ``burst``, fills with ``per_second``, and may be in debt. It is full at first."""

    def __init__(self, per_second: float, burst: float) -> None:
        self.per_second = per_second
        self.burst = burst
        self._level = burst
        self._at = 0.0

    def delay(self, amount: float, now: float) -> float:
        """Seconds until so much may be taken; of more than a burst, until the bucket is full."""
        missing = min(amount, self.burst) - self.level(now)
        return _delay(missing / self.per_second)

    def take(self, amount: float, now: float) -> None:
        self._level = self.level(now) - amount
        self._at = now

    def give_back(self, amount: float, now: float) -> None:
        self._level = min(self.burst, self.level(now) + amount)
        self._at = now

    def change(self, per_second: float, burst: float, now: float) -> None:
        """Another rate and burst from now on."""
        self._level = min(burst, self.level(now))
        self._at = now
        self.per_second = per_second
        self.burst = burst

    def level(self, now: float) -> float:
        """How much is in it; negative for a debt."""
        return min(self.burst, self._level + (now - self._at) * self.per_second)


def requests_a_minute(rpm: float) -> Bucket:
    """For a server that allows rpm/60 requests in any second: next to no burst, only what late timers missed."""
    return Bucket(rpm / 60 * (1 - RATE_MARGIN), _burst(rpm / 60))


def tokens_a_minute(tpm: float) -> Bucket:
    """For a server that allows so many tokens in any minute."""
    per_second = tpm / 60 * (1 - RATE_MARGIN)
    return Bucket(per_second, per_second * TOKENS_AHEAD)


class LearnedPace:
    """A pace that was learned from 429s: it grows until there are a few of them, and stays there."""

    def __init__(self, per_second: float, ceiling: float, now: float) -> None:
        """``ceiling`` is the pace at which trouble begins; infinity where that is not known."""
        self._bucket = Bucket(per_second, _burst(per_second))
        self._ceiling = ceiling
        self._highest = per_second
        self._changed = now
        self._held_up = False
        self._troubled = False

    @property
    def per_second(self) -> float:
        return self._bucket.per_second

    def delay(self, amount: float, now: float) -> float:
        delay = self._bucket.delay(amount, now)
        self._held_up |= delay > 0
        return delay

    def take(self, amount: float, now: float) -> None:
        self._bucket.take(amount, now)

    def give_back(self, amount: float, now: float) -> None:
        self._bucket.give_back(amount, now)

    def cut(self, per_second: float, ceiling: float, now: float) -> None:
        """Trouble came: slow down to that pace, if it is slower."""
        self._ceiling = self._highest = min(self.per_second, ceiling)
        self._troubled = True
        self._change(min(self.per_second, per_second), now)

    def adapt(self, refused: float, now: float) -> None:
        """Grow, hold still or shrink by the share of 429s; only while the pace holds something up."""
        seconds = min(now - self._changed, 1.0)
        if seconds < PACE_TICK:
            return
        self._changed = now
        if not self._held_up:
            return
        self._held_up = False
        pace = self.per_second
        if refused > PACE_HOLD and self._ceiling < math.inf:
            if not self._troubled:
                self._highest = max(pace, self._highest)
            self._troubled = True
            self._ceiling = pace
            if refused > PACE_SHRINK:
                least = min(pace, self._highest * (1 - PACE_SHRINK_MOST))
                self._change(max(least, pace * (1 - PACE_SHRINKAGE * refused) ** seconds), now)
            return
        self._troubled = False
        near = self._ceiling * (1 - PACE_NEAR) <= pace <= self._ceiling * (1 + PACE_NEAR)
        self._change(pace * (1 + (PACE_SLOW if near else PACE_FAST)) ** seconds, now)

    def _change(self, per_second: float, now: float) -> None:
        per_second = max(PACE_LEAST, per_second)
        self._bucket.change(per_second, _burst(per_second), now)


class Announced:
    """What a server's headers say is left of its limit, less what was sent since.

    Servers count in two ways: a bucket that fills all the time, or a window that begins anew at a fixed time. Headers
    do not say which. With a bucket the time at which it will be full moves with everything that is taken; with a
    window it stands still. Until that is seen it is taken for a window, which is the stricter of the two.
    """

    def __init__(self) -> None:
        self._limit = math.inf
        self._level = math.inf
        self._at = 0.0
        self._per_second = 0.0
        self._full_at = 0.0
        self._newest = -math.inf
        self._window = True
        self._mark: tuple[float, float] | None = None

    def delay(self, amount: float, now: float) -> float:
        missing = min(amount, self._limit) - self._refilled(now)
        if missing <= 0:
            return 0.0
        full = self._full_at - now
        return _delay(min(full, missing / self._per_second) if self._per_second else full)

    def take(self, amount: float, now: float) -> None:
        self._level = self._refilled(now) - amount

    def give_back(self, amount: float, now: float) -> None:
        self._level = self._refilled(now) + amount

    def learn(
        self,
        limit: int | None,
        remaining: int | None,
        reset: float | None,
        *,
        sent: float,
        since: float,
        seconds: float,
        now: float,
    ) -> bool:
        """Take in what came with an answer; False where it makes no sense.

        ``sent`` is how much had been sent with its request, in all, ``since`` how much was sent after it, and
        ``seconds`` how long it took. What came with an older request than the last one's is passed over.
        """
        if limit is None or remaining is None or limit <= 0 or not 0 <= remaining <= limit:
            return False
        if reset is not None and not 0 < reset <= HEADERS_LONGEST_RESET:
            return False
        if sent <= self._newest:
            return True
        self._newest = sent
        used = limit - remaining
        self._per_second = limit / 60
        full_in = LONGEST_PAUSE
        if reset is not None and used >= HEADERS_LEAST_USED:
            self._tell_window(reset / used, now + reset, sent, seconds)
            self._per_second = 0.0 if self._window else used / reset
            full_in = min(reset, LONGEST_PAUSE) if self._window else LONGEST_PAUSE
        self._limit = limit
        self._level = remaining - since
        self._at = now
        self._full_at = now + full_in
        return True

    def _tell_window(self, seconds_each: float, full_at: float, sent: float, seconds: float) -> None:
        """Tell window from bucket, once so much was sent that the difference is larger than what answers vary by."""
        if self._mark is None:
            self._mark = (sent, full_at)
        expected = (sent - self._mark[0]) * seconds_each
        if expected >= max(HEADERS_EVIDENCE, 2 * seconds):
            self._window = full_at - self._mark[1] < expected / 2
            self._mark = (sent, full_at)

    def _refilled(self, now: float) -> float:
        if now >= self._full_at:
            self._level = self._limit
            self._per_second = self._limit / 60
            self._full_at = now + LONGEST_PAUSE
        self._level = min(self._limit, self._level + (now - self._at) * self._per_second)
        self._at = now
        return self._level


def _delay(seconds: float) -> float:
    return seconds if seconds > _ROUNDING else 0.0


def _burst(per_second: float) -> float:
    return 1 + per_second * LATENESS
