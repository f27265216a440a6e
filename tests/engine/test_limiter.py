from __future__ import annotations

import asyncio
import random
from collections import deque
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Protocol

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adf_core.components import RateLimit, Response, Usage
from adf_core.engine.limiter import Limiter, Permit
from adf_core.engine.tuning import RAMP_STEP
from adf_core.errors import ContentBlocked, Overloaded, ProviderError, RateLimited, Timeout, Unreachable

from .virtual_time import run

LATENCY = 0.2
"""Seconds an answer takes, unless a test says another time."""

REFUSAL = 0.005
"""Seconds until a 429 is there."""

HANG = 5.0
"""Seconds after which a caller gives up a request that hangs."""


class Gate(Protocol):
    rate: float

    def lets_in(self, now: float) -> bool: ...


class Sliding:
    """Allows so many in any second."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._let_in: deque[float] = deque()

    def lets_in(self, now: float) -> bool:
        while self._let_in and self._let_in[0] <= now - 1 + 1e-9:
            self._let_in.popleft()
        if len(self._let_in) >= self.rate:
            return False
        self._let_in.append(now)
        return True


class TokenBucket:
    """Allows a second's worth at once and fills steadily."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._level = rate
        self._at = 0.0

    def lets_in(self, now: float) -> bool:
        self._level = min(self.rate, self._level + (now - self._at) * self.rate)
        self._at = now
        if self._level < 1:
            return False
        self._level -= 1
        return True


class Calendar:
    """Allows so many in each second of the clock."""

    def __init__(self, rate: float) -> None:
        self.rate = rate
        self._second = -1
        self._count = 0

    def lets_in(self, now: float) -> bool:
        if int(now) != self._second:
            self._second, self._count = int(now), 0
        self._count += 1
        return self._count <= self.rate


@dataclass
class Server:
    """Answers after ``latency`` what ``gate`` lets in; ``fault`` may make something else of a request."""

    gate: Gate | None = None
    retry_after: float | None = None
    latency: Callable[[], float] = lambda: LATENCY
    fault: Callable[[float], ProviderError | None] = lambda now: None
    arrivals: list[float] = field(default_factory=list)
    refusals: list[float] = field(default_factory=list)
    answers: list[float] = field(default_factory=list)

    async def __call__(self) -> Response:
        now = clock()
        self.arrivals.append(now)
        if self.gate is not None and not self.gate.lets_in(now):
            self.refusals.append(now)
            await asyncio.sleep(REFUSAL)
            raise RateLimited("slow down", self.retry_after)
        fault = self.fault(now)
        if isinstance(fault, RateLimited):
            await asyncio.sleep(REFUSAL)
            raise fault
        if isinstance(fault, Timeout):
            await asyncio.sleep(HANG)
            raise fault
        await asyncio.sleep(self.latency())
        if fault is not None:
            raise fault
        self.answers.append(clock())
        return Response("yes")

    def goodput(self, start: float, end: float) -> float:
        return sum(start <= at < end for at in self.answers) / (end - start)

    def refused(self, start: float, end: float) -> float:
        """The share of requests that were answered with a 429."""
        arrived = sum(start <= at < end for at in self.arrivals)
        return sum(start <= at < end for at in self.refusals) / arrived


def clock() -> float:
    return asyncio.get_running_loop().time()


async def permitted(limiter: Limiter, tokens: float = 100) -> Permit:
    permit = await limiter.acquire(tokens)
    assert permit is not None
    return permit


async def call(limiter: Limiter, server: Callable[[], Awaitable[Response]], chance: random.Random) -> None:
    """One request with its tries, as the caller makes them: the wait between two is without a permit."""
    tries = 0
    while True:
        permit = await permitted(limiter)
        try:
            outcome: Response | ProviderError = await server()
        except ProviderError as error:
            outcome = error
        limiter.release(permit, outcome)
        if isinstance(outcome, Response):
            return
        wait = min(30.0, 0.5 * 2.0**tries) * chance.uniform(0.75, 1.25)
        asked = outcome.retry_after if isinstance(outcome, RateLimited) else None
        await asyncio.sleep(wait if asked is None else max(wait, asked))
        tries += 1


