from __future__ import annotations

import math
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from adf_core.engine.pace import Announced, Bucket, LearnedPace, requests_a_minute, tokens_a_minute

amounts = st.floats(0.01, 20)
waits = st.floats(0, 5)


def drain(bucket: Bucket, amount: float, seconds: float, late: float = 0.0) -> list[float]:
    """When so much at a time is taken by one who takes as soon as he may, or so many seconds later."""
    now, taken = 0.0, []
    while now < seconds:
        delay = bucket.delay(amount, now)
        if delay > 0:
            now += delay + late
        else:
            bucket.take(amount, now)
            taken.append(now)
    return taken


@settings(deadline=None)
@given(st.floats(0.1, 1000), st.floats(1, 50), st.lists(st.tuples(waits, amounts), max_size=50))
def test_what_is_taken_in_time_never_exceeds_burst_and_rate(
    per_second: float, burst: float, steps: list[tuple[float, float]]
) -> None:
    bucket, now, taken = Bucket(per_second, burst), 0.0, []
    for wait, amount in steps:
        now += wait + bucket.delay(min(amount, burst), now + wait)
        bucket.take(min(amount, burst), now)
        taken.append((now, min(amount, burst)))
    for first, (start, _) in enumerate(taken):
        total = 0.0
        for at, amount in taken[first:]:
            total += amount
            assert total <= burst + (at - start) * per_second + 1e-3


@settings(deadline=None)
@given(st.floats(0.1, 1000), st.floats(1, 50), st.floats(0, 1e5), st.floats(0, 1e6))
def test_after_the_delay_it_may_be_taken(per_second: float, burst: float, debt: float, now: float) -> None:
    bucket = Bucket(per_second, burst)
    bucket.take(debt, now)
    assert bucket.delay(1, now + bucket.delay(1, now)) == 0


def test_more_than_a_burst_may_be_taken_from_a_full_bucket_and_is_waited_off_by_the_next() -> None:
    bucket = Bucket(10, 5)
    assert bucket.delay(100, 0.0) == 0
    bucket.take(100, 0.0)
    assert bucket.delay(1, 0.0) == pytest.approx(9.6)


def test_what_is_given_back_may_be_taken_again_up_to_the_burst() -> None:
    bucket = Bucket(1, 5)
    bucket.take(5, 0.0)
    bucket.give_back(3, 0.0)
    assert bucket.delay(3, 0.0) == 0
    bucket.give_back(100, 0.0)
    assert bucket.level(0.0) == 5
    bucket.give_back(-6, 0.0)
    assert bucket.level(0.0) == -1


def test_a_new_rate_holds_from_now_on() -> None:
    bucket = Bucket(1, 1)
    bucket.take(11, 0.0)
    bucket.change(4, 1, 2.0)
    assert bucket.level(2.0) == -8
    assert bucket.level(4.0) == 0


@pytest.mark.parametrize("rpm", [60, 300, 3000, 30_000])
@pytest.mark.parametrize("late", [0.0, 0.001, 0.005, 0.014])
def test_no_second_holds_more_requests_than_the_limit_and_late_timers_lose_nothing(rpm: float, late: float) -> None:
    taken = drain(requests_a_minute(rpm), 1, 100, late)
    allowed = rpm / 60
    assert all(at - earlier >= 1 for earlier, at in zip(taken, taken[int(allowed) :], strict=False))
    assert len(taken) >= 0.96 * allowed * 100


def test_no_minute_holds_more_tokens_than_the_limit() -> None:
    taken = drain(tokens_a_minute(60_000), 500, 600)
    assert all(at - earlier > 60 for earlier, at in zip(taken, taken[120:], strict=False))
    assert len(taken) * 500 >= 0.96 * 60_000 * 10


def adapted(pace: LearnedPace, refused: float, seconds: int, start: float) -> list[float]:
    """The pace of each second while it holds requests up and so many are refused."""
    seen = []
    for second in range(seconds):
        now = start + second
        pace.take(1000, now)
        pace.delay(1, now)
        pace.adapt(refused, now)
        seen.append(pace.per_second)
        pace.give_back(1000, now)
    return seen


def test_a_pace_grows_fast_far_from_trouble_and_slowly_near_it() -> None:
    seen = adapted(LearnedPace(10, 50, 0.0), 0.0, 60, 1)
    growth = {later: later / pace for pace, later in pairwise(seen)}
    assert all(more > 1.1 for pace, more in growth.items() if pace < 35 or pace > 75)
    assert all(more < 1.02 for pace, more in growth.items() if 47 < pace < 60)
    assert any(47 < pace < 60 for pace in growth)


def test_a_pace_holds_still_at_a_few_429s_and_shrinks_a_little_at_more() -> None:
    pace = LearnedPace(50, 50, 0.0)
    assert set(adapted(pace, 0.02, 20, 1)) == {50}
    seen = adapted(pace, 0.06, 100, 30)
    assert seen == sorted(seen, reverse=True)
    assert seen[-1] == pytest.approx(43.5)


def test_429s_at_random_do_not_drive_a_pace_down_step_by_step() -> None:
    pace = LearnedPace(50, 50, 0.0)
    for start in range(0, 3000, 30):
        adapted(pace, 0.06, 20, start)
        adapted(pace, 0.01, 1, start + 25)
    assert pace.per_second >= 43


def test_a_pace_that_holds_nothing_up_stays_as_it_is() -> None:
    pace = LearnedPace(50, 50, 0.0)
    for second in range(1, 100):
        assert pace.delay(1, second) == 0
        pace.adapt(0.0, second)
    assert pace.per_second == 50


def test_a_cut_never_makes_a_pace_faster() -> None:
    pace = LearnedPace(50, math.inf, 0.0)
    pace.cut(80, 90, 1.0)
    assert pace.per_second == 50
    pace.cut(20, 21, 2.0)
    assert pace.per_second == 20


def heard(announced: Announced, sent: float, used: int, reset: float, now: float) -> None:
    announced.learn(100, 100 - used, reset, sent=sent, since=0, seconds=0.2, now=now)


def test_a_window_is_waited_for_and_a_bucket_only_for_the_next_request() -> None:
    window, bucket = Announced(), Announced()
    for used in range(10, 101):
        now = used / 10
        heard(window, used, used, 60 - now, now)
        heard(bucket, used, used, used * 0.6, now)
    assert window.delay(1, 10.0) == pytest.approx(50)
    assert bucket.delay(1, 10.0) == pytest.approx(0.6)


def test_what_was_sent_since_counts_as_used() -> None:
    announced = Announced()
    announced.learn(100, 30, 10.0, sent=5, since=20, seconds=0.2, now=0.0)
    assert announced.delay(10, 0.0) == 0
    assert announced.delay(11, 0.0) > 0
    announced.take(10, 0.0)
    assert announced.delay(1, 0.0) > 0


def test_the_header_of_an_older_request_is_passed_over() -> None:
    announced = Announced()
    heard(announced, 7, 100, 10.0, 0.0)
    heard(announced, 6, 0, 10.0, 0.0)
    assert announced.delay(1, 0.0) > 0


def test_a_request_of_more_than_the_limit_waits_for_all_of_it() -> None:
    announced = Announced()
    heard(announced, 1, 50, 10.0, 0.0)
    assert announced.delay(500, 0.0) == pytest.approx(10)
    assert announced.delay(500, 10.0) == 0
