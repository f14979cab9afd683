"""Which hours are dirty, due, held back, parked; what a batch is called."""

from dataclasses import replace

import pytest

from coinlake.contracts.batches import BatchHour, BatchInput
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry, RawInput
from coinlake.contracts.raw_layout import RawKey
from etl_runner.core.hours import Failure, FeedHour, Hours
from etl_runner.core.plan import (
    Choice,
    PlanningPolicy,
    choose,
    closed_by,
    manifest,
    next_look_ms,
)
from etl_runner.core.runs import GlueRun
from etl_runner.core.tracked import digest_of
from tests.labs.ledger_entries import ledger_entry

AT = FeedHour("rates", Hour("2026-11-20", "07"))
POLICY = PlanningPolicy(60_000, 1000, 30_000, 3_600_000, 3, 10_000)
DURING = AT.at.start_ms + 60_000
TOPIC = "coincap.rates.v1"


def item(link: int = 0, size: int = 10, hour: FeedHour = AT) -> BatchInput:
    topic = f"coincap.{hour.feed}.v1"
    return BatchInput(str(RawKey(topic, hour.at, 0, 0, link)), f"e{link}", size)


def dirty(*hours: FeedHour, now_ms: int = DURING, size: int = 10) -> Hours:
    known = Hours()
    for hour in hours or (AT,):
        one = item(size=size, hour=hour)
        known.listed(hour, {one.key: one}, now_ms)
    return known


def promise(hours: Hours, complete_to_ms: int, partition: int = 0) -> None:
    assert hours.promises.promised(TOPIC, partition, complete_to_ms, complete_to_ms)


def chosen(hours: Hours, now_ms: int) -> list[FeedHour]:
    choice = choose(hours, POLICY, now_ms)
    return [] if choice is None else list(choice.hours)


def entry(version: int, *items: BatchInput, complete: bool = False) -> LedgerEntry:
    inputs = tuple(RawInput(one.key, one.etag) for one in items)
    return ledger_entry(AT.feed, AT.at, version=version, inputs=inputs, complete=complete)


def test_a_dirty_hour_is_due_when_it_is_old_enough() -> None:
    hours = dirty()

    assert chosen(hours, DURING + 59_999) == []
    assert chosen(hours, DURING + 60_000) == [AT]


def test_a_dirty_hour_is_due_when_it_is_big_enough() -> None:
    assert chosen(dirty(size=1000), DURING) == [AT]


def test_a_complete_hour_is_due_at_once_and_one_that_is_just_over_waits_for_its_promise() -> (
    None
):
    over = AT.at.end_ms + 10
    hours = dirty(now_ms=over - 70_000)

    assert chosen(hours, over) == []
    promise(hours, AT.at.end_ms)
    assert chosen(hours, over) == [AT]
    hours.frozen(AT, "batch", hours.watermark_ms(TOPIC))
    assert closed_by(AT, "batch", hours, POLICY, over) == "heartbeat"


def test_an_hour_whose_promise_came_after_its_rows_is_due_once_more() -> None:
    over = AT.at.end_ms + 10
    hours = dirty()
    hours.committed(AT, entry(1, item()), DURING)
    hours.passed()
    assert [hour for hour, _ in hours.open()] == []

    promise(hours, AT.at.end_ms)
    hours.passed()

    assert [hour for hour, _ in hours.open()] == [AT]
    assert chosen(hours, over) == [AT]
    # Its rows are all there: neither does it wait, nor does another hour wait for it.
    assert next_look_ms(hours, POLICY, over) is None
    hours.committed(AT, entry(2, item(), complete=True), over)
    assert chosen(hours, over) == []
    assert [hour for hour, _ in hours.open()] == []


def test_an_hour_that_is_set_aside_or_has_no_head_is_not_closed() -> None:
    hours = dirty()
    hours.committed(AT, entry(1, item()), DURING)
    promise(hours, AT.at.end_ms)
    hours.passed()
    hours.set_aside(AT, "gone")

    assert chosen(hours, AT.at.end_ms) == []
    assert not Hours().closable(AT)


def test_one_that_fails_while_it_is_closed_is_halved_like_others() -> None:
    other = FeedHour("assets", AT.at)
    hours = dirty(AT, other)
    hours.committed(AT, entry(1, item()), DURING)
    promise(hours, AT.at.end_ms)
    hours.passed()
    hours.suspects.failed((AT, other))

    hours.passed()

    assert hours.suspects.holds(AT)


