"""How many requests are in flight and when the next may be sent, learned from what comes of them.

Two things limit a server, and each is found in its own way. How much it can do at once shows in 5xx and timeouts: the
number of requests in flight is cut when there are many, and grows while there are few. How many a second it allows
shows in 429s: these come back at once, so fewer in flight would only spin faster; the rate is held to what got through.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from dataclasses import dataclass

from adf_core.components import Response, Usage
from adf_core.engine.pace import Announced, Gate, LearnedPace, requests_a_minute, tokens_a_minute
from adf_core.engine.tuning import (
    ANSWERS_UNDONE,
    COOLDOWN,
    GOODPUT_WINDOW,
    LONGEST_PAUSE,
    PACE_AFTER_CUT,
    PACE_LEAST_PART,
    RAMP_START,
    RAMP_STEP,
    TOKENS_LEARNED,
)
from adf_core.engine.window import Goodput, Span, Window
from adf_core.errors import Overloaded, ProviderError, RateLimited, Timeout, Unreachable


@dataclass(slots=True, eq=False)
class Permit:
    """Leave to send one request; to be given back with :meth:`Limiter.release`."""

    tokens: float
    expected_tokens: float
    sent_at: float
    sent: int
    sent_tokens: float
    cuts: int
    span: Span


class Limiter:
    """Gives out permits for one provider and model, in the order they are asked for."""

    def __init__(self, most: int, *, rpm: float | None = None, tpm: float | None = None) -> None:
        """At most ``most`` in flight; ``rpm`` and ``tpm`` are the user's limits of requests and tokens a minute."""
        self._most = most
        self._limit = float(min(most, RAMP_START))
        self._ramp_began = math.inf
        self._ramping = most > RAMP_START
        self._quick_until = float(most)
        self._after_cut = float(most)
        self._grown = True
        self._in_flight = 0
        self._waiters: deque[tuple[asyncio.Future[Permit | None], float]] = deque()
        self._timer: asyncio.TimerHandle | None = None
        self._timer_at = math.inf
        self._closed = False

        self._user_pace = requests_a_minute(rpm) if rpm else None
        self._user_tokens = tokens_a_minute(tpm) if tpm else None
        self._learned: LearnedPace | None = None
        self._announced = Announced()
        self._announced_tokens = Announced()
        self._request_gates: list[Gate] = [self._user_pace] if self._user_pace else []
        self._token_gates: list[Gate] = []
        self._used_of_reserved = 1.0

        self._sent = 0
        self._sent_tokens = 0.0
        self._goodput = Goodput()
        self._window = Window()
        self._cuts = 0
        self._paused_until = -math.inf
        self._no_cut_before = -math.inf

    @property
    def limit(self) -> int:
        """How many may be in flight at present."""
        return int(self._limit)

    @property
    def in_flight(self) -> int:
        return self._in_flight

    @property
    def pace(self) -> float | None:
        """Requests a second by the user's limit and what was learned, whichever is less; None without either."""
        paces = [gate.per_second for gate in (self._user_pace, self._learned) if gate is not None]
        return min(paces, default=None)

    @property
    def cuts(self) -> int:
        """How often the server's trouble has made it slow down."""
        return self._cuts

    async def acquire(self, tokens: float) -> Permit | None:
        """Wait until a request of about so many tokens, prompt and answer together, may be sent.

        None where the limiter is closed, or was closed meanwhile.
        """
        if self._closed:
            return None
        loop = asyncio.get_running_loop()
        now = loop.time()
        if not self._waiters and self._delay(tokens, now) <= 0:
            return self._grant(tokens, now)
        waiter: asyncio.Future[Permit | None] = loop.create_future()
        self._waiters.append((waiter, tokens))
        if len(self._waiters) == 1:
            self._serve(now)
        try:
            return await waiter
        except asyncio.CancelledError:
            permit = None if waiter.cancelled() else waiter.result()
            if permit is None:
                self._serve(loop.time())
            else:
                self.release(permit, None)
            raise

    def close(self) -> None:
        """Give out nothing more; those who wait get None at once."""
        self._closed = True
        for waiter, _ in self._waiters:
            if not waiter.done():
                waiter.set_result(None)
        self._waiters.clear()

    def release(self, permit: Permit, outcome: Response | ProviderError | None) -> None:
        """Give a permit back with what came of its request; None where it was not sent after all."""
        now = asyncio.get_running_loop().time()
        self._in_flight -= 1
        if outcome is None:
            self._take_back(permit, now)
        elif isinstance(outcome, Response):
            self._count_tokens(permit, outcome.usage, now)
            self._learn_from_headers(permit, outcome, now)
            self._succeeded(permit)
        elif isinstance(outcome, RateLimited):
            permit.span.refused += 1
            if self._user_tokens is not None:
                self._user_tokens.give_back(permit.expected_tokens, now)
            self._refused(permit, outcome, now)
        elif isinstance(outcome, Overloaded | Timeout):
            self._failed(permit, now)
        elif not isinstance(outcome, Unreachable):
            self._succeeded(permit)
        if self._waiters:
            self._serve(now)

    def _delay(self, tokens: float, now: float) -> float:
        """Seconds until a request may be sent; infinity where another must come back first."""
        if self._ramping:
            self._ramp(now)
        if self._in_flight >= int(self._limit):
            return self._next_ramp_step(now) if self._ramping else math.inf
        delay = self._paused_until - now
        if self._learned is not None:
            self._learned.adapt(self._window.refused, now)
        for gate in self._request_gates:
            delay = max(delay, gate.delay(1, now))
        for gate in self._token_gates:
            delay = max(delay, gate.delay(tokens, now))
        if self._user_tokens is not None:
            delay = max(delay, self._user_tokens.delay(tokens * self._used_of_reserved, now))
        return delay

    def _grant(self, tokens: float, now: float) -> Permit:
        self._in_flight += 1
        self._sent += 1
        self._sent_tokens += tokens
        self._window.send(now)
        for gate in self._request_gates:
            gate.take(1, now)
        for gate in self._token_gates:
            gate.take(tokens, now)
        expected = tokens * self._used_of_reserved
        if self._user_tokens is not None:
            self._user_tokens.take(expected, now)
        return Permit(tokens, expected, now, self._sent, self._sent_tokens, self._cuts, self._goodput.sent(now))

    def _take_back(self, permit: Permit, now: float) -> None:
        permit.span.sent -= 1
        if permit.cuts == self._cuts:
            self._window.take_back()
        for gate in self._request_gates:
            gate.give_back(1, now)
        for gate in self._token_gates:
            gate.give_back(permit.tokens, now)
        if self._user_tokens is not None:
            self._user_tokens.give_back(permit.expected_tokens, now)

    def _serve(self, now: float) -> None:
        """Give permits to those who wait, in their order, or see to it that this is done later."""
        while self._waiters:
            waiter, tokens = self._waiters[0]
            if waiter.done():
                self._waiters.popleft()
                continue
            delay = self._delay(tokens, now)
            if delay > 0:
                self._serve_at(now + delay)
                return
            self._waiters.popleft()
            waiter.set_result(self._grant(tokens, now))

    def _serve_at(self, when: float) -> None:
        if self._timer is not None:
            if self._timer_at <= when:
                return
            self._timer.cancel()
            self._timer = None
        if math.isfinite(when):
            self._timer_at = when
            self._timer = asyncio.get_running_loop().call_at(when, self._on_timer)

    def _on_timer(self) -> None:
        self._timer = None
        self._serve(asyncio.get_running_loop().time())

    def _ramp(self, now: float) -> None:
        self._limit = min(float(self._most), RAMP_START * 2.0 ** min(self._ramp_steps(now), 64))
        self._ramping = self._limit < self._most

    def _next_ramp_step(self, now: float) -> float:
        """Seconds until the ramp doubles again."""
        return self._ramp_began + (self._ramp_steps(now) + 1) * RAMP_STEP - now

    def _ramp_steps(self, now: float) -> int:
        if self._ramp_began == math.inf:
            self._ramp_began = now
        # A hair more, so that a timer for a step, which may be a rounding error early, finds that it is there.
        return int((now - self._ramp_began) / RAMP_STEP + 1e-6)

    def _succeeded(self, permit: Permit) -> None:
        if permit.cuts != self._cuts:
            return
        self._window.answer()
        if self._limit < self._most and not self._ramping:
            self._limit = min(float(self._most), self._limit + self._growth())
            self._grown = True

    def _refused(self, permit: Permit, error: RateLimited, now: float) -> None:
        if permit.cuts != self._cuts:
            return
        self._window.refuse(now)
        if now < self._no_cut_before or not self._window.many_refused:
            return
        # A server lets in more than its rate until what it had saved up is used; only then goodput tells the rate.
        if self._learned is not None and self._window.refused_for(now) < GOODPUT_WINDOW:
            return
        goodput, offered, precise = self._goodput.measure(now)
        pace = max(goodput * PACE_AFTER_CUT, offered * PACE_LEAST_PART)
        if self._learned is None:
            self._learned = LearnedPace(pace, goodput if precise else math.inf, now)
            self._request_gates.append(self._learned)
        else:
            self._learned.cut(pace, goodput, now)
        self._cut(now, min(max(error.retry_after or 0.0, COOLDOWN), LONGEST_PAUSE))

    def _failed(self, permit: Permit, now: float) -> None:
        if permit.cuts != self._cuts:
            return
        self._window.fail(now)
        undone = self._growth() * ANSWERS_UNDONE
        self._limit = max(min(self._limit, self._after_cut), self._limit - undone)
        if now < self._no_cut_before or not self._window.many_failed:
            return
        # A cut that only goes on with the last one says nothing about what the server can do when it is well.
        if self._grown:
            self._quick_until = self._limit / 2
            self._grown = False
        self._ramping = False
        self._limit = self._after_cut = max(1.0, self._limit * (1 - self._window.lost / 2))
        self._cut(now, 0.0)

    def _growth(self) -> float:
        """What one answer adds to the limit: with quick growth it doubles in the time of an answer, else it adds 1."""
        return 1.0 if self._limit < self._quick_until else 1.0 / self._limit

    def _cut(self, now: float, pause: float) -> None:
        self._cuts += 1
        self._paused_until = now + pause
        self._no_cut_before = now + pause + COOLDOWN
        self._window = Window()
        self._goodput = Goodput()

    def _count_tokens(self, permit: Permit, usage: Usage, now: float) -> None:
        if usage == Usage():
            return
        used = usage.input_tokens + usage.output_tokens
        if permit.tokens > 0:
            self._used_of_reserved += (used / permit.tokens - self._used_of_reserved) * TOKENS_LEARNED
        if self._user_tokens is not None:
            self._user_tokens.give_back(permit.expected_tokens - used, now)

    def _learn_from_headers(self, permit: Permit, response: Response, now: float) -> None:
        said = response.rate_limit
        if said is None:
            return
        seconds = now - permit.sent_at
        learned = self._announced.learn(
            said.requests_limit,
            said.requests_remaining,
            said.requests_reset,
            sent=permit.sent,
            since=self._sent - permit.sent,
            seconds=seconds,
            now=now,
        )
        if learned and self._announced not in self._request_gates:
            self._request_gates.append(self._announced)
        learned = self._announced_tokens.learn(
            said.tokens_limit,
            said.tokens_remaining,
            said.tokens_reset,
            sent=permit.sent_tokens,
            since=self._sent_tokens - permit.sent_tokens,
            seconds=seconds,
            now=now,
        )
        if learned and self._announced_tokens not in self._token_gates:
            self._token_gates.append(self._announced_tokens)