async def simulate(limiter: Limiter, server: Callable[[], Awaitable[Response]], seconds: float, workers: int) -> None:
    """So many workers make one call after the other."""
    chance = random.Random(1)

    async def work() -> None:
        while True:
            await call(limiter, server, chance)

    tasks = [asyncio.create_task(work()) for _ in range(workers)]
    done, _ = await asyncio.wait(tasks, timeout=seconds, return_when=asyncio.FIRST_EXCEPTION)
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
    for task in done:
        task.result()


GATES = pytest.mark.parametrize("gate", [Sliding, TokenBucket, Calendar])


@GATES
@pytest.mark.parametrize("most", [100, 16])
@pytest.mark.parametrize("retry_after", [None, 1.0])
def test_the_pace_of_a_server_that_says_nothing_is_found(
    gate: Callable[[float], Gate], most: int, retry_after: float | None
) -> None:
    server = Server(gate(50), retry_after)

    async def simulation() -> None:
        await simulate(Limiter(most), server, 65, workers=2 * most)

    run(simulation())
    assert server.goodput(5, 65) >= 0.95 * 50
    assert server.refused(5, 65) < 0.05


@GATES
@pytest.mark.parametrize("rate", [5, 500])
def test_slow_and_fast_paces_are_found_too(gate: Callable[[float], Gate], rate: float) -> None:
    server = Server(gate(rate))

    async def simulation() -> None:
        await simulate(Limiter(300), server, 80, workers=600)

    run(simulation())
    assert server.goodput(20, 80) >= 0.9 * rate
    assert server.refused(20, 80) < 0.05


@GATES
def test_the_pace_is_found_where_answers_take_long(gate: Callable[[float], Gate]) -> None:
    server = Server(gate(50), latency=lambda: 10.0)

    async def simulation() -> None:
        await simulate(Limiter(800), server, 90, workers=1600)

    run(simulation())
    assert server.goodput(30, 90) >= 0.95 * 50
    assert server.refused(30, 90) < 0.05


@GATES
def test_with_the_limit_given_nothing_is_refused(gate: Callable[[float], Gate]) -> None:
    server = Server(gate(50))
    chance = random.Random(2)

    async def simulation() -> None:
        await simulate(Limiter(100, rpm=3000), server, 65, workers=200)

    run(simulation(), lateness=lambda: chance.uniform(0, 0.01))
    assert not server.refusals
    assert server.goodput(5, 65) >= 0.96 * 50


@GATES
def test_a_limit_that_drops_by_half_is_followed_in_seconds(gate: Callable[[float], Gate]) -> None:
    server = Server(gate(50))

    async def simulation() -> None:
        asyncio.get_running_loop().call_at(30, setattr, server.gate, "rate", 25)
        await simulate(Limiter(100), server, 75, workers=200)

    run(simulation())
    assert server.goodput(36, 75) >= 0.9 * 25
    assert server.refused(36, 75) < 0.05


@GATES
@pytest.mark.parametrize(("factor", "seconds"), [(2, 30), (6, 40)])
def test_a_limit_that_rises_is_found_again(gate: Callable[[float], Gate], factor: int, seconds: int) -> None:
    server = Server(gate(50))

    async def simulation() -> None:
        asyncio.get_running_loop().call_at(30, setattr, server.gate, "rate", 50 * factor)
        await simulate(Limiter(100), server, 30 + seconds + 20, workers=200)

    run(simulation())
    assert server.goodput(30 + seconds, 30 + seconds + 20) >= 0.9 * 50 * factor


