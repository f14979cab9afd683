"""What two runners write of one failing hour: they agree, and then both are still."""

import asyncio
from contextlib import nullcontext
from dataclasses import replace

import pytest

from coinlake.contracts.hours import Hour
from coinlake.testing import FakeClock
from etl_runner.core.hours import FeedHour
from etl_runner.core.records import COMMANDS_PREFIX, FAILURES_PREFIX, Command, record_key
from etl_runner.core.tracked import Failure
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.world import HOUR, World

AT = FeedHour("rates", HOUR)
KEY = record_key(FAILURES_PREFIX, AT)
FAILED = Failure(0, 2, "it fails", 1000, 9000, 5000, "inputs")


@pytest.fixture
def two(world: World, clock: FakeClock) -> tuple[Runner, Runner]:
    return Runner(world, clock), Runner(world, clock)


async def passes(*runners: Runner, times: int = 4) -> None:
    for _ in range(times):
        for runner in runners:
            await runner.records.load(1000)
            await runner.records.save()


async def test_two_that_saw_it_fail_agree_and_write_no_more(
    world: World, two: tuple[Runner, Runner]
) -> None:
    two[0].hours.failed(AT, FAILED)
    two[1].hours.failed(AT, replace(FAILED, message="it fails here", not_before_ms=8000))
    for runner in two:
        await runner.records.save()
    await passes(*two)
    written = len(world.bucket.puts)

    await passes(*two)

    assert len(world.bucket.puts) == written
    assert two[0].hours.get(AT).failure == two[1].hours.get(AT).failure


async def test_who_saw_it_fail_oftener_is_believed(two: tuple[Runner, Runner]) -> None:
    two[0].hours.failed(AT, FAILED)
    two[1].hours.failed(AT, replace(FAILED, count=3, is_parked=True))
    for order in (two, two[::-1]):
        for runner in order:
            await runner.records.save()
        await passes(*order)
        assert [runner.hours.get(AT).failure.count for runner in two] == [3, 3]


async def test_a_retry_of_one_is_a_retry_for_both(
    world: World, two: tuple[Runner, Runner]
) -> None:
    two[0].hours.failed(AT, FAILED)
    await passes(*two)
    assert two[1].hours.get(AT).alone

    assert two[1].hours.retry(AT)
    await passes(*two[::-1])

    assert KEY not in world.bucket.objects
    assert not any(runner.hours.get(AT).alone for runner in two)


async def test_a_record_of_an_old_version_is_ended_by_the_head(
    world: World, runner: Runner, clock: FakeClock
) -> None:
    await world.land()
    await runner.turn()
    other = Runner(world, clock)
    other.hours.failed(AT, FAILED)
    await other.records.save()

    await runner.turn()

    assert KEY not in world.bucket.objects
    assert not runner.hours.get(AT).alone


async def test_one_pass_reads_what_has_changed_alone(
    world: World, two: tuple[Runner, Runner], monkeypatch: pytest.MonkeyPatch
) -> None:
    others = [FeedHour("rates", Hour(HOUR.dt, f"{hour:02}")) for hour in range(20)]
    for hour in others:
        two[0].hours.failed(hour, FAILED)
    await two[0].records.save()
    await passes(*two, times=1)
    two[0].hours.failed(others[3], replace(FAILED, count=4))
    await two[0].records.save()
    read: list[str] = []
    get = world.bucket.get

    def noted(key: str) -> bytes | None:
        read.append(key)
        return get(key)

    monkeypatch.setattr(world.bucket, "get", noted)

    await passes(two[1])

    assert read == [record_key(FAILURES_PREFIX, others[3])]


class SlowDeletes:
    """A store whose removals wait for `go`."""

    def __init__(self, world: World, monkeypatch: pytest.MonkeyPatch) -> None:
        self.asked, self.go = asyncio.Event(), asyncio.Event()
        self._delete = world.store.delete
        monkeypatch.setattr(world.store, "delete", self._later)

    async def _later(self, key: str) -> None:
        self.asked.set()
        await self.go.wait()
        await self._delete(key)


async def command_done(runner: Runner) -> None:
    """A command that was accepted, and whose rebuild is committed."""
    await runner.records.rebuild(AT, Command(1, False), 1000)
    runner.hours.get(AT).forced_of = None


async def command_while_one_is_removed(runner: Runner, deletes: SlowDeletes) -> None:
    await command_done(runner)
    saved = asyncio.create_task(runner.records.save())
    await deletes.asked.wait()
    again = asyncio.create_task(runner.records.rebuild(AT, Command(2, True), 2000))
    await asyncio.sleep(0)
    deletes.go.set()
    await asyncio.gather(saved, again)


async def test_a_command_that_comes_while_one_is_removed_outlives_the_process(
    world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = Runner(world, clock)

    await command_while_one_is_removed(runner, SlowDeletes(world, monkeypatch))

    assert runner.records.accepts_missing(AT)
    reborn = Runner(world, clock)
    await reborn.records.load(3000)
    assert (reborn.hours.get(AT).forced_of, reborn.records.accepts_missing(AT)) == (2, True)


async def test_control_without_turns_it_goes_with_the_older_one(
    world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner = Runner(world, clock)
    monkeypatch.setattr(runner.records, "_one_at_a_time", nullcontext())

    await command_while_one_is_removed(runner, SlowDeletes(world, monkeypatch))

    assert record_key(COMMANDS_PREFIX, AT) not in world.bucket.objects
    assert not runner.records.accepts_missing(AT)


async def test_two_that_save_at_once_remove_a_command_once(
    world: World, clock: FakeClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    runner, deletes = Runner(world, clock), SlowDeletes(world, monkeypatch)
    await command_done(runner)
    deletes.go.set()

    await asyncio.gather(runner.records.save(), runner.records.save())

    assert record_key(COMMANDS_PREFIX, AT) not in world.bucket.objects


async def test_a_command_that_comes_while_records_are_listed_is_kept(
    world: World, clock: FakeClock
) -> None:
    runner = Runner(world, clock)

    await asyncio.gather(
        runner.records.load(1000), runner.records.rebuild(AT, Command(1, True), 2000)
    )

    assert runner.records.accepts_missing(AT)
