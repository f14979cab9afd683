"""What is remembered of hours, rule by rule."""

from dataclasses import replace

import pytest

from coinlake.contracts.batches import BatchInput
from coinlake.contracts.hours import HOUR_MS, Hour
from coinlake.contracts.ledger import LedgerEntry, RawInput
from coinlake.contracts.raw_layout import RawKey
from etl_runner.core.hours import Failure, FeedHour, Hours
from etl_runner.core.tracked import Tracked, Wait, digest_of
from etl_runner.core.trail import Mark
from tests.labs.ledger_entries import ledger_entry

DAY = "2026-11-20"
AT = FeedHour("rates", Hour(DAY, "07"))
NEXT = FeedHour("rates", Hour(DAY, "08"))


def item(link: int = 0, hour: FeedHour = AT, size: int = 10) -> BatchInput:
    key = RawKey(f"coincap.{hour.feed}.v1", hour.at, 0, 0, link)
    return BatchInput(str(key), f"e{link}", size)


def dirty(*hours: FeedHour, now_ms: int = 100) -> Hours:
    known = Hours()
    for hour in hours or (AT,):
        known.listed(hour, {item(hour=hour).key: item(hour=hour)}, now_ms)
    return known


def whole(known: Hours) -> None:
    """All raw objects are known, and the stream has promised more than is asked for."""
    known.trail.listed("coincap.rates.v1", 0, Mark(0, 9, NEXT.at.end_ms + HOUR_MS * 9))
    known.trail.pass_begins()
    known.trail.pass_ended()


def head(version: int, *items: BatchInput, hour: FeedHour = AT) -> LedgerEntry:
    inputs = tuple(RawInput(one.key, one.etag) for one in items)
    return ledger_entry(hour.feed, hour.at, version=version, inputs=inputs)


def names(known: Hours) -> list[FeedHour]:
    return [hour for hour, _ in known.known()]


# ---- what is open, what is forgotten -----------------------------------------------------------


def test_only_hours_with_something_to_see_to_are_open() -> None:
    known = dirty(AT, NEXT)
    assert [hour for hour, _ in known.open()] == [AT, NEXT]
    known.committed(AT, head(1, item()), 100)
    assert [hour for hour, _ in known.open()] == [NEXT]
    known.set_aside(AT, "gone")
    assert [hour for hour, _ in known.open()] == [AT, NEXT]
    known.set_aside(AT, None)
    known.failed(AT, Failure(1, 1))
    assert [hour for hour, _ in known.open()] == [AT, NEXT]


def test_old_hours_without_work_are_forgotten_and_no_others() -> None:
    done, announced, failing = (FeedHour("rates", Hour(DAY, f"0{n}")) for n in range(3))
    known = dirty(done, announced, failing, AT)
    for hour in (done, announced, failing):
        known.committed(hour, head(1, item(hour=hour), hour=hour), 100)
    known.landed(announced, item(hour=announced), 200)
    known.failed(failing, Failure(1, 1))

    known.forget(DAY)
    assert names(known) == [done, announced, failing, AT]
    known.forget("2026-11-21")
    assert names(known) == [announced, failing, AT]


def test_the_age_of_a_dirty_hour_begins_once_and_ends_when_it_is_clean() -> None:
    known = dirty(now_ms=100)
    known.landed(AT, item(1), 500)
    assert known.get(AT).dirty_since_ms == 100
    known.committed(AT, head(1, item(), item(1)), 600)
    assert known.get(AT).dirty_since_ms is None
    known.landed(AT, item(2), 700)
    assert known.get(AT).dirty_since_ms == 700


def test_a_newer_version_ends_what_was_wanted_of_the_older_one() -> None:
    known = dirty()
    known.committed(AT, head(1, item()), 100)
    known.repair(AT, 100)
    known.waits(AT, Wait(2, 900, "away"))
    known.force(AT, 1, 100)
    known.failed(AT, Failure(1, 2, "it fails"))

    known.committed(AT, head(1, item()), 200)
    same = known.get(AT)
    assert (same.repair, same.wait.count, same.forced, same.alone) == (True, 2, True, True)

    known.committed(AT, head(2, item()), 300)
    newer = known.get(AT)
    assert (newer.repair, newer.wait, newer.forced, newer.alone) == (
        False,
        Wait(),
        False,
        False,
    )
    assert not newer.dirty


def test_a_command_for_a_later_version_outlives_an_earlier_one() -> None:
    known = dirty()
    known.force(AT, 2, 100)
    known.committed(AT, head(2, item()), 100)
    assert known.get(AT).forced
    known.committed(AT, head(3, item()), 100)
    assert not known.get(AT).forced


def test_to_set_aside_is_news_once_and_again_with_another_reason() -> None:
    known = dirty()
    assert known.set_aside(AT, "gone")
    assert not known.set_aside(AT, "gone")
    assert known.set_aside(AT, "too large")
    assert known.set_aside(AT, None)
    assert not known.set_aside(AT, None)


@pytest.mark.parametrize("how", ["clean", "aside", "newer"])
def test_an_hour_that_can_be_in_no_run_is_no_suspect(how: str) -> None:
    known = dirty(AT, NEXT, FeedHour("rates", Hour(DAY, "09")))
    known.suspects.failed([hour for hour, _ in known.open()])
    if how == "clean":
        known.committed(AT, head(1, item()), 100)
    elif how == "aside":
        known.set_aside(AT, "gone")
    else:
        known.committed(AT, head(1, item(5)), 100)
    assert not known.suspects.holds(AT)
    assert known.suspects.holds(NEXT)


# ---- failures ----------------------------------------------------------------------------------


