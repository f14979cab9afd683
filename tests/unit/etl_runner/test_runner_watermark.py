"""Up to where the tables of a feed are complete: by its own listing, and by all that is known of raw."""

import pytest

from coinlake.contracts.batches import BatchInput
from coinlake.contracts.hours import UNKNOWN_HOUR, Hour
from coinlake.contracts.ledger import LedgerEntry, RawInput
from coinlake.contracts.raw_layout import RawKey
from etl_runner.core.hours import Failure, FeedHour, Hours
from etl_runner.core.trail import Mark
from tests.labs.ledger_entries import ledger_entry

AT = FeedHour("rates", Hour("2026-11-20", "07"))
DURING = AT.at.start_ms + 60_000
TOPIC = "coincap.rates.v1"
NEXT = FeedHour(AT.feed, Hour("2026-11-20", "08"))


def item(link: int = 0, hour: FeedHour = AT) -> BatchInput:
    topic = f"coincap.{hour.feed}.v1"
    return BatchInput(str(RawKey(topic, hour.at, 0, 0, link)), f"e{link}", 10)


def dirty(*hours: FeedHour) -> Hours:
    known = Hours()
    for hour in hours or (AT,):
        one = item(hour=hour)
        known.listed(hour, {one.key: one}, DURING)
    return known


def promise(hours: Hours, complete_to_ms: int) -> None:
    assert hours.promises.promised(TOPIC, 0, complete_to_ms, complete_to_ms)


def known(hours: Hours, complete_to_ms: int, end: int = 5) -> None:
    """A pass has listed all that there is."""
    hours.trail.listed(TOPIC, 0, Mark(0, end, complete_to_ms))
    hours.trail.pass_begins()
    hours.trail.pass_ended()


def entry(version: int, *items: BatchInput) -> LedgerEntry:
    inputs = tuple(RawInput(one.key, one.etag) for one in items)
    return ledger_entry(AT.feed, AT.at, version=version, inputs=inputs)


def test_tables_are_complete_up_to_where_the_stream_was_before_the_listing() -> None:
    hours = dirty()
    known(hours, NEXT.at.end_ms)
    hours.frozen(AT, "batch", DURING)
    promise(hours, DURING + 50_000)  # while the job runs

    assert hours.tables_watermark_ms(AT, "batch") == DURING


def test_an_hour_that_is_still_dirty_holds_the_tables_watermark_at_its_start() -> None:
    hours = dirty(AT, NEXT)
    known(hours, NEXT.at.end_ms)
    hours.frozen(AT, "batch", NEXT.at.start_ms + 90_000)

    assert hours.tables_watermark_ms(AT, "batch") == NEXT.at.start_ms


def test_what_lands_after_the_listing_does_not_take_back_what_is_covered() -> None:
    hours = dirty(AT, NEXT)
    known(hours, NEXT.at.end_ms)
    hours.frozen(NEXT, "first", NEXT.at.start_ms + 60_000)
    hours.committed(NEXT, entry(1, item(hour=NEXT)), DURING)
    hours.covered(NEXT, "first")
    late = item(7, hour=NEXT)
    hours.landed(NEXT, late, DURING)

    hours.frozen(AT, "second", NEXT.at.start_ms + 90_000)

    assert hours.tables_watermark_ms(AT, "second") == NEXT.at.start_ms + 60_000


def test_an_older_hour_that_is_parked_holds_the_watermark_of_newer_ones() -> None:
    hours = dirty(AT, NEXT)
    known(hours, NEXT.at.end_ms)
    hours.failed(AT, Failure(count=1, message="odd", is_parked=True))
    hours.frozen(NEXT, "batch", NEXT.at.start_ms + 60_000)

    assert hours.tables_watermark_ms(NEXT, "batch") == AT.at.start_ms


def test_a_lost_hint_holds_the_tables_watermark_until_what_it_told_of_is_known() -> None:
    hours = dirty(NEXT)
    known(hours, DURING, end=5)
    hours.frozen(NEXT, "batch", NEXT.at.start_ms + 90_000)
    # Of [5, 7) nobody has heard: it may be of any hour.
    hours.trail.heard(TOPIC, 0, 7, Mark(0, 9, NEXT.at.start_ms + 90_000))

    before = hours.tables_watermark_ms(NEXT, "batch")
    hours.trail.heard(TOPIC, 0, 5, Mark(0, 7, NEXT.at.start_ms + 30_000))

    assert before == DURING
    assert hours.tables_watermark_ms(NEXT, "batch") == NEXT.at.start_ms + 90_000


@pytest.mark.parametrize(
    ("epoch", "link", "known_ms"), [(1, 0, 90), (1, 3, None), (2, 0, None)]
)
def test_the_first_object_of_a_new_topic_has_nothing_before_it(
    epoch: int, link: int, known_ms: int | None
) -> None:
    trail = Hours().trail
    trail.pass_begins()
    trail.pass_ended()
    trail.heard(TOPIC, 0, link, Mark(epoch, 7, 50))
    trail.heard(TOPIC, 0, 7, Mark(epoch, 9, 90))

    assert trail.complete_to_ms(TOPIC, [0]) == known_ms


def test_a_listing_closes_what_lies_before_it_and_nothing_that_came_meanwhile() -> None:
    trail = Hours().trail
    trail.listed(TOPIC, 0, Mark(0, 5, 50))
    trail.pass_begins()
    trail.pass_ended()
    trail.heard(TOPIC, 0, 7, Mark(0, 9, 90))  # the hint before it was lost
    trail.pass_begins()
    trail.listed(TOPIC, 0, Mark(0, 20, 200))  # it landed while the hours were listed
    trail.pass_ended()

    assert trail.complete_to_ms(TOPIC, [0]) == 90
    assert trail.complete_to_ms(TOPIC, [0, 1]) is None
    trail.heard(TOPIC, 0, 9, Mark(0, 20, 200))
    assert trail.complete_to_ms(TOPIC, [0]) == 200


@pytest.mark.parametrize("position_ms", [None, DURING])
def test_without_a_promise_or_of_a_batch_of_others_nothing_is_claimed(
    position_ms: int | None,
) -> None:
    hours = dirty()
    known(hours, NEXT.at.end_ms)
    hours.frozen(AT, "ours", position_ms)

    assert hours.tables_watermark_ms(AT, "theirs") is None
    assert hours.tables_watermark_ms(AT, "ours") == position_ms


def test_other_feeds_and_impossible_times_hold_nothing_up() -> None:
    hours = dirty(
        AT, FeedHour(AT.feed, UNKNOWN_HOUR), FeedHour("assets", Hour("2026-11-01", "00"))
    )
    known(hours, NEXT.at.end_ms)
    hours.frozen(AT, "batch", DURING)

    assert hours.tables_watermark_ms(AT, "batch") == DURING


def test_an_interrupted_pass_says_nothing_of_a_partition_that_it_found() -> None:
    trail = Hours().trail
    trail.listed(TOPIC, 0, Mark(0, 5, 50))
    trail.pass_begins()
    trail.listed(TOPIC, 1, Mark(0, 8, 80))
    trail.pass_ended(at_once=False)

    assert trail.complete_to_ms(TOPIC, [0]) == 50
    assert trail.complete_to_ms(TOPIC, [1]) is None
    trail.pass_begins()
    trail.pass_ended(at_once=False)
    assert trail.complete_to_ms(TOPIC, [0, 1]) == 50
