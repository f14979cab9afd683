"""What time it is: a wall clock that jumps alone moves nothing, and no doubt lasts."""

from hypothesis import given
from hypothesis import strategies as st

from ingestor.core.timeline import Dated, Event, News, Timeline

WALL = 1_795_305_600_000
STEADY = 5_000
MINUTE = 60_000
HOUR = 60 * MINUTE


def started(ahead_ms: int = 0) -> Timeline:
    """A timeline whose wall clock is ahead of the truth from the start."""
    return Timeline(WALL + ahead_ms, STEADY, 5 * MINUTE, MINUTE)


def truth(after_ms: int, off_ms: int = 0) -> Dated:
    """An answer that was asked and had so long after the start."""
    at_ms = STEADY + after_ms
    return Dated((WALL + after_ms + off_ms) // 1_000 * 1_000, at_ms - 300, at_ms)


def test_a_jump_moves_nothing_until_somebody_has_decided() -> None:
    line = started()

    news = line.look(WALL + 1_000 + HOUR, STEADY + 1_000)

    assert news == News(Event.JUMPED, HOUR)
    assert line.now_ms(STEADY + 1_000) == WALL + 1_000
    assert line.wall_is_off_ms == HOUR
    assert not line.is_settled(STEADY + 1_000)
    assert line.believable_ms(STEADY + 1_000) == (WALL + 1_000, WALL + 1_000 + HOUR)


def test_an_answer_contradicts_a_clock_that_jumped_alone_and_it_stays_contradicted() -> None:
    line = started()
    line.look(WALL + HOUR, STEADY)

    news = line.answered(truth(1_000))

    assert news == News(Event.CONTRADICTED, HOUR)
    assert line.look(WALL + HOUR + 10 * HOUR, STEADY + 10 * HOUR) is None
    assert line.now_ms(STEADY + 10 * HOUR) == WALL + 10 * HOUR
    assert line.is_settled(STEADY + 10 * HOUR)
    back = line.look(WALL + 11 * HOUR, STEADY + 11 * HOUR)
    assert back == News(Event.RETURNED, -HOUR)


def test_an_answer_that_agrees_with_the_jump_moves_the_time() -> None:
    line = started(-HOUR)
    line.look(WALL + 1_000, STEADY + 1_000)

    news = line.answered(truth(2_000))

    assert news == News(Event.MOVED, HOUR)
    assert line.now_ms(STEADY + 2_000) == WALL + 2_000
    assert line.is_settled(STEADY + 2_000)


def test_where_nobody_contradicts_a_jump_is_settled_by_time() -> None:
    line = started()
    line.look(WALL + HOUR, STEADY)

    early = line.look(WALL + HOUR + MINUTE - 1, STEADY + MINUTE - 1)
    late = line.look(WALL + HOUR + MINUTE, STEADY + MINUTE)

    assert (early, late) == (None, News(Event.MOVED, HOUR))
    assert line.now_ms(STEADY + MINUTE) == WALL + HOUR + MINUTE
    assert not line.is_confirmed


def test_a_clock_that_was_ahead_from_the_start_is_put_right_by_two_answers_not_by_one() -> None:
    line = started(2 * HOUR)

    first = line.answered(truth(1_000))
    doubt = line.believable_ms(STEADY + 1_000)
    second = line.answered(truth(1_500))

    assert first is None
    assert min(abs(one - (WALL + 1_000)) for one in doubt) <= 1_000
    assert second is not None
    assert second.event is Event.MOVED
    assert abs(second.by_ms + 2 * HOUR) <= 1_000
    assert line.is_confirmed


def test_one_odd_answer_is_no_doubt_once_others_have_agreed() -> None:
    line = started()
    line.answered(truth(500))

    line.answered(truth(1_000, 3 * HOUR))

    assert line.believable_ms(STEADY) == (WALL,)


def test_two_odd_answers_that_differ_move_nothing() -> None:
    line = started()
    line.answered(truth(500))

    news = [line.answered(truth(1_000, 3 * HOUR)), line.answered(truth(2_000, 9 * HOUR))]

    assert news == [None, None]
    assert line.now_ms(STEADY + 2_000) == WALL + 2_000


def test_an_odd_answer_is_forgotten_with_the_next_good_one() -> None:
    line = started()

    for off_ms in (3 * HOUR, 0, 3 * HOUR):
        assert line.answered(truth(1_000, off_ms)) is None

    assert line.now_ms(STEADY) == WALL


def test_answers_without_a_date_contradict_nobody() -> None:
    line = started()

    line.answered(None)

    assert line.is_moot
    assert line.is_settled(STEADY)
    assert not line.is_confirmed


def test_before_the_first_answer_nothing_is_settled_but_only_for_so_long() -> None:
    line = started()

    assert not line.is_settled(STEADY + MINUTE - 1)
    assert line.is_settled(STEADY + MINUTE)


def test_a_clock_that_is_slewed_is_followed() -> None:
    line = started()

    for second in range(1, 100):
        assert line.look(WALL + second * 1_010, STEADY + second * 1_000) is None

    assert line.now_ms(STEADY + 99_000) == WALL + 99 * 1_010


def _is_at_the_edge(ahead_ms: int) -> bool:
    """Of what a `Date` may be off: it agrees in one second and not in the next."""
    return 5 * MINUTE - 2_000 <= abs(ahead_ms) <= 5 * MINUTE + 2_000


AHEAD_MS = st.integers(-(10**9), 10**9).filter(lambda ahead_ms: not _is_at_the_edge(ahead_ms))


@given(st.lists(st.tuples(AHEAD_MS, st.integers(1, 120_000)), max_size=30))
def test_whatever_the_wall_clock_does_answers_keep_the_time_right(
    steps: list[tuple[int, int]],
) -> None:
    line = started()
    after_ms = 0
    line.answered(truth(after_ms))

    for ahead_ms, passes_ms in steps:
        line.look(WALL + after_ms + ahead_ms, STEADY + after_ms)
        line.answered(truth(after_ms))
        after_ms += passes_ms
        line.look(WALL + after_ms + ahead_ms, STEADY + after_ms)

        # Within what a `Date` may be off and still agree.
        assert abs(line.now_ms(STEADY + after_ms) - (WALL + after_ms)) <= 6 * MINUTE
        assert line.is_settled(STEADY + after_ms)


def test_at_the_edge_of_what_a_date_may_be_off_a_second_answer_settles_it() -> None:
    line = started()
    line.answered(truth(0))
    for after_ms, ahead_ms in ((2, -5 * MINUTE - 1), (32_000, -5 * MINUTE - 1_002)):
        line.look(WALL + after_ms + ahead_ms, STEADY + after_ms)
        line.answered(truth(after_ms))

    assert not line.is_settled(STEADY + 32_000)
    line.answered(truth(32_001))

    assert line.is_settled(STEADY + 32_001)
    assert abs(line.now_ms(STEADY + 32_001) - WALL - 32_001) <= 6 * MINUTE
