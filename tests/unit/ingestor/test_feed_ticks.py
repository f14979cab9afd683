"""The pages of one tick share its name; a page that comes again begins the next one."""

from ingestor.core.feed_ticks import FeedTicks

START_MS, INTERVAL_MS = 1_795_305_600_000, 60_000


def names(*due: tuple[str, int]) -> list[str]:
    ticks = FeedTicks("assets")
    return [ticks.id_of(page, START_MS + at_ms, INTERVAL_MS) for page, at_ms in due]


def test_pages_that_are_due_within_moments_share_a_tick() -> None:
    assert names(("a", 0), ("b", 3), ("c", 7)) == [f"assets-{START_MS}"] * 3


def test_the_next_tick_has_another_name_whichever_page_comes_first() -> None:
    first, same, second, late = names(("a", 0), ("b", 5), ("b", 60_005), ("a", 60_000))

    assert first == same == f"assets-{START_MS}"
    assert second == late == f"assets-{START_MS + 60_005}"


def test_a_page_that_missed_its_tick_is_not_counted_to_it_later() -> None:
    first, second = names(("a", 0), ("b", 60_000))

    assert first != second


def test_a_page_twice_is_two_ticks_however_short_the_interval_became() -> None:
    first, again = names(("a", 0), ("a", 1_000))

    assert first != again


def test_a_page_that_went_on_from_its_own_tick_belongs_to_the_nearest() -> None:
    first, behind = names(("a", 20_000), ("b", 0))

    assert first == behind