def test_a_pace_gives_way_once_there_is_no_limit_any_more() -> None:
    server = Server(Sliding(50))

    async def simulation() -> None:
        asyncio.get_running_loop().call_at(30, setattr, server, "gate", None)
        await simulate(Limiter(100), server, 90, workers=200)

    run(simulation())
    assert server.goodput(80, 90) >= 0.98 * 100 / LATENCY


@pytest.mark.parametrize("fault", [Overloaded("busy"), Timeout("too long")])
def test_after_a_stall_as_much_is_in_flight_as_before(fault: ProviderError) -> None:
    server = Server(fault=lambda now: fault if 10 <= now < 30 else None)
    limits: dict[int, int] = {}

    async def simulation() -> None:
        limiter = Limiter(100)
        for second in range(90):
            asyncio.get_running_loop().call_at(second, lambda at=second: limits.update({at: limiter.limit}))
        await simulate(limiter, server, 90, workers=200)

    run(simulation())
    assert limits[9] == 100
    assert min(limits.values()) <= 50
    assert limits[80] == 100
    assert server.goodput(80, 90) >= 0.95 * server.goodput(1, 9)


@pytest.mark.parametrize(("latency", "at_once"), [(0.2, 10), (1.0, 40)])
@pytest.mark.parametrize("error", [Overloaded("busy"), RateLimited("slow down")])
def test_what_a_server_can_do_at_once_is_found(error: ProviderError, latency: float, at_once: int) -> None:
    busy, refusals, answers = 0, 0, 0

    async def server() -> Response:
        nonlocal busy, refusals, answers
        if busy >= at_once:
            refusals += 1
            await asyncio.sleep(REFUSAL)
            raise error
        busy += 1
        try:
            await asyncio.sleep(latency)
        finally:
            busy -= 1
        answers += 1
        return Response("yes")

    async def simulation() -> None:
        await simulate(Limiter(100), server, 120, workers=200)

    run(simulation())
    assert answers >= 0.85 * 120 * at_once / latency
    assert refusals <= 0.4 * answers


def test_faults_at_random_cost_little_more_than_themselves() -> None:
    chance = random.Random(3)

    def fault(now: float) -> ProviderError | None:
        throw = chance.random()
        if throw < 0.05:
            return Overloaded("busy")
        if throw < 0.10:
            return RateLimited("slow down", 1.0)
        return Timeout("too long") if throw < 0.11 else None

    clean, faulty = Server(), Server(fault=fault)
    for server in (clean, faulty):

        async def simulation(server: Server = server) -> None:
            await simulate(Limiter(100), server, 60, workers=300)

        run(simulation())
    assert faulty.goodput(0, 60) >= 0.6 * clean.goodput(0, 60)


def test_429s_at_random_do_not_slow_down() -> None:
    chance = random.Random(4)
    server = Server(fault=lambda now: RateLimited("slow down", 1.0) if chance.random() < 0.05 else None)

    async def simulation() -> Limiter:
        limiter = Limiter(100)
        await simulate(limiter, server, 120, workers=300)
        return limiter

    limiter = run(simulation())
    assert (limiter.cuts, limiter.pace) == (0, None)
    assert server.goodput(100, 120) >= 0.9 * 100 / LATENCY


@dataclass
class Announcing:
    """Allows so many requests, or tokens of ``cost`` each request, a minute, and says so in its headers.

    ``window``: as many in each minute of the clock; else a bucket that fills steadily. Headers tell what was so when
    the request came, or, with ``late``, when it was answered.
    """

    limit: int
    window: bool
    late: bool
    tokens: bool = False
    cost: int = 1
    latency: Callable[[], float] = lambda: LATENCY
    used: float = 0.0
    at: float = 0.0
    answers: list[float] = field(default_factory=list)
    refusals: int = 0

    def settle(self, now: float) -> None:
        if not self.window:
            self.used = max(0.0, self.used - (now - self.at) * self.limit / 60)
        elif int(now / 60) != int(self.at / 60):
            self.used = 0.0
        self.at = now

    def headers(self, now: float) -> RateLimit:
        self.settle(now)
        reset = 60 - now % 60 if self.window else self.used / (self.limit / 60)
        said = (self.limit, int(self.limit - self.used), reset)
        return RateLimit(None, None, None, *said) if self.tokens else RateLimit(*said)

    async def __call__(self) -> Response:
        now = clock()
        self.settle(now)
        if self.used + self.cost > self.limit:
            self.refusals += 1
            await asyncio.sleep(REFUSAL)
            raise RateLimited("slow down")
        self.used += self.cost
        headers = self.headers(now)
        await asyncio.sleep(self.latency())
        self.answers.append(clock())
        return Response("yes", rate_limit=self.headers(clock()) if self.late else headers)


