"""What came lately of the requests that were sent: shares of trouble, and how many a second got through."""

from __future__ import annotations

import math
from collections import deque
from dataclasses import dataclass

from adf_core.engine.tuning import (
    CUT_LEAST,
    CUT_SHARE,
    GOODPUT_SPAN,
    GOODPUT_WINDOW,
    PACE_HOLD,
    WINDOW,
    WINDOW_LEAST,
)


@dataclass(slots=True, eq=False)
class Span:
    """Requests sent in one short span of time, and how many of them were answered with a 429."""

    began: float
    sent: int = 0
    refused: int = 0


class Window:
    """Shares of 429s and of failures among the requests that were sent lately: what is older than the window fades.

    Of those that were sent, not of those that came back: refusals come at once and answers of a big model after a
    minute, so that in the first minute nothing but refusals would have come back.
    """

    def __init__(self) -> None:
        self._sent = 0.0
        self._refused = 0.0
        self._failed = 0.0
        self._answered = 0.0
        self._at = -math.inf
        self._refusing_since = -math.inf

    def send(self, now: float) -> None:
        self._fade(now)
        self._sent += 1

    def take_back(self) -> None:
        self._sent = max(0.0, self._sent - 1)

    def answer(self) -> None:
        self._answered += 1

    def refuse(self, now: float) -> None:
        if self.refused <= PACE_HOLD:
            self._refusing_since = now
        self._fade(now)
        self._refused += 1

    def fail(self, now: float) -> None:
        self._fade(now)
        self._failed += 1

    @property
    def refused(self) -> float:
        """The share of 429s."""
        return self._refused / max(self._sent, self._refused, 1.0)

    @property
    def failed(self) -> float:
        """The share of 5xx and timeouts."""
        return self._failed / max(self._sent, self._failed, 1.0)

    @property
    def lost(self) -> float:
        """The share of failures among failures and answers: 1 where nothing is answered any more."""
        return self._failed / (self._failed + self._answered) if self._failed else 0.0

    @property
    def many_refused(self) -> bool:
        return self._refused >= CUT_LEAST and self.refused > CUT_SHARE

    def refused_for(self, now: float) -> float:
        """Seconds since more than a few were refused."""
        return now - self._refusing_since

    @property
    def many_failed(self) -> bool:
        return self._failed >= CUT_LEAST and self.failed > CUT_SHARE

    def _fade(self, now: float) -> None:
        if self._sent > WINDOW_LEAST:
            kept = max(math.exp((self._at - now) / WINDOW), WINDOW_LEAST / self._sent)
            self._sent *= kept
            self._refused *= kept
            self._failed *= kept
            self._answered *= kept
        self._at = now


class Goodput:
    """How many requests a second the server let in lately: those sent and not answered with a 429.

    Answers would be a late measure: those of a big model come a minute after the server let their requests in.
    """

    def __init__(self) -> None:
        self._began = math.inf
        self._spans: deque[Span] = deque(maxlen=round(GOODPUT_WINDOW / GOODPUT_SPAN))

    def sent(self, now: float) -> Span:
        """Count one; the span is where a 429 is to be counted."""
        if not self._spans or now - self._spans[-1].began >= GOODPUT_SPAN:
            self._began = min(self._began, now)
            self._spans.append(Span(now))
        span = self._spans[-1]
        span.sent += 1
        return span

    def measure(self, now: float) -> tuple[float, float, bool]:
        """Requests a second let in and sent, and whether the time was long enough for that to be precise."""
        spans = [span for span in self._spans if now - span.began <= GOODPUT_WINDOW]
        seconds = max(now - spans[0].began if spans else 0.0, GOODPUT_WINDOW)
        sent = sum(span.sent for span in spans)
        refused = sum(span.refused for span in spans)
        return (sent - refused) / seconds, sent / seconds, now - self._began >= GOODPUT_WINDOW
