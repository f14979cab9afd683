"""The operator's commands, and what the runner tells of itself."""

import asyncio
from typing import Any

from coinlake.contracts.hours import Hour
from etl_runner.core.hours import Failure, FeedHour, Hours
from etl_runner.loop.commands import OperatorCommands
from etl_runner.loop.records import RunnerRecords
from etl_runner.observe import update_gauges

HOUR = Hour("2026-11-20", "07")
AT = FeedHour("rates", HOUR)
PARKED = Failure(count=1, message="the disk is full", not_before_ms=9000, is_parked=True)


def commands(world: Any) -> tuple[OperatorCommands, Hours, asyncio.Event]:
    hours, wake = Hours(), asyncio.Event()
    records = RunnerRecords(world.store, hours, world.metrics)
    return OperatorCommands(world.lake, hours, records, wake, lambda: 5000), hours, wake


async def test_a_rebuild_of_an_hour_that_has_raw_objects_wakes_the_loop(world: Any) -> None:
    key = await world.land()
    operator, hours, wake = commands(world)

    assert await operator.rebuild(AT)

    tracked = hours.get(AT)
    assert (tracked.forced, list(tracked.inputs)) == (True, [key])
    assert wake.is_set()


async def test_a_rebuild_of_an_hour_without_raw_objects_is_none(world: Any) -> None:
    operator, hours, wake = commands(world)

    assert not await operator.rebuild(AT)

    assert list(hours.known()) == []
    assert not wake.is_set()


async def test_a_retry_frees_a_parked_hour_and_there_is_none_of_a_clean_one(world: Any) -> None:
    operator, hours, _ = commands(world)
    hours.failed(AT, PARKED)

    assert await operator.retry(AT)
    assert not await operator.retry(AT)
    assert not hours.get(AT).parked


async def test_the_gauges_tell_how_many_hours_wait_and_for_how_long(world: Any) -> None:
    await world.land()
    operator, hours, _ = commands(world)
    await operator.rebuild(AT)
    hours.failed(AT, PARKED)
    hours.promises.promised("coincap.rates.v1", 0, HOUR.end_ms, HOUR.end_ms)

    update_gauges(hours, world.metrics, 65_000)

    assert world.counted("dirty_hours") == world.counted("parked_hours") == 1
    assert world.counted("oldest_dirty_seconds") == 60
    assert world.counted("watermark_timestamp_seconds", feed="rates") == HOUR.end_ms / 1000