@pytest.mark.parametrize("late", [False, True])
@pytest.mark.parametrize("window", [False, True])
@pytest.mark.parametrize("spread", [0.0, 1.0])
@pytest.mark.parametrize(("limit", "most"), [(600, 100), (3000, 200), (120, 20)])
def test_a_server_that_announces_its_limit_refuses_nothing(
    window: bool, late: bool, spread: float, limit: int, most: int
) -> None:
    chance = random.Random(5)
    server = Announcing(limit, window, late, latency=lambda: LATENCY * chance.lognormvariate(0, spread))

    async def simulation() -> None:
        await simulate(Limiter(most), server, 300, workers=2 * most)

    run(simulation())
    assert server.refusals == 0
    assert len(server.answers) >= 0.9 * limit * 5


@pytest.mark.parametrize("window", [False, True])
def test_tokens_a_server_announces_are_kept(window: bool) -> None:
    server = Announcing(60_000, window, late=False, tokens=True, cost=100)

    async def simulation() -> None:
        await simulate(Limiter(100), server, 300, workers=200)

    run(simulation())
    assert server.refusals == 0
    assert len(server.answers) >= 0.9 * 600 * 5


def answered(**said: float) -> Response:
    return Response("yes", rate_limit=RateLimit(**said))  # type: ignore[arg-type]


async def wait_for_next(limiter: Limiter, response: Response | ProviderError) -> float:
    """Seconds until a request may be sent after one that brought this."""
    limiter.release(await permitted(limiter), response)
    began = clock()
    limiter.release(await permitted(limiter), None)
    return clock() - began


@pytest.mark.parametrize(("reset", "expected"), [(10.0, 10.0), (3600.0, 60.0), (None, 1.2)])
def test_with_nothing_remaining_the_refill_is_waited_for(reset: float | None, expected: float) -> None:
    response = Response("yes", rate_limit=RateLimit(50, 0, reset))

    async def simulation() -> float:
        return await wait_for_next(Limiter(100), response)

    assert run(simulation()) == pytest.approx(expected)


def test_after_a_refill_that_brought_no_answers_sending_goes_on() -> None:
    async def simulation() -> None:
        limiter = Limiter(100)
        await wait_for_next(limiter, answered(requests_limit=3, requests_remaining=0, requests_reset=10))
        for _ in range(10):
            limiter.release(await permitted(limiter), Overloaded("busy"))

    run(simulation())


numbers = st.one_of(st.none(), st.integers(-5, 5), st.integers())
resets = st.one_of(st.none(), st.floats(), st.floats(-1, 100))


@settings(deadline=None)
@given(st.lists(st.builds(RateLimit, numbers, numbers, resets, numbers, numbers, resets), min_size=1, max_size=5))
def test_no_header_holds_anything_up_for_more_than_a_minute(said: list[RateLimit]) -> None:
    async def simulation() -> float:
        limiter = Limiter(100)
        for limit in said:
            limiter.release(await permitted(limiter), Response("yes", rate_limit=limit))
        began = clock()
        await permitted(limiter)
        return clock() - began

    assert run(simulation()) <= 60.001