def test_what_failed_while_nothing_succeeded_may_be_tried_at_once() -> None:
    """After an outage of Glue; an hour that failed beside successes keeps its wait."""
    old, fresh, done = (FeedHour("rates", Hour(DAY, f"0{n}")) for n in range(3))
    known = dirty(old, fresh, done)
    known.last_success_ms = 500
    known.failed(old, Failure(0, 1, "x", 500, 9000, 8000))
    known.failed(fresh, Failure(0, 1, "x", 501, 9000, 8000))
    known.failed(done, Failure(0, 1, "x", 501, 9000, 8000))

    known.succeeded([done], 1000)

    waits = [known.get(hour).failure.not_before_ms for hour in (old, fresh, done)]
    changed = [known.get(hour).failure.changed_ms for hour in (old, fresh, done)]
    assert waits == [9000, 1000, 9000]
    assert changed == [8000, 1000, 8000]
    assert known.last_success_ms == 1000


def test_a_retry_forgets_the_failure_and_says_whether_there_was_one() -> None:
    known = dirty()
    assert not known.retry(AT)
    assert not known.retry(NEXT)
    assert names(known) == [AT]
    known.failed(AT, Failure(3, 2, "x", 5, 9, 8, "i", is_parked=True))
    assert known.retry(AT)
    assert known.get(AT).failure == Failure(3)


def test_an_hour_waits_less_for_other_raw_objects_than_for_the_same() -> None:
    tracked = Tracked(inputs={item().key: item()})
    tracked.failure = Failure(0, 1, "x", 0, 9000, 4000, digest_of([item()]))
    assert tracked.not_before_ms == 9000
    tracked.inputs[item(1).key] = item(1)
    assert tracked.not_before_ms == 4000
    tracked.wait = Wait(1, 6000, "away")
    assert tracked.not_before_ms == 6000
    tracked.failure = Failure()
    assert tracked.not_before_ms == 6000


def test_the_name_of_a_set_of_raw_objects() -> None:
    one, two = item(), item(1)
    assert digest_of([one, two]) == digest_of([two, one])
    others = [
        [one],
        [one, replace(two, etag="other")],
        [one, replace(two, key=two.key + "x")],
        # What is key and what is ETag is told apart.
        [BatchInput("a\nb", "c", 1)],
        [BatchInput("a", "b\nc", 1)],
    ]
    found = {digest_of(items) for items in others}
    assert len(found) >= 4
    assert digest_of([one, two]) not in found
    assert len(digest_of([])) == 64


def test_new_bytes_are_of_objects_that_the_head_was_not_made_from() -> None:
    tracked = Tracked(inputs={one.key: one for one in (item(0, size=5), item(1, size=7))})
    assert tracked.new_bytes == 12
    tracked.head = head(1, item(0))
    assert tracked.new_bytes == 7


# ---- how far tables are complete ---------------------------------------------------------------


def test_what_an_hour_covers_only_rises() -> None:
    known = dirty(AT, NEXT)
    known.frozen(AT, "b", 5000)
    known.covered(AT, "other")
    assert known.get(AT).covered_ms == 0
    known.covered(AT, "b")
    assert known.get(AT).covered_ms == 5000
    known.frozen(AT, "b2", 4000)
    known.covered(AT, "b2")
    assert known.get(AT).covered_ms == 5000
    known.committed(AT, replace(head(1, item()), watermark_ms=6000), 100)
    assert known.get(AT).covered_ms == 6000


def test_the_tables_are_complete_to_the_oldest_lack_of_any_other_hour() -> None:
    later = FeedHour("rates", Hour(DAY, "10"))
    known = dirty(AT, NEXT, later)
    whole(known)
    known.frozen(later, "b", NEXT.at.end_ms + 99)
    assert known.tables_watermark_ms(later, "b") == AT.at.start_ms
    known.get(AT).covered_ms = NEXT.at.start_ms + 5
    # Of NEXT nothing is covered: it lacks from its first millisecond on.
    assert known.tables_watermark_ms(later, "b") == NEXT.at.start_ms
    known.get(NEXT).covered_ms = NEXT.at.end_ms
    assert known.tables_watermark_ms(later, "b") == NEXT.at.start_ms + 5
    assert known.tables_watermark_ms(later, "another") is None
    known.frozen(later, "b", None)
    assert known.tables_watermark_ms(later, "b") is None


def test_an_hour_that_is_set_aside_holds_the_tables_at_its_start() -> None:
    known = dirty(AT, NEXT)
    whole(known)
    known.committed(AT, head(1, item()), 100)
    known.frozen(NEXT, "b", NEXT.at.end_ms)
    assert known.tables_watermark_ms(NEXT, "b") == NEXT.at.end_ms
    known.set_aside(AT, "gone")
    assert known.tables_watermark_ms(NEXT, "b") == AT.at.start_ms


def test_an_hour_without_raw_objects_is_not_complete() -> None:
    known = Hours()
    for partition in range(4):
        known.promises.promised("coincap.rates.v1", partition, AT.at.end_ms, AT.at.end_ms)
    assert not known.complete(AT)
    known.listed(AT, {item().key: item()}, 1)
    assert known.complete(AT)
    assert not known.complete(NEXT)


def test_what_is_left_behind_a_newer_version_is_as_old_as_that() -> None:
    known = dirty(now_ms=100)
    known.landed(AT, item(1), 150)
    known.committed(AT, head(1, item()), 400)
    # It is dirty still, with what the version was not made from.
    assert known.get(AT).dirty
    assert known.get(AT).dirty_since_ms == 400
    known.committed(AT, head(1, item()), 900)
    assert known.get(AT).dirty_since_ms == 400
