"""What nobody takes is not fetched: it would cost Kafka and the wire, and be read again."""

import asyncio
from collections.abc import Callable, Mapping
from typing import Any

import pytest

from coinlake.errors import InvariantError, TransientError
from s3_sink.core.ports import Commit, Partition
from tests.unit.s3_sink.stage import ONE, Stage, records
from tests.unit.s3_sink.world import World


async def _some_polls() -> None:
    for _ in range(50):
        await asyncio.sleep(0)


def _has_read(stage: Stage, count: int) -> Callable[[], bool]:
    return lambda: ONE in stage.sink.states and stage.state.fetched_to == count


async def test_a_partition_that_stopped_is_fetched_no_more(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.log.records = records(0, 7)
    stage = Stage(world)

    async def another_object_lies_there(*_: object, **__: object) -> str:
        raise InvariantError("other bytes")

    async def stop_and_go_on() -> None:
        monkeypatch.setattr(world.store, "put", another_object_lies_there)
        world.log.records = records(0, 12)
        while "stopped" not in stage.told.names():  # noqa: ASYNC110
            await asyncio.sleep(0)
        world.log.records = records(0, 40)
        await _some_polls()

    await stage.play(_has_read(stage, 7), then=stop_and_go_on())

    assert stage.group.positions[ONE] == 12


async def test_while_the_chain_is_asked_anew_nothing_is_fetched(world: World) -> None:
    world.log.records = records(0, 7)
    stage = Stage(world)
    position = []

    async def be_out_of_range() -> None:
        world.network.is_down = True
        stage.group.positions[ONE] = 1_000
        while not stage.state.first_sealed:  # noqa: ASYNC110
            await asyncio.sleep(0)
        stage.group.positions[ONE] = 7
        world.log.records = records(0, 40)
        await _some_polls()
        position.append(stage.group.positions[ONE])
        world.network.is_down = False

    await stage.play(_has_read(stage, 7), then=be_out_of_range())

    assert position == [7]


async def test_a_partition_that_goes_is_fetched_no_more(world: World) -> None:
    world.log.records = records(0, 7)
    stage = Stage(world, flush_deadline_s=0.2)

    async def go() -> None:
        world.network.is_down = True
        world.log.records = records(0, 40)
        await stage.sink.revoked([ONE])

    await stage.play(_has_read(stage, 7), then=go())

    assert stage.group.positions[ONE] == 7


async def test_a_partition_that_comes_while_the_budget_is_full_waits(world: World) -> None:
    world.log.records = records(0, 7)
    stage = Stage(world)
    stage.sink._memory.is_paused = True
    paused: list[set[Partition]] = []

    async def no_poll(timeout_s: float) -> Any:
        paused.append(set(stage.group.paused))
        await asyncio.sleep(0)
        raise TransientError("nothing is regulated while polls fail")

    stage.group.poll = no_poll  # type: ignore[method-assign]
    await stage.play(lambda: "started" in stage.told.names())

    assert paused[-1] == {ONE}


async def test_a_commit_that_failed_is_forgotten_with_its_partition(world: World) -> None:
    world.log.records = records(0, 7)
    stage = Stage(world)
    asked: list[Mapping[Partition, Commit]] = []

    async def away(commits: Mapping[Partition, Commit]) -> None:
        asked.append(commits)
        raise TransientError("the coordinator is away")

    async def go_and_come_back() -> None:
        stage.group.commit = away  # type: ignore[method-assign]
        await stage.sink.revoked([ONE])
        # The next owner is further; our start waits for a store that stays away.
        world.network.is_down = True
        asked.clear()
        stage.sink.assigned([ONE])
        await asyncio.sleep(0.05)

    await stage.play(_has_read(stage, 7), then=go_and_come_back())

    assert asked == []
    assert stage.sink.committed(ONE) is None
