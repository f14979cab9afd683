"""The loop with a group in memory: revokes, deadlines, budgets, broken promises, bad polls."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest
import structlog

from coinlake.errors import TransientError
from s3_sink.core.memory_budget import MemoryBudget
from s3_sink.core.part import PartLimits, SealReason
from s3_sink.core.partition_state import Phase
from s3_sink.core.ports import Commit, Partition
from tests.unit.s3_sink.stage import BIG, ONE, TWO, Stage, records
from tests.unit.s3_sink.world import World

HOUR_MS = 3_600_000
NOON_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS


async def test_everything_held_is_stored_and_committed_when_it_is_time_to_stop(
    world: World,
) -> None:
    world.log.records = records(0, 23)
    stage = Stage(world)

    await stage.play(lambda: ONE in stage.sink.states and stage.state.fetched_to == 23)

    assert world.chain() == [(0, 10), (10, 20), (20, 23)]
    assert world.stored() == world.log.records
    last = max(key for key in world.store.objects if key.startswith("raw/"))
    assert stage.group.commits == {ONE: Commit(23, last)}
    assert [hint.next_offset for hint in stage.announced] == [10, 20, 23]


async def test_fetching_jumps_to_the_end_of_a_longer_object_that_was_there_first(
    world: World,
) -> None:
    world.log.records = records(0, 5)
    stage = Stage(world)

    async def another_was_faster() -> None:
        stage.group.pause(ONE)
        world.log.records = records(0, 20)
        await world.store_all(world.log.records, size=20)
        stage.now_s += 4.0
        stage.state.seal(SealReason.AGE)
        stage.sink._workers[ONE].nudge()
        while stage.group.positions[ONE] < 20:  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    await stage.play(
        lambda: ONE in stage.sink.states and stage.state.fetched_to == 5,
        then=another_was_faster(),
    )

    assert stage.group.positions[ONE] == 20
    assert world.chain() == [(0, 20)]


async def test_a_revoked_partition_is_flushed_before_it_is_let_go(world: World) -> None:
    world.log.records = records(0, 7)
    stage = Stage(world)

    await stage.play(
        lambda: ONE in stage.sink.states and stage.state.fetched_to == 7,
        then=stage.sink.revoked([ONE]),
    )

    assert world.chain() == [(0, 7)]
    assert stage.group.commits[ONE].offset == 7
    assert "left" in stage.told.names()


async def test_a_store_that_is_down_cannot_hold_up_a_revoke_beyond_the_deadline(
    world: World,
) -> None:
    world.log.records = records(0, 7)
    stage = Stage(world, flush_deadline_s=0.05)

    async def revoke() -> None:
        world.store.down = True
        await stage.sink.revoked([ONE])

    await stage.play(
        lambda: ONE in stage.sink.states and stage.state.fetched_to == 7, then=revoke()
    )

    assert world.chain() == []
    assert stage.group.commits == {}
    assert stage.sink.states == {}


@pytest.mark.parametrize("down", [True, False])
async def test_records_that_are_let_go_unstored_are_told_of(world: World, down: bool) -> None:
    world.log.records = records(0, 7)
    stage = Stage(world, flush_deadline_s=0.05)

    async def revoke() -> None:
        world.store.down = down
        await stage.sink.revoked([ONE])

    with structlog.testing.capture_logs() as said:
        await stage.play(
            lambda: ONE in stage.sink.states and stage.state.fetched_to == 7, then=revoke()
        )

    assert ("flush_given_up" in [one["event"] for one in said]) is down


async def test_a_value_is_stored_once_it_is_old_enough(world: World) -> None:
    world.log.records = records(0, 3)
    stage = Stage(world)

    async def grow_old() -> None:
        assert world.chain() == []
        stage.now_s += 60.0
        while not world.chain():  # noqa: ASYNC110
            await asyncio.sleep(0.001)

    await stage.play(
        lambda: ONE in stage.sink.states and stage.state.fetched_to == 3, then=grow_old()
    )

    assert world.chain() == [(0, 3)]


async def test_a_full_budget_pauses_and_lets_the_oldest_part_go(world: World) -> None:
    world.log.records = records(0, 60)
    # Room for a dozen records; parts of a hundred would never be full.
    stage = Stage(world, limits=PartLimits(BIG, BIG, 100, 60.0), budget=MemoryBudget(3_000, 1))

    await stage.play(lambda: ONE in stage.sink.states and stage.state.fetched_to == 60)

    assert world.stored() == world.log.records
    assert len(world.chain()) > 3


async def test_where_none_is_held_alone_the_oldest_open_part_makes_room(world: World) -> None:
    world.log.records = records(0, 60)
    # No part is ever full or old, and of seven none has a third of the budget.
    stage = Stage(
        world, limits=PartLimits(BIG, BIG, 1_000, 60.0), budget=MemoryBudget(18_000, 1)
    )
    stage.partitions = [Partition(ONE.topic, number) for number in range(7)]

    def all_read() -> bool:
        states = [stage.sink.states.get(one) for one in stage.partitions]
        return all(state is not None and state.fetched_to == 60 for state in states)

    await stage.play(all_read)

    assert stage.told.names().count("written") > 3


async def test_memory_stays_flat_while_the_store_is_down(world: World) -> None:
    world.log.records = records(0, 500)
    stage = Stage(world, budget=MemoryBudget(10_000, 1))
    retried: list[int] = []

    def enough() -> bool:
        if ONE in stage.sink.states and stage.state.phase is Phase.RUNNING:
            world.store.down = len(stage.told.heard) < 300
            retried.append(stage.state.weight)
        return ONE in stage.sink.states and stage.state.link >= 490

    await stage.play(enough)

    # What one poll brings comes on top of the mark at which fetching pauses.
    assert max(retried) < 10_000 + 5 * 400
    assert world.stored() == world.log.records


async def test_a_partition_that_cannot_store_leaves_room_for_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.log.records = records(0, 300)
    stage = Stage(world, budget=MemoryBudget(10_000, 1))
    stage.partitions = [TWO, ONE]
    put, healed = world.store.put, [False]

    async def put_of_one_only(key: str, body: bytes, **more: Any) -> str:
        if "/1-1-" in key and not healed[0]:
            raise TransientError("503 for this prefix")
        return await put(key, body, **more)

    monkeypatch.setattr(world.store, "put", put_of_one_only)

    def done() -> bool:
        healed[0] = ONE in stage.sink.states and stage.state.link >= 300
        return healed[0] and stage.sink.states[TWO].link >= 300

    await stage.play(done)

    assert [one.offset for one in world.stored()] == sorted([*range(300), *range(300)])


async def test_a_broken_promise_stops_the_partition_and_not_the_sink(world: World) -> None:
    world.log.records = records(0, 5)
    world.log.commit = Commit(99, "")
    stage = Stage(world)

    await stage.play(lambda: "stopped" in stage.told.names())

    assert world.chain() == []
    assert ONE in stage.group.paused


async def test_an_offset_out_of_range_stores_what_is_held_and_then_asks_the_chain(
    world: World,
) -> None:
    world.log.records = records(0, 5)
    stage = Stage(world)

    async def expire() -> None:
        world.log.start = 20
        world.log.records = records(20, 25)
        while "stopped" not in stage.told.names():  # noqa: ASYNC110
            await asyncio.sleep(0)

    await stage.play(
        lambda: ONE in stage.sink.states and stage.state.fetched_to == 5, then=expire()
    )

    # Kafka has them no more: the sink was the last to hold them.
    assert world.chain() == [(0, 5)]
    ((_, (_, reason)),) = [said for said in stage.told.heard if said[0] == "stopped"]
    assert "[5, 20) has expired" in reason


async def test_a_poll_that_failed_has_skipped_nothing(world: World) -> None:
    world.log.records = records(0, 12)
    stage = Stage(world)

    async def stumble() -> None:
        # As a client that moved on although the records were lost on the way.
        stage.group.failures = [TransientError("corrupt batch")]
        stage.group.positions[ONE] = 12
        while stage.state.fetched_to < 12:  # noqa: ASYNC110
            await asyncio.sleep(0)

    stage.group.at_once = 3
    await stage.play(
        lambda: ONE in stage.sink.states and stage.state.fetched_to >= 3, then=stumble()
    )

    assert world.stored() == world.log.records


async def test_a_broker_that_stays_away_is_asked_more_and_more_rarely(world: World) -> None:
    world.log.records = records(0, 3)
    stage = Stage(world)

    async def be_away() -> None:
        stage.waits.clear()
        stage.group.failures = [TransientError("away") for _ in range(4)]
        while stage.group.failures:  # noqa: ASYNC110
            await asyncio.sleep(0)

    await stage.play(lambda: "started" in stage.told.names(), then=be_away())

    assert stage.waits[:4] == [0, 1, 2, 3]


async def test_after_an_answer_the_next_trouble_is_waited_for_as_shortly_as_the_first(
    world: World,
) -> None:
    world.log.records = records(0, 3)
    stage = Stage(world)

    async def be_away_twice() -> None:
        stage.waits.clear()
        for count in (2, 1):
            stage.group.failures = [TransientError("away") for _ in range(count)]
            while stage.group.failures:  # noqa: ASYNC110
                await asyncio.sleep(0)
            for _ in range(10):
                await asyncio.sleep(0)

    await stage.play(lambda: "started" in stage.told.names(), then=be_away_twice())

    assert stage.waits == [0, 1, 0]


async def test_the_first_poll_that_fails_is_repeated_after_the_shortest_wait(
    world: World,
) -> None:
    stage = Stage(world)
    stage.group.failures = [TransientError("away")]

    await stage.play(lambda: len(stage.waits) > 0)

    assert stage.waits == [0]


async def test_a_partition_that_comes_after_the_end_is_another_members(world: World) -> None:
    world.log.records = records(0, 3)
    stage = Stage(world)
    await stage.play(lambda: "started" in stage.told.names())

    stage.sink.assigned([TWO])

    assert dict(stage.sink.states) == {}


@pytest.mark.parametrize("times", [1, 3])
async def test_a_commit_that_fails_is_tried_again_and_holds_nothing_up(
    world: World, times: int
) -> None:
    world.log.records = records(0, 30)
    stage = Stage(world)
    real, left = stage.group.commit, [times]

    async def commit(commits: Mapping[Partition, Commit]) -> None:
        left[0] -= 1
        if left[0] >= 0:
            raise TransientError("the coordinator is away")
        await real(commits)

    stage.group.commit = commit  # type: ignore[method-assign]
    await stage.play(lambda: ONE in stage.group.commits)

    assert stage.group.commits[ONE].offset == 30
    assert stage.told.names().count("commit_failed") == times
