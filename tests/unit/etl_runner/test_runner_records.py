"""What two runners write of one failing hour: they agree, and then both are still."""

from dataclasses import replace

import pytest

from coinlake.contracts.hours import Hour
from coinlake.testing import FakeClock
from etl_runner.core.hours import FeedHour
from etl_runner.core.records import FAILURES_PREFIX, record_key
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
