"""A batch from choice to commit over a bucket and a Glue with memory, disturbed at each step."""

import asyncio
import random
from dataclasses import replace

import pytest

from coinlake.backoff import Backoff
from coinlake.contracts.batches import parse_manifest
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import curated_key, ledger_key
from coinlake.errors import TransientError
from coinlake.lifecycle import Pulse
from coinlake.testing import FakeClock
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.plan import Policy
from etl_runner.core.ports import BusyError
from etl_runner.loop.batch import Batches, Failing, closing_of
from etl_runner.loop.freeze import Freeze
from etl_runner.loop.publish import Publish
from etl_runner.loop.reconcile import Reconcile
from etl_runner.loop.run import RunBatch, StoppingError, Timing
from etl_runner.loop.runner import Loop, Rhythm
from etl_runner.loop.tables import Tables
from etl_runner.loop.totals import Totals
from tests.labs.bucket import Stored
from tests.unit.etl_runner.conftest import World

HOUR = Hour("2026-11-20", "07")
POLICY = Policy(0, 1000, 0, 3_600_000, 9, 10_000)


class NoticedRandom(random.Random):
    """Draws no delay, and tells that one was asked for: something has failed."""

    def __init__(self, noticed: asyncio.Event) -> None:
        super().__init__(1)
        self._noticed = noticed

    def uniform(self, a: float, b: float) -> float:
        self._noticed.set()
        return 0.001


class Runner:
    """One runner over a world; several may share one."""

    def __init__(self, world: World, clock: FakeClock, deadline_s: float = 60) -> None:
        self.world, self.clock = world, clock
        self.hours = Hours()
        totals = Totals(world.metrics, 2, 0.44)
        self.run = RunBatch(
            world.store, "coinlake", world.glue, Timing(0.001, deadline_s), clock, lambda: None
        )
        self.run.ended = totals.ended
        steps = (
            Freeze(world.lake, self.hours, world.metrics, "dev", 1000),
            self.run,
            Publish(
                world.lake,
                Tables(world.catalog, world.metrics),
                self.hours,
                world.metrics,
                closing_of(self.hours, POLICY, self.now_ms),
            ),
        )
        failing = Failing(self.hours, Backoff(1, 60), 3, totals, self.now_ms, random.Random(1))
        self.batches = Batches(
            world.lake, self.hours, POLICY, steps, world.announcer, totals, failing, self.now_ms
        )
        self.reconcile = Reconcile(world.lake, self.hours, world.metrics)

        self.noticed = asyncio.Event()
        self.totals, self.tables = totals, Tables(world.catalog, world.metrics)

    def loop(self, stop: asyncio.Event, wake: asyncio.Event) -> Loop:
        rng = NoticedRandom(self.noticed)
        return Loop(
            self.reconcile,
            self.batches,
            self.tables,
            self.hours,
            self.totals,
            self.world.metrics,
            POLICY,
            Pulse(60),
            self.now_ms,
            rng,
        )

    def now_ms(self) -> int:
        return int(self.clock() * 1000)

    async def turn(self, stop: asyncio.Event | None = None) -> bool:
        await self.reconcile.run(self.now_ms())
        return await self.batches.turn(stop or asyncio.Event())


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock(HOUR.start_ms / 1000 + 86_400)


@pytest.fixture
def runner(world: World, clock: FakeClock) -> Runner:
    return Runner(world, clock)


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


async def test_heartbeats_alone_make_nothing_dirty(world: World, runner: Runner) -> None:
    await world.land(values=0)

    assert not await runner.turn()


async def test_a_lost_reply_does_not_start_a_second_run(world: World, runner: Runner) -> None:
    await world.land()
    world.glue.lose_reply = True

    await runner.turn()

    assert len(world.glue.runs) == 1
    assert len(world.ledger()) == 1


