"""What of the lake is not as its ledger says, and what nobody has promised yet."""

import json
from dataclasses import replace

import pytest

from coinlake.contracts.batches import BatchInput
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import HOUR_MS, Hour
from coinlake.contracts.ledger import RawInput, curated_key, ledger_key, parse_entry
from coinlake.contracts.raw_layout import RawKey
from coinlake.differences import Kind, Remedy
from coinlake.testing import FakeClock
from etl_runner.core.batch import ListedRawObject, trouble_of
from etl_runner.core.hours import FeedHour
from etl_runner.loop.differing import TOLD
from tests.labs.bucket import Stored
from tests.labs.ledger_entries import ledger_entry
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.world import HOUR, World, raw_meta

AT = FeedHour("rates", HOUR)
OTHER = FeedHour("markets", HOUR)


def aside(runner: Runner, hour: FeedHour = AT) -> str:
    return runner.hours.get(hour).aside or ""


# ---- the lake and its ledger -------------------------------------------------------------------


@pytest.mark.parametrize("all_of_it", [False, True])
async def test_raw_that_has_vanished_is_told_and_its_rows_stay(
    world: World, runner: Runner, all_of_it: bool
) -> None:
    keys = [await world.land(), await world.land()]
    await runner.turn()
    kept = world.bucket.objects[curated_key("rates", HOUR)]
    gone = {key: world.bucket.objects.pop(key) for key in (keys if all_of_it else keys[:1])}

    for _ in range(3):
        await runner.turn()

    assert world.bucket.objects[curated_key("rates", HOUR)] == kept
    assert len(world.ledger()) == 1
    assert "are gone" in aside(runner)
    assert world.counted("alarms_total", reason="raw_vanished") >= 1
    # Put back, it is as if nothing had been.
    world.bucket.objects.update(gone)
    await runner.turn()
    assert aside(runner) == ""
    assert len(world.ledger()) == 1


async def test_somebody_may_give_up_what_has_vanished(world: World, runner: Runner) -> None:
    key = await world.land()
    await world.land()
    await runner.turn()
    del world.bucket.objects[key]
    await runner.turn()

    assert await runner.commands.rebuild(AT, accepts_missing=True)
    await runner.turn()

    assert [len(entry.inputs) for entry in world.ledger()] == [2, 1]


async def test_a_ledger_entry_that_was_written_over_is_told_by_who_has_read_it_before(
    world: World, runner: Runner
) -> None:
    await world.land()
    await runner.turn()
    await runner.turn()
    key = ledger_key("rates", HOUR, 1)
    kept = world.bucket.objects[key]
    world.bucket.objects[key] = Stored(b"graffiti", "g", {}, 0)

    await runner.turn()
    assert "not a valid ledger entry" in aside(runner)
    world.bucket.objects[key] = kept
    await runner.turn()

    assert aside(runner) == ""
    assert len(world.ledger()) == 1


async def test_a_partition_that_was_dropped_is_registered_again(
    world: World, runner: Runner
) -> None:
    await world.land()
    await runner.turn()
    world.catalog.partitions.discard(("rates", HOUR))

    await runner.turn()

    assert ("rates", HOUR) in world.catalog.partitions
    assert world.counted("alarms_total", reason="partition_gone") == 1


async def test_a_table_that_was_dropped_comes_back_with_its_partitions(
    world: World, runner: Runner
) -> None:
    await world.land()
    await runner.turn()
    world.catalog.tables.discard("rates")
    world.catalog.partitions.discard(("rates", HOUR))

    await runner.turn()

    assert "rates" in world.catalog.tables
    assert ("rates", HOUR) in world.catalog.partitions


