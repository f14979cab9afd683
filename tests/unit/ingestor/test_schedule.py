"""The schedule: no drift, nothing queued, every missed tick counted once."""

import itertools

from hypothesis import given
from hypothesis import strategies as st

from ingestor.core.schedule import Due, Missed, Resumed, Tick, anchored, due_tick, resume

HOUR = 3_600_000


def test_nothing_is_due_before_the_interval_is_over() -> None:
    assert due_tick(1_000, 500, 1_499) is None


def test_a_late_look_runs_the_tick_it_was_due_for() -> None:
    assert due_tick(1_000, 500, 1_620) == Due(1_500, None)


def test_only_the_newest_of_several_due_ticks_runs_and_the_others_are_missed() -> None:
    assert due_tick(1_000, 500, 3_100) == Due(3_000, Missed(1_500, 2_500, 3))


@given(
    st.integers(1, 10_000),
    st.lists(st.integers(0, 50_000), min_size=1, max_size=60),
)
def test_every_tick_of_the_grid_is_run_or_missed_exactly_once(
    interval: int, delays: list[int]
) -> None:
    last = start = 1_000_000
    now = start
    run = missed = 0

    for delay in delays:
        now += delay
        due = due_tick(last, interval, now)
        if due is not None:
            last = due.due_ms
            run += 1
            missed += due.missed.count if due.missed else 0

    assert run + missed == (last - start) // interval
    assert (last - start) % interval == 0
    assert now - last < interval


def test_a_page_that_was_never_polled_is_due_at_once() -> None:
    resumed = resume(None, 500, 10_000)

    assert due_tick(resumed.last_due_ms, 500, 10_000) == Due(10_000, None)


def test_ticks_that_were_due_while_the_process_was_down_are_missed() -> None:
    resumed = resume(Tick(10_000, 1_000), 1_000, 13_500)

    assert resumed == Resumed(13_000, Missed(11_000, 13_000, 3))
    assert due_tick(resumed.last_due_ms, 1_000, 13_900) is None


def test_a_restart_between_two_ticks_misses_nothing() -> None:
    assert resume(Tick(10_000, 1_000), 1_000, 10_999) == Resumed(10_000, None)


def test_missed_ticks_are_those_of_the_old_interval_and_the_new_one_goes_on() -> None:
    resumed = resume(Tick(0, HOUR), 10_000, HOUR // 2)

    assert resumed == Resumed(HOUR // 2, None)
    assert due_tick(resumed.last_due_ms, 10_000, HOUR // 2 + 10_000) is not None


def test_a_clock_that_was_set_back_does_not_stop_polling() -> None:
    assert anchored(5 * HOUR, 4 * HOUR) == 4 * HOUR
    assert resume(Tick(5 * HOUR, 1_000), 1_000, 4 * HOUR) == Resumed(4 * HOUR, None)


def test_a_clock_that_is_corrected_a_little_changes_nothing() -> None:
    assert anchored(10_000, 9_500) == 10_000


def test_runs_of_missed_ticks_join() -> None:
    runs = [Missed(at, at, 1) for at in (1_000, 2_000, 3_000)]

    joined = list(itertools.accumulate(runs, Missed.join))[-1]

    assert joined == Missed(1_000, 3_000, 3)