def test_without_a_promise_an_hour_is_due_after_its_grace_and_closed_by_age() -> None:
    hours = dirty()

    assert chosen(hours, AT.at.end_ms + 30_000) == [AT]
    assert closed_by(AT, "batch", hours, POLICY, AT.at.end_ms + 30_000) == "open"
    assert closed_by(AT, "batch", hours, POLICY, AT.at.end_ms + 3_600_000) == "age"


@pytest.mark.parametrize(
    ("position_ms", "frozen_as"),
    [(AT.at.end_ms - 1, "batch"), (None, "batch"), (AT.at.end_ms, "another")],
    ids=["before the promise", "without a promise", "by somebody else"],
)
def test_a_promise_that_came_after_the_listing_closes_nothing(
    position_ms: int | None, frozen_as: str
) -> None:
    over = AT.at.end_ms + 10
    hours = dirty(now_ms=over)
    hours.frozen(AT, frozen_as, position_ms)
    promise(hours, AT.at.end_ms)  # while the job runs, or publishing waits

    assert hours.complete(AT)
    assert closed_by(AT, "batch", hours, POLICY, over) == "open"


def test_every_partition_that_gave_input_must_have_promised() -> None:
    hours = dirty()
    other = BatchInput(str(RawKey(TOPIC, AT.at, 0, 1, 0)), "e", 1)
    hours.landed(AT, other, DURING)
    promise(hours, AT.at.end_ms)

    assert not hours.complete(AT)
    promise(hours, AT.at.end_ms, 1)
    assert hours.complete(AT)
    promise(hours, AT.at.start_ms, 1)
    assert hours.watermark_ms(TOPIC) == AT.at.end_ms


def test_what_is_committed_is_clean_until_the_listing_differs() -> None:
    hours = dirty()
    hours.committed(AT, entry(1, item()), DURING)

    assert chosen(hours, DURING * 2) == []
    late = item(1)
    hours.landed(AT, late, DURING + 5)
    assert hours.get(AT).dirty_since_ms == DURING + 5
    replaced = {item().key: replace(item(), etag="other")}
    hours.listed(AT, replaced, DURING)
    assert hours.get(AT).dirty


def test_a_hint_that_is_newer_than_a_listing_outlives_it_once() -> None:
    hours = Hours()
    hours.landed(AT, item(1), DURING + 5)

    hours.listed(AT, {item().key: item()}, DURING)
    assert len(hours.get(AT).inputs) == 2
    hours.listed(AT, {item().key: item()}, DURING + 6)
    assert list(hours.get(AT).inputs) == [item().key]


def test_what_comes_late_into_a_closed_hour_waits_like_anything_else() -> None:
    hours = dirty()
    promise(hours, AT.at.end_ms)
    hours.committed(AT, entry(1, item(), complete=True), DURING)
    hours.landed(AT, item(1), AT.at.end_ms * 2)

    assert chosen(hours, AT.at.end_ms * 2) == []
    assert chosen(hours, AT.at.end_ms * 2 + 60_000) == [AT]


def test_hours_that_are_not_due_come_along_up_to_the_limit() -> None:
    others = [FeedHour("markets", Hour("2026-11-20", f"{n:02}")) for n in range(8, 12)]
    hours = dirty(*others, now_ms=others[-1].at.start_ms)
    early = item(hour=AT)
    hours.listed(AT, {early.key: early}, DURING)

    batch = chosen(hours, others[-1].at.start_ms)

    assert batch[0] == AT
    assert len(batch) == 3


def test_an_hour_that_failed_goes_alone_later_and_comes_back_when_it_is_parked() -> None:
    other = FeedHour("markets", AT.at)
    hours = dirty(AT, other)
    later = DURING + 100_000
    same = digest_of(hours.get(AT).inputs.values())

    hours.failed(AT, Failure(count=1, not_before_ms=later + 1, inputs=same))
    assert chosen(hours, later) == [other]
    hours.committed(other, replace(entry(1, item(hour=other)), feed="markets"), later)
    assert chosen(hours, later) == []
    assert chosen(hours, later + 1) == [AT]
    hours.failed(AT, Failure(count=2, not_before_ms=later * 2, inputs=same, is_parked=True))
    assert hours.get(AT).parked
    assert chosen(hours, later * 2 - 1) == []
    assert chosen(hours, later * 2) == [AT]
    assert hours.retry(AT)
    assert chosen(hours, later) == [AT]
    assert not hours.retry(other)