@pytest.mark.parametrize(
    "said",
    [
        RateLimit(0, 0, 10.0),
        RateLimit(-1, -1, 10.0),
        RateLimit(50, -3, 10.0),
        RateLimit(50, 60, 10.0),
        RateLimit(50, 0, 0.0),
        RateLimit(50, 0, -2.0),
        RateLimit(50, 0, 1.7e12),
        RateLimit(50, 0, float("nan")),
        RateLimit(None, 0, 10.0),
        RateLimit(50, None, 10.0),
    ],
)
def test_headers_without_sense_are_passed_over(said: RateLimit) -> None:
    async def simulation() -> float:
        return await wait_for_next(Limiter(100), Response("yes", rate_limit=said))

    assert run(simulation()) == 0


def test_the_strictest_limit_wins() -> None:
    said = answered(requests_limit=600, requests_remaining=0, requests_reset=1.0)

    async def simulation() -> tuple[float, float]:
        return await wait_for_next(Limiter(100, rpm=6), said), await wait_for_next(Limiter(100, rpm=6000), said)

    slow, announced = run(simulation())
    assert slow == pytest.approx(10, rel=0.05)
    assert announced == pytest.approx(1, rel=0.05)


def test_tokens_a_minute_are_kept_by_what_was_used_and_not_by_what_was_reserved() -> None:
    used: list[tuple[float, int]] = []

    async def simulation() -> None:
        limiter = Limiter(100, tpm=60_000)

        async def work() -> None:
            while True:
                permit = await permitted(limiter, 5000)
                await asyncio.sleep(2)
                used.append((clock(), 800))
                limiter.release(permit, Response("yes", usage=Usage(300, 500)))

        tasks = [asyncio.create_task(work()) for _ in range(100)]
        await asyncio.sleep(400)
        for task in tasks:
            task.cancel()

    run(simulation())
    for start in range(60, 340):
        assert sum(tokens for at, tokens in used if start <= at < start + 60) <= 60_000 * 1.02
    assert sum(tokens for at, tokens in used if 100 <= at < 400) >= 0.95 * 5 * 60_000


def test_many_short_requests_wait_little_for_the_ramp() -> None:
    async def simulation() -> float:
        limiter = Limiter(100)
        server = Server()
        await asyncio.gather(*[call(limiter, server, random.Random(1)) for _ in range(2000)])
        return clock()

    assert run(simulation()) == pytest.approx(2000 / 100 * LATENCY + 2 * RAMP_STEP)


async def outcomes(limiter: Limiter, *results: tuple[int, Response | ProviderError]) -> None:
    """Requests that are in flight together, and then come back with that."""
    permits = [await permitted(limiter) for count, _ in results for _ in range(count)]
    for permit, outcome in zip(permits, [outcome for count, outcome in results for _ in range(count)], strict=True):
        limiter.release(permit, outcome)


YES = Response("yes")


@pytest.mark.parametrize("error", [RateLimited("slow down", 7.0), Overloaded("busy"), Timeout("too long")])
def test_a_burst_of_trouble_makes_one_cut(error: ProviderError) -> None:
    async def simulation() -> int:
        limiter = Limiter(32)
        await outcomes(limiter, (32, error))
        return limiter.cuts

    assert run(simulation()) == 1


@pytest.mark.parametrize("error", [Overloaded("busy"), Timeout("too long")])
def test_trouble_soon_after_a_cut_makes_no_second_one_and_later_does(error: ProviderError) -> None:
    async def simulation() -> tuple[int, int]:
        limiter = Limiter(300)
        await asyncio.sleep(1)
        await outcomes(limiter, (32, error))
        for _ in range(10):
            await outcomes(limiter, (10, error))
        soon = limiter.cuts
        await asyncio.sleep(1.1)
        await outcomes(limiter, (1, error))
        return soon, limiter.cuts

    assert run(simulation()) == (1, 2)


