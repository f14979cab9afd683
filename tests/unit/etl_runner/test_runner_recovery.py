"""A runner that dies, freezes or finds things changed goes on where it was, and replaces nothing."""

import asyncio
from dataclasses import replace

import pytest

from coinlake.contracts.batches import parse_manifest
from coinlake.contracts.ledger import curated_key
from coinlake.testing import FakeClock
from etl_runner.core.hours import FeedHour
from etl_runner.core.tracked import Failure
from etl_runner.loop.run import StoppingError
from tests.labs.bucket import Objects, Stored
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.world import HOUR, World


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


async def test_a_runner_that_died_after_publishing_is_finished_by_the_next(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    world.catalog.is_away = True
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


async def test_staged_files_that_are_gone_cost_a_new_run_and_no_row(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    world.catalog.is_away = True
    world.bucket.objects = Forgetful(world.bucket.objects)
    await runner.turn()
    world.bucket.objects = Objects(world.bucket.objects)
    world.catalog.is_away = False
    clock.advance(60)

    await runner.turn()

    assert len(world.glue.runs) == 2
    assert len(world.ledger()) == 1


class Forgetful(Objects):
    """A bucket whose lifecycle rule eats staged objects at once."""

    def __setitem__(self, key: str, value: Stored) -> None:
        if not key.startswith("staging/"):
            super().__setitem__(key, value)


@pytest.mark.parametrize("of_ours", [True, False])
async def test_what_is_whole_again_by_itself_needs_no_run_and_has_not_failed(
    world: World, runner: Runner, of_ours: bool
) -> None:
    await world.land()
    await runner.turn()
    key = curated_key("rates", HOUR)
    lay_there = world.bucket.objects[key]
    said = {**lay_there.metadata, "version": "2"} if of_ours else {}
    world.bucket.objects[key] = Stored(b"half of another batch", "other", said)
    # One of ours may be publishing right now: at the second pass it is believed to have died.
    for _ in range(2):
        await runner.reconcile.run(runner.now_ms())
    name = FeedHour("rates", HOUR)
    runner.hours.failed(name, Failure(version=1, count=5, is_parked=True))
    assert runner.hours.get(name).dirty

    world.bucket.objects[key] = lay_there
    await runner.reconcile.run(runner.now_ms())

    assert not runner.hours.get(name).dirty
    assert not runner.hours.get(name).failure.count
    assert dict(runner.hours.open()) == {}
    assert not await runner.batches.turn(asyncio.Event())
    assert len(world.glue.runs) == 1


async def test_a_command_outlives_what_is_whole(world: World, runner: Runner) -> None:
    await world.land()
    await runner.turn()
    name = FeedHour("rates", HOUR)
    runner.hours.force(name, 1, runner.now_ms())

    await runner.reconcile.run(runner.now_ms())

    assert runner.hours.get(name).dirty
