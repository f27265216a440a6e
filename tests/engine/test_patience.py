from __future__ import annotations

import asyncio
import random
from collections.abc import Iterable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adf_core.engine.patience import Patience
from adf_core.engine.tuning import FIRST_TIMEOUT, TIMEOUT_FLOOR

from .virtual_time import run


def after(latencies: Iterable[float]) -> Patience:
    patience = Patience()
    for seconds in latencies:
        patience.observe(seconds)
    return patience


def test_before_enough_is_known_it_waits_long() -> None:
    assert after([0.2] * 19).seconds(0) == FIRST_TIMEOUT
    assert after([0.2] * 20).seconds(0) == TIMEOUT_FLOOR


@settings(deadline=None)
@given(st.lists(st.floats(0, 1000), min_size=20, max_size=200), st.integers(0, 1000))
def test_it_is_never_under_the_floor_nor_above_the_first_timeout(latencies: list[float], timeouts: int) -> None:
    patience = after(latencies)
    assert TIMEOUT_FLOOR <= patience.seconds(timeouts) <= FIRST_TIMEOUT


@settings(deadline=None)
@given(st.lists(st.floats(0, 30), min_size=20, max_size=200))
def test_each_timeout_doubles_the_next_one(latencies: list[float]) -> None:
    patience = after(latencies)
    for number in range(10):
        assert patience.seconds(number + 1) == min(2 * patience.seconds(number), FIRST_TIMEOUT)


@settings(deadline=None)
@given(st.lists(st.floats(0.01, 100), min_size=20, max_size=200))
def test_what_was_slow_of_late_is_waited_for_again(latencies: list[float]) -> None:
    assert after(latencies).seconds(0) >= 2 * max(latencies[-100:])


@pytest.mark.parametrize("median", [0.05, 1.0, 5.0])
@pytest.mark.parametrize("seed", range(5))
def test_answers_with_lognormal_latencies_are_not_cut_off(median: float, seed: int) -> None:
    chance = random.Random(seed)
    patience, cut_off = Patience(), 0
    for _ in range(40_000):
        latency = median * chance.lognormvariate(0, 1)
        cut_off += latency > patience.seconds(0)
        patience.observe(latency)
    assert cut_off <= 1


def test_short_and_long_answers_mixed_are_not_cut_off() -> None:
    chance = random.Random(1)
    patience, cut_off = Patience(), 0
    for number in range(10_000):
        latency = chance.uniform(50, 60) if number % 50 == 7 else chance.uniform(0.8, 1.2)
        cut_off += latency > patience.seconds(0)
        patience.observe(latency)
    assert cut_off <= 1


def test_it_follows_a_server_that_becomes_faster() -> None:
    patience = after([60.0] * 500)
    assert patience.seconds(0) > 100
    for _ in range(3000):
        patience.observe(0.2)
    assert patience.seconds(0) == TIMEOUT_FLOOR


def test_a_request_that_hangs_ends_with_the_timeout() -> None:
    async def simulation() -> float:
        with pytest.raises(TimeoutError):
            async with after([0.2] * 100).limit(1):
                await asyncio.Event().wait()
        return asyncio.get_running_loop().time()

    assert run(simulation()) == 2 * TIMEOUT_FLOOR


def test_what_hung_before_anything_was_known_ends_by_what_was_learned() -> None:
    ended: dict[str, float] = {}

    async def one(patience: Patience, name: str, start: float, timeouts: int) -> None:
        await asyncio.sleep(start)
        try:
            async with patience.limit(timeouts):
                await asyncio.Event().wait()
        except TimeoutError:
            ended[name] = asyncio.get_running_loop().time()

    async def simulation() -> None:
        patience = Patience()
        async with asyncio.TaskGroup() as group:
            group.create_task(one(patience, "first", 0, 0))
            group.create_task(one(patience, "late", 9, 0))
            group.create_task(one(patience, "third try", 0, 2))
            await asyncio.sleep(10)
            for _ in range(20):
                patience.observe(0.2)

    run(simulation())
    assert ended == {"first": 10, "late": 9 + TIMEOUT_FLOOR, "third try": 4 * TIMEOUT_FLOOR}


def test_what_has_ended_before_is_left_alone() -> None:
    async def simulation() -> str:
        patience = Patience()
        async with patience.limit(0):
            await asyncio.sleep(1)
        with pytest.raises(TimeoutError):
            async with patience.limit(0):
                await asyncio.sleep(FIRST_TIMEOUT + 1)
        with pytest.raises(ZeroDivisionError):
            async with patience.limit(0):
                raise ZeroDivisionError
        for _ in range(20):
            patience.observe(0.2)
        await asyncio.sleep(100)
        return "undisturbed"

    assert run(simulation()) == "undisturbed"


def test_what_is_about_to_end_ends() -> None:
    async def simulation() -> bool:
        patience = Patience()
        learned = asyncio.Event()

        def learn() -> None:
            for _ in range(20):
                patience.observe(0.2)
            learned.set()

        with pytest.raises(TimeoutError):
            async with patience.limit(0):
                asyncio.get_running_loop().call_at(FIRST_TIMEOUT + 5e-10, learn)
                await asyncio.Event().wait()
        return learned.is_set()

    assert run(simulation())