@pytest.mark.parametrize("error", [RateLimited("slow down", 7.0), Overloaded("busy"), Timeout("too long")])
def test_isolated_failures_change_nothing(error: ProviderError) -> None:
    async def simulation() -> Limiter:
        limiter = Limiter(32)
        await outcomes(limiter, (3, error))
        for _ in range(10):
            await outcomes(limiter, (30, YES), (2, error))
        assert clock() == 0
        return limiter

    limiter = run(simulation())
    assert (limiter.cuts, limiter.limit, limiter.pace) == (0, 32, None)


@pytest.mark.parametrize("error", [ContentBlocked("no"), Unreachable("gone")])
def test_what_says_nothing_about_load_makes_no_cut(error: ProviderError) -> None:
    async def simulation() -> int:
        limiter = Limiter(32)
        for _ in range(10):
            await outcomes(limiter, (32, error))
        return limiter.cuts

    assert run(simulation()) == 0


@pytest.mark.parametrize(("asked", "pause"), [(7.0, 7.0), (3600.0, 60.0), (None, 1.0), (0.0, 1.0)])
def test_after_a_burst_of_429s_nothing_is_sent_for_as_long_as_the_server_asks(
    asked: float | None, pause: float
) -> None:
    async def simulation() -> float:
        limiter = Limiter(32)
        await outcomes(limiter, (32, RateLimited("slow down", asked)))
        await permitted(limiter)
        return clock()

    assert run(simulation()) == pytest.approx(pause)


def test_failures_of_what_was_sent_before_a_cut_do_not_cut_again() -> None:
    async def simulation() -> Limiter:
        limiter = Limiter(100)
        await asyncio.sleep(0)
        early = [await permitted(limiter) for _ in range(100)]
        for permit in early[:50]:
            limiter.release(permit, Overloaded("busy"))
        await asyncio.sleep(5)
        for permit in early[50:]:
            limiter.release(permit, Overloaded("busy"))
        return limiter

    assert run(simulation()).cuts == 1


def test_permits_are_given_in_the_order_they_were_asked_for() -> None:
    served: list[int] = []

    async def simulation() -> None:
        limiter = Limiter(3, rpm=6000)

        async def one(number: int) -> None:
            permit = await permitted(limiter, number * 1000)
            served.append(number)
            await asyncio.sleep(random.Random(number).random())
            limiter.release(permit, YES)

        await asyncio.gather(*map(one, range(200)))

    run(simulation())
    assert served == list(range(200))


def test_a_permit_that_is_free_is_given_without_a_pause() -> None:
    async def simulation() -> None:
        limiter = Limiter(10)
        for _ in range(10):
            with pytest.raises(StopIteration) as given:
                limiter.acquire(100).send(None)
            assert isinstance(given.value.value, Permit)

    run(simulation())


@settings(deadline=None)
@given(
    most=st.integers(1, 40),
    rpm=st.sampled_from([None, 600.0]),
    tpm=st.sampled_from([None, 100_000.0]),
    steps=st.lists(
        st.tuples(st.sampled_from(["acquire", "cancel", "wait", "yes", "429", "503", "none"]), st.integers(0, 99)),
        max_size=120,
    ),
)
def test_nothing_is_lost_whatever_is_cancelled(
    most: int, rpm: float | None, tpm: float | None, steps: list[tuple[str, int]]
) -> None:
    outcomes = {"yes": YES, "429": RateLimited("slow down"), "503": Overloaded("busy"), "none": None}

    async def simulation() -> None:
        limiter = Limiter(most, rpm=rpm, tpm=tpm)
        asked: list[asyncio.Task[Permit]] = []
        for what, number in steps:
            granted = [task for task in asked if task.done()]
            before = limiter.in_flight
            if what == "acquire":
                asked.extend(asyncio.create_task(permitted(limiter, number * 10)) for _ in range(number % 7))
            elif what == "cancel" and asked:
                chosen = asked[number % len(asked)]
                if chosen.cancel():
                    asked.remove(chosen)
            elif what == "wait":
                await asyncio.sleep(number / 100)
            elif what in outcomes and granted:
                chosen = granted[number % len(granted)]
                asked.remove(chosen)
                before -= 1
                limiter.release(chosen.result(), outcomes[what])
            assert 0 <= limiter.in_flight <= max(before, limiter.limit)
            assert 1 <= limiter.limit <= most
        while asked:
            limiter.release(await asked.pop(0), YES)
        await asyncio.sleep(1)
        assert limiter.in_flight == 0
        everything = limiter.limit
        for _ in range(everything):
            await permitted(limiter, 10)
        assert limiter.in_flight == everything

    run(simulation())