async def test_staged_bytes_that_were_changed_are_not_published(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    world.glue.changes_staged = True
    await runner.turn()
    assert world.ledger() == []
    assert curated_key("rates", HOUR) not in world.bucket.objects
    assert world.counted("alarms_total", reason="staged_differs") == 1

    world.glue.changes_staged = False
    clock.advance(600)
    await runner.turn()
    assert len(world.ledger()) == 1


async def test_a_batch_that_nobody_can_finish_is_replaced(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    world.catalog.hidden = {"rates"}
    await runner.turn()
    for key in list(world.bucket.objects):
        if key.startswith("batches/"):
            del world.bucket.objects[key]
    world.catalog.hidden = set()
    await world.land()

    heir = Runner(world, clock)
    for _ in range(3):
        await heir.turn()
        clock.advance(600)

    assert len(world.ledger()) == 1
    assert len(world.ledger()[0].inputs) == 2
    assert world.counted("alarms_total", reason="batch_unreadable") >= 1


def test_a_newer_ledger_entry_may_say_more() -> None:
    entry = ledger_entry("rates", HOUR)
    more = json.dumps(json.loads(entry.encode()) | {"colour": "blue"}).encode()

    assert parse_entry(more) == entry


# ---- completeness ------------------------------------------------------------------------------


def test_a_promise_of_a_time_that_has_not_come_is_not_believed(runner: Runner) -> None:
    promises, now_ms = runner.hours.promises, HOUR.start_ms

    assert not promises.promised("coincap.rates.v1", 0, now_ms + 5 * HOUR_MS, now_ms)
    assert promises.watermark_ms("coincap.rates.v1") is None
    assert promises.promised("coincap.rates.v1", 0, now_ms - 5, now_ms)
    assert promises.watermark_ms("coincap.rates.v1") == now_ms - 5


async def test_an_hour_is_not_complete_while_another_partition_may_have_more(
    world: World, runner: Runner
) -> None:
    await world.land(complete_to_ms=HOUR.end_ms)
    # Of the other partition nothing is known but that it is there.
    other = str(RawKey(TABULAR["rates"].topic, Hour("2026-11-20", "06"), 0, 1, 0))
    await world.store.put(other, b"raw", metadata=raw_meta(1).encode())

    await runner.turn()

    (entry,) = world.ledger()
    assert (entry.complete, entry.closed_by) == (False, "age")


async def test_a_promise_of_a_lake_that_has_stood_for_days_is_believed(
    world: World, runner: Runner
) -> None:
    long_ago = Hour("2026-11-11", "07")
    await world.land(hour=long_ago, complete_to_ms=long_ago.end_ms)

    # One older day a pass; it is open from then on.
    while not world.ledger(hour=long_ago):
        await runner.turn()

    (entry,) = world.ledger(hour=long_ago)
    assert (entry.complete, entry.closed_by) == (True, "heartbeat")


def test_what_is_clean_is_no_trouble_and_what_is_gone_is() -> None:
    item = BatchInput("k", "e", 1)
    head = ledger_entry("rates", HOUR, inputs=(RawInput("k", "e"),))
    listed = [ListedRawObject(item, None, is_input=True)]

    assert trouble_of(head, listed) is None
    gone = trouble_of(head, [])
    assert gone is not None
    assert gone.reason == "raw_vanished"
    assert trouble_of(head, [], accepts_missing=True) is None
    assert trouble_of(replace(head, job_version=99), []) is not None


# ---- what nobody repairs -----------------------------------------------------------------------

STRAYS = {
    Kind.OBJECT_STRAY: f"curated/rates/{HOUR.path}/copy.parquet",
    Kind.RAW_STRAY: f"raw/{TABULAR['rates'].topic}/dt={HOUR.dt}/notes.txt",
    Kind.LEDGER_STRAY: f"ledger/feed=rates/{HOUR.path}/notes.json",
}


@pytest.mark.parametrize("kind", STRAYS)
async def test_what_lies_where_it_does_not_belong_is_told(
    world: World, runner: Runner, kind: Kind
) -> None:
    await world.land()
    await runner.turn()
    world.bucket.objects[STRAYS[kind]] = Stored(b"x", "x", {}, 0)

    for _ in range(3):
        await runner.turn()

    assert world.counted("alarms_total", reason=str(kind)) == 3
    assert STRAYS[kind] in world.bucket.objects
    assert ledger_key("rates", HOUR, 2) not in world.bucket.objects


async def test_a_version_that_is_missing_below_the_head_is_told(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    for _ in range(2):
        await world.land()
        await runner.turn()
        clock.advance(7200)
    del world.bucket.objects[ledger_key("rates", HOUR, 1)]

    await runner.turn()

    assert world.counted("alarms_total", reason="ledger_gap") == 1


async def test_a_partition_of_an_hour_without_rows_is_told(
    world: World, runner: Runner
) -> None:
    await world.land()
    await runner.turn()
    world.catalog.partitions.add(("rates", Hour(HOUR.dt, "03")))

    await runner.turn()

    assert world.counted("alarms_total", reason="partition_stray") == 1


async def test_another_runner_that_publishes_is_no_difference(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    """An object of the next version, not committed yet, in an hour with and without a head."""
    await world.land()
    await runner.turn()
    of_batch = {"batch_id": "b", "base_version": "1", "version": "2", "job_version": "1"}
    for hour, version in ((HOUR, "2"), (Hour(HOUR.dt, "08"), "1")):
        key = curated_key("rates", hour)
        world.bucket.put(key, b"theirs", {**of_batch, "version": version})

    await Runner(world, clock).reconcile.run(int(clock() * 1000))

    assert [world.counted("alarms_total", reason=kind) for kind in TOLD] == [0] * len(TOLD)


async def test_every_kind_of_difference_is_repaired_or_told_or_passes_by_itself() -> None:
    """Whatever the doctor can print, the runner does something about."""
    aside = {Kind.INPUT_GONE, Kind.HEAD_UNREADABLE, Kind.HEAD_NEWER}
    for kind in Kind:
        assert (kind.remedy is Remedy.PERSON) == (kind in TOLD | aside), kind