async def test_after_a_crash_the_run_that_works_on_the_batch_is_waited_for(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    world.glue.stays = "RUNNING"
    stop = asyncio.Event()
    asyncio.get_running_loop().call_later(0.01, stop.set)
    with pytest.raises(StoppingError):
        await runner.turn(stop)

    left = world.glue.runs[0]
    world.glue.stays = None
    reborn = Runner(world, clock)
    await reborn.reconcile.run(reborn.now_ms())
    turning = asyncio.create_task(reborn.turn())
    world.glue.asked.clear()
    await world.glue.asked.wait()
    manifest_body = world.bucket.objects[f"batches/{left.batch_id}/manifest.json"].body
    assert left.attempt is not None
    await world.glue.finish(parse_manifest(manifest_body), left.attempt)
    world.glue.runs[0] = replace(left, state="SUCCEEDED")
    await turning

    assert len(world.glue.runs) == 1
    assert world.ledger()[0].attempt == left.attempt


async def test_a_busy_job_is_no_failure(world: World, runner: Runner) -> None:
    await world.land()
    world.glue.busy = 1

    with pytest.raises(BusyError):
        await runner.turn()
    await runner.turn()

    assert len(world.ledger()) == 1
    assert runner.hours.get(FeedHour("rates", HOUR)).failure.count == 0


async def test_a_failed_run_keeps_its_hours_dirty_and_they_are_tried_one_by_one(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land("rates")
    await world.land("markets")
    world.glue.fails_with = "the disk is made of cheese"
    await runner.turn()
    failed = runner.hours.get(FeedHour("rates", HOUR))

    assert failed.dirty
    assert failed.failure.message == "the disk is made of cheese"
    assert not await runner.turn()
    world.glue.fails_with = None
    clock.advance(60)
    await runner.turn()
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


async def test_a_runner_that_died_after_publishing_is_finished_by_the_next(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    world.catalog.is_away = True
    with pytest.raises(TransientError):
        await runner.turn()
    assert world.ledger() == []
    await world.land()
    world.catalog.is_away = False

    heir = Runner(world, clock)
    await heir.turn()
    first = world.ledger()
    await heir.turn()

    # Its version is committed for it; then the newer inputs make the next one.
    assert [len(entry.inputs) for entry in first] == [1]
    assert [len(entry.inputs) for entry in world.ledger()] == [1, 2]
    assert world.counted("publish_conflicts_total", decision="finish_theirs") == 1


async def test_a_runner_that_died_in_publishing_goes_on_with_the_same_batch(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    world.catalog.is_away = True
    with pytest.raises(TransientError):
        await runner.turn()
    world.catalog.is_away = False

    await Runner(world, clock).turn()

    assert len(world.glue.runs) == 1
    assert len(world.ledger()) == 1
    assert world.counted("publish_conflicts_total", decision="mine") == 2


async def test_a_frozen_runner_that_comes_back_replaces_nothing(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    world.glue.stays = "RUNNING"
    turning = asyncio.create_task(runner.turn())
    await world.glue.asked.wait()
    asleep = world.glue.runs[0]
    world.glue.stays = None
    await world.land()
    other = Runner(world, clock)
    await other.turn()
    committed = world.ledger()
    body = world.bucket.objects[f"batches/{asleep.batch_id}/manifest.json"].body
    assert asleep.attempt is not None
    await world.glue.finish(parse_manifest(body), asleep.attempt)
    world.glue.runs = [
        replace(run, state="SUCCEEDED") if run.run_id == asleep.run_id else run
        for run in world.glue.runs
    ]
    await turning

    assert world.ledger() == committed
    assert len(committed[0].inputs) == 2
    assert world.counted("publish_conflicts_total", decision="moved") == 1


async def test_a_published_object_that_is_gone_or_foreign_is_repaired(
    world: World, runner: Runner
) -> None:
    await world.land()
    await runner.turn()
    key = curated_key("rates", HOUR)
    await world.store.put(key, b"graffiti")

    await runner.turn()
    second = world.ledger()[-1]
    await world.store.delete(key)
    await runner.turn()

    assert second.version == 2
    assert world.ledger()[-1].version == 3
    assert world.bucket.objects[key].metadata["version"] == "3"
    assert world.counted("alarms_total", reason="published_differs") == 2


async def test_a_head_of_a_newer_job_is_left_alone(world: World, runner: Runner) -> None:
    await world.land()
    await runner.turn()
    key = ledger_key("rates", HOUR, 2)
    newer = replace(world.ledger()[0], version=2, job_version=99)
    await world.store.put(key, newer.encode())
    await world.land()

    await runner.turn()

    assert [entry.job_version for entry in world.ledger()] == [1, 99]
    assert runner.hours.get(FeedHour("rates", HOUR)).parked


async def test_staged_files_that_are_gone_cost_a_new_run_and_no_row(
    world: World, runner: Runner
) -> None:
    await world.land()
    world.catalog.is_away = True
    world.bucket.objects = Forgetful(world.bucket.objects)
    await runner.turn()
    world.bucket.objects = dict(world.bucket.objects)
    world.catalog.is_away = False

    await runner.turn()

    assert len(world.glue.runs) == 2
    assert len(world.ledger()) == 1


@pytest.mark.parametrize("fault", ["store", "glue", "ledger"])
async def test_the_loop_outlives_what_is_away_or_broken(
    world: World, runner: Runner, fault: str
) -> None:
    await world.land()
    broken = ledger_key("markets", HOUR, 1)
    await world.land("markets")
    if fault == "ledger":
        await world.store.put(broken, b"graffiti")
    world.network.is_down = fault == "store"
    world.glue.is_missing = fault == "glue"
    stop, wake = asyncio.Event(), asyncio.Event()
    loop = runner.loop(stop, wake)
    turning = asyncio.create_task(loop.run(stop, wake, Rhythm(0.001, 60, 0.001)))

    await runner.noticed.wait()
    said = loop.fault
    world.network.is_down = False
    world.bucket.objects.pop(broken, None)
    world.glue.is_missing = False
    await world.announcer.heard.wait()
    stop.set()
    wake.set()
    await turning

    assert said is not None
    assert len(world.ledger()) == 1


class Forgetful(dict[str, Stored]):
    """A bucket whose lifecycle rule eats staged objects at once."""

    def __setitem__(self, key: str, value: Stored) -> None:
        if not key.startswith("staging/"):
            super().__setitem__(key, value)