@pytest.mark.parametrize("moment", ["waiting", "granted"])
def test_a_cancelled_waiter_leaves_its_place_to_the_next(moment: str) -> None:
    async def simulation() -> float:
        limiter = Limiter(1, rpm=60)
        first = await permitted(limiter)
        cancelled = asyncio.create_task(limiter.acquire(100))
        following = asyncio.create_task(limiter.acquire(100))
        await asyncio.sleep(5)
        if moment == "waiting":
            cancelled.cancel()
            await asyncio.sleep(1)
            limiter.release(first, YES)
        else:
            limiter.release(first, YES)
            cancelled.cancel()
        await following
        assert cancelled.cancelled()
        return limiter.in_flight

    assert run(simulation()) == 1


def test_who_waits_when_it_is_closed_gets_no_permit_and_neither_does_who_comes_later() -> None:
    async def simulation() -> tuple[list[Permit | None], int, float]:
        limiter = Limiter(1, rpm=1)
        first = await permitted(limiter)
        waiting = [asyncio.create_task(limiter.acquire(100)) for _ in range(3)]
        await asyncio.sleep(1)
        waiting[1].cancel()
        limiter.close()
        got = [await waiting[0], await waiting[2], await limiter.acquire(100)]
        limiter.release(first, YES)
        return got, limiter.in_flight, clock()

    assert run(simulation()) == ([None, None, None], 0, 1)


def test_a_waiter_that_is_cancelled_as_it_is_closed_is_cancelled() -> None:
    async def simulation() -> None:
        limiter = Limiter(1)
        await permitted(limiter)
        waiting = asyncio.create_task(limiter.acquire(100))
        await asyncio.sleep(1)
        limiter.close()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    run(simulation())


def test_who_stands_behind_a_cancelled_waiter_does_not_wait_for_its_sake() -> None:
    async def simulation() -> float:
        limiter = Limiter(10, tpm=6000)
        await permitted(limiter, 1000)
        large = asyncio.create_task(permitted(limiter, 5000))
        small = asyncio.create_task(permitted(limiter, 1))
        await asyncio.sleep(1)
        large.cancel()
        await small
        return clock()

    assert run(simulation()) == pytest.approx(1000 / (0.975 * 100) - 1, abs=0.1)


def test_after_repeated_cuts_half_of_what_was_in_flight_is_back_soon() -> None:
    async def simulation() -> list[int]:
        limiter = Limiter(100)
        await asyncio.sleep(0)
        await outcomes(limiter, (1, YES))
        await asyncio.sleep(1)
        await outcomes(limiter, (100, YES))
        for _ in range(5):
            for _ in range(10):
                await outcomes(limiter, (limiter.limit, Overloaded("busy")))
            await asyncio.sleep(1.1)
        low = limiter.limit
        for _ in range(20):
            await outcomes(limiter, (limiter.limit, YES))
            if limiter.limit >= 40:
                break
            await asyncio.sleep(LATENCY)
        return [low, limiter.limit, int(clock())]

    low, back, when = run(simulation())
    assert low <= 20
    assert back >= 40
    assert when <= 8


def test_what_was_not_sent_after_all_does_not_count_as_let_in() -> None:
    async def simulation() -> float | None:
        limiter = Limiter(32)
        for _ in range(1000):
            limiter.release(await permitted(limiter), None)
        await outcomes(limiter, (32, RateLimited("slow down")))
        return limiter.pace

    pace = run(simulation())
    assert pace is not None
    assert pace <= 32
