"""Whether brokers answer a client: silence is told, and only a client of its own fault is stuck."""

import asyncio
from collections.abc import Iterator

import pytest

from coinlake import reach
from coinlake.lifecycle import Pulse
from coinlake.reach import STUCK_AFTER_S, TOLD_AFTER_S, Reach
from coinlake.testing import FakeClock


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
def one(clock: FakeClock) -> Iterator[Reach]:
    one = Reach("sink-1", clock)
    reach.watch(one)
    yield one
    reach.forget(one)


def fail(one: Reach) -> None:
    with pytest.raises(OSError, match="refused"), one.asking():
        raise OSError("refused")


def answer(one: Reach) -> None:
    with one.asking():
        pass


def test_a_client_that_asks_nothing_is_not_silent(one: Reach, clock: FakeClock) -> None:
    answer(one)
    clock.advance(3600)

    assert one.silent_s == 0.0
    assert reach.silence() is None


def test_silence_begins_with_the_first_request_that_fails_and_ends_with_an_answer(
    one: Reach, clock: FakeClock
) -> None:
    fail(one)
    clock.advance(TOLD_AFTER_S)
    fail(one)
    said = reach.silence()
    answer(one)

    assert said == "sink-1: no broker has answered for 20 s"
    assert reach.silence() is None


def test_a_request_that_hangs_is_silence_too(one: Reach, clock: FakeClock) -> None:
    with one.asking():
        clock.advance(TOLD_AFTER_S - 1)
        assert reach.silence() is None
        clock.advance(1)
        assert reach.silence() is not None


def test_another_answer_counts_although_a_long_one_is_still_out(
    one: Reach, clock: FakeClock
) -> None:
    with one.asking():
        clock.advance(60)
        answer(one)
        clock.advance(5)

        assert one.silent_s == 5.0


def test_a_request_that_was_given_up_says_nothing_of_the_brokers(
    one: Reach, clock: FakeClock
) -> None:
    with pytest.raises(asyncio.CancelledError), one.asking():
        raise asyncio.CancelledError
    clock.advance(3600)

    assert one.silent_s == 0.0


def test_a_broker_that_is_down_for_a_day_makes_nobody_stuck(
    one: Reach, clock: FakeClock
) -> None:
    pulse = Pulse(10, clock, stuck=reach.stuck)

    for _ in range(24 * 60):
        fail(one)
        one.others_are_answered(False)
        clock.advance(60)
        pulse.beat()

        assert pulse.alive


def test_a_client_that_stays_silent_where_a_new_one_is_answered_stops_the_pulse(
    one: Reach, clock: FakeClock
) -> None:
    pulse = Pulse(1_000, clock, stuck=reach.stuck)
    fail(one)
    one.others_are_answered(True)
    clock.advance(STUCK_AFTER_S)
    assert pulse.alive

    clock.advance(1)
    one.others_are_answered(True)

    assert "although they have answered a new client for 121 s" in str(pulse.trouble)
    answer(one)
    assert pulse.alive


def test_a_new_client_that_is_no_longer_answered_clears_the_old_one(
    one: Reach, clock: FakeClock
) -> None:
    fail(one)
    one.others_are_answered(True)
    clock.advance(STUCK_AFTER_S - 1)
    one.others_are_answered(False)
    clock.advance(2)

    assert reach.stuck() is None


def test_a_client_that_was_closed_tells_nothing(one: Reach, clock: FakeClock) -> None:
    fail(one)
    one.others_are_answered(True)
    clock.advance(10 * STUCK_AFTER_S)

    reach.forget(one)

    assert (reach.silence(), reach.stuck()) == (None, None)
