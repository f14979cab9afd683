"""A batch from choice to commit over a bucket and a Glue with memory, disturbed at each step."""

import asyncio
from dataclasses import replace

import pytest

from coinlake.contracts.batches import JOB_VERSION
from coinlake.contracts.ledger import RuleCount, curated_key, ledger_key
from coinlake.contracts.quality import PROMISE_RULE
from coinlake.testing import FakeClock
from etl_runner.core.hours import FeedHour
from etl_runner.core.ports import BusyError
from etl_runner.loop.batch_loop import Rhythm
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.world import HOUR, World


async def test_a_landed_object_is_published_registered_and_committed(
    world: World, runner: Runner
) -> None:
    await world.land(complete_to_ms=HOUR.end_ms)

    assert await runner.turn()

    entry = world.ledger()[0]
    assert (entry.version, entry.run_id, entry.complete) == (1, "jr_0", True)
    published = world.bucket.objects[curated_key("rates", HOUR)]
    assert published.metadata["version"] == "1"
    assert {output.etag for output in entry.outputs} >= {published.etag}
    assert world.catalog.partitions == {("rates", HOUR), ("rates_quarantine", HOUR)}
    assert world.catalog.crawls == 1
    assert [said.version for said in world.announcer.said] == [1]
    assert not [key for key in world.bucket.objects if key.startswith("staging/")]
    assert not await runner.turn()


async def test_a_second_hour_needs_no_crawl_and_a_lacking_column_needs_one(
    world: World, runner: Runner
) -> None:
    await world.land()
    await runner.turn()
    await world.land()
    await runner.turn()

    assert world.catalog.crawls == 1
    world.catalog.lacks = "currency_symbol"
    await world.land()
    await runner.turn()
    assert world.catalog.crawls == 2
    assert [entry.version for entry in world.ledger()] == [1, 2, 3]


async def test_an_hour_is_closed_by_a_promise_that_comes_after_its_rows(
    world: World, runner: Runner
) -> None:
    await world.land()
    await runner.turn()
    assert not world.ledger()[0].complete

    # The producer was away when the hour ended, and is back: no more answers, a heartbeat.
    await world.land(values=0, complete_to_ms=HOUR.end_ms)
    assert await runner.turn()

    first, second = world.ledger()
    assert (second.version, second.complete, second.closed_by) == (2, True, "heartbeat")
    assert second.inputs == first.inputs
    assert not await runner.turn()


async def test_heartbeats_alone_make_nothing_dirty(world: World, runner: Runner) -> None:
    await world.land(values=0)

    assert not await runner.turn()


async def test_a_busy_job_is_no_failure(world: World, runner: Runner) -> None:
    await world.land()
    world.glue.busy = 1

    with pytest.raises(BusyError):
        await runner.turn()
    await runner.turn()

    assert len(world.ledger()) == 1
    assert runner.hours.get(FeedHour("rates", HOUR)).failure.count == 0


async def test_a_failed_run_keeps_its_hours_dirty_and_they_are_tried_by_halves(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land("rates")
    await world.land("markets")
    world.glue.fails_with = "the disk is made of cheese"
    await runner.turn()
    failed = runner.hours.get(FeedHour("rates", HOUR))

    assert failed.dirty
    assert failed.wait.reason == "the disk is made of cheese"
    assert not await runner.turn()
    world.glue.fails_with = None
    clock.advance(60)
    # The half of them: the other one must be at fault, and is tried at its time.
    await runner.turn()
    clock.advance(60)
    await runner.turn()
    assert len({run.batch_id for run in world.glue.runs}) == 3
    assert len(world.ledger("rates")) == len(world.ledger("markets")) == 1
    assert world.counted("runs_total", outcome="failed") == 1


async def test_a_run_that_takes_too_long_is_stopped_and_failed(
    world: World, clock: FakeClock
) -> None:
    runner = Runner(world, clock, deadline_s=-1)
    await world.land()
    world.glue.stays = "RUNNING"

    await runner.turn()

    assert world.glue.runs[0].state == "STOPPED"
    assert runner.hours.get(FeedHour("rates", HOUR)).failure.count == 1


async def test_counts_that_do_not_hold_are_not_published(world: World, runner: Runner) -> None:
    await world.land()
    world.glue.records_more = 1

    await runner.turn()

    assert world.ledger() == []
    assert curated_key("rates", HOUR) not in world.bucket.objects
    message = runner.hours.get(FeedHour("rates", HOUR)).failure.message
    assert "metadata says 1" in (message or "")


async def test_the_counts_of_the_rules_are_in_the_ledger_and_among_the_metrics(
    world: World, runner: Runner
) -> None:
    counted = RuleCount("rates", "rate_id_usable", "validity", True, 40, 3)
    world.glue.quality = (counted,)
    await world.land()

    await runner.turn()

    assert [entry.quality for entry in world.ledger()] == [(counted,)]
    labels = {"feed": "rates", "table": "rates", "rule": "rate_id_usable", "hard": "true"}
    assert [
        world.registry.get_sample_value(f"etl_runner_quality_{what}_total", labels)
        for what in ("evaluated", "failed")
    ] == [40, 3]


async def test_records_that_their_object_did_not_promise_park_the_hour(
    world: World, runner: Runner
) -> None:
    world.glue.quality = (RuleCount("rates", PROMISE_RULE, "completeness", True, 9, 2),)
    await world.land()

    await runner.turn()

    assert world.ledger() == []
    message = runner.hours.get(FeedHour("rates", HOUR)).failure.message
    assert "2 of 9 records are not as their objects' metadata says" in (message or "")


async def test_a_head_of_a_newer_job_is_left_alone(world: World, runner: Runner) -> None:
    await world.land()
    await runner.turn()
    key = ledger_key("rates", HOUR, 2)
    newer = replace(world.ledger()[0], version=2, job_version=99)
    await world.store.put(key, newer.encode())
    await world.land()

    await runner.turn()

    assert [entry.job_version for entry in world.ledger()] == [JOB_VERSION, 99]
    assert "newer job" in (runner.hours.get(FeedHour("rates", HOUR)).aside or "")


async def test_a_ledger_that_cannot_be_read_stops_its_hour_and_no_other(
    world: World, runner: Runner
) -> None:
    await world.land()
    await world.land("markets")
    broken = ledger_key("markets", HOUR, 1)
    await world.store.put(broken, b"graffiti")

    await runner.turn()

    assert len(world.ledger()) == 1
    aside = runner.hours.get(FeedHour("markets", HOUR)).aside
    assert "not a valid ledger entry" in (aside or "")
    assert world.counted("alarms_total", reason="ledger_unreadable") == 1
    await world.store.delete(broken)
    await runner.turn()
    assert len(world.ledger("markets")) == 1


@pytest.mark.parametrize("fault", ["store", "glue"])
async def test_the_loop_outlives_what_is_away_or_broken(
    world: World, runner: Runner, fault: str
) -> None:
    await world.land()
    world.network.is_down = fault == "store"
    world.glue.is_missing = fault == "glue"
    stop, wake = asyncio.Event(), asyncio.Event()
    loop = runner.loop(stop, wake)
    turning = asyncio.create_task(loop.run(stop, wake, Rhythm(0.001, 60, 0.001), lambda: None))

    await runner.noticed.wait()
    said = loop.fault
    world.network.is_down = False
    world.glue.is_missing = False
    await world.announcer.heard.wait()
    stop.set()
    wake.set()
    await turning

    assert said is not None
    assert len(world.ledger()) == 1