def test_new_raw_data_is_a_reason_to_try_a_parked_hour_at_once() -> None:
    hours = dirty()
    same = digest_of(hours.get(AT).inputs.values())
    hours.failed(AT, Failure(count=9, not_before_ms=DURING**2, inputs=same, is_parked=True))
    later = DURING + 60_000
    assert chosen(hours, later) == []

    hours.landed(AT, item(1), later)

    assert chosen(hours, later) == [AT]


def test_under_a_live_stream_a_failed_hour_has_its_turn() -> None:
    other = FeedHour("markets", AT.at)
    hours = dirty(AT, other)
    hours.failed(AT, Failure(count=1, inputs=digest_of(hours.get(AT).inputs.values())))
    later = DURING + 60_000

    assert choose(hours, POLICY, later, trial_first=False) == Choice((other,))
    assert choose(hours, POLICY, later, trial_first=True) == Choice((AT,), is_trial=True)


@pytest.mark.parametrize("guilty", range(8))
def test_the_hour_that_fails_is_found_by_halving(guilty: int) -> None:
    eight = [FeedHour("markets", Hour("2026-11-20", f"{n:02}")) for n in range(8)]
    policy, now_ms = replace(POLICY, max_hours=9), eight[-1].at.end_ms * 2
    hours = dirty(*eight, now_ms=eight[0].at.start_ms)
    assert hours.suspects.failed(eight) is None

    runs, found = 0, None
    while found is None:
        half = choose(hours, policy, now_ms, trial_first=True)
        assert half is not None
        assert half.is_trial
        is_red = eight[guilty] in half.hours
        found = (hours.suspects.failed if is_red else hours.suspects.succeeded)(half.hours)
        runs += 1

    assert found == eight[guilty]
    assert runs <= 3
    assert hours.suspects.groups == ()


def test_while_the_job_may_be_broken_only_hours_that_fail_by_themselves_are_tried() -> None:
    other = FeedHour("markets", AT.at)
    hours = dirty(AT, other)
    hours.failed(AT, Failure(count=1, inputs=digest_of(hours.get(AT).inputs.values())))
    later = DURING + 60_000

    held = choose(hours, POLICY, later, held_until_ms=later + 1)

    assert held == Choice((AT,), is_trial=True)
    assert choose(hours, POLICY, later, held_until_ms=later) == Choice((other,))


def test_a_command_rebuilds_an_hour_that_is_clean() -> None:
    hours = dirty()
    hours.committed(AT, entry(1, item()), DURING)
    hours.force(AT, 1, DURING)

    assert chosen(hours, DURING) == [AT]
    hours.committed(AT, entry(2, item()), DURING)
    assert chosen(hours, DURING) == []


def test_the_same_work_has_the_same_name_and_other_work_another() -> None:
    hour = BatchHour("rates", "2026-11-20", "07", 0, (), (item(),))

    names = {
        manifest([one], "c", 1).batch_id
        for one in (
            hour,
            replace(hour, base_version=1),
            replace(hour, inputs=(item(1),)),
            replace(hour, refused=1),
        )
    }

    assert len(names) == 4
    assert manifest([hour], "c", 1) == manifest([hour], "c", 1)
    later = replace(hour, valueless=("k",))
    assert manifest([later], "c", 1).batch_id == manifest([hour], "c", 1).batch_id


def test_the_next_look_is_when_the_oldest_hour_is_due() -> None:
    assert next_look_ms(dirty(), POLICY, DURING) == DURING + 60_000
    assert next_look_ms(Hours(), POLICY, DURING) is None


@pytest.mark.parametrize(
    ("state", "outcome"),
    [
        ("STARTING", "active"),
        ("RUNNING", "active"),
        ("STOPPING", "active"),
        ("WAITING", "active"),
        ("SUCCEEDED", "succeeded"),
        ("FAILED", "failed"),
        ("ERROR", "failed"),
        ("TIMEOUT", "failed"),
        ("STOPPED", "failed"),
        ("EXPIRED", "failed"),
        ("SOMETHING_NEW", "active"),
    ],
)
def test_every_run_state_has_an_outcome(state: str, outcome: str) -> None:
    assert GlueRun("r", state, None, None, None, 5).outcome == outcome


def test_a_run_costs_a_minute_at_least() -> None:
    assert GlueRun("r", "FAILED", None, None, None, 5).billed_s == 60
    assert "EXPIRED" in GlueRun("r", "EXPIRED", None, None, None, 5).reason
