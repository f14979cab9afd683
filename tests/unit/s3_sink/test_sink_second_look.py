"""A second look: what cannot be compared at once is not gone on from."""

import asyncio
from uuid import UUID

from coinlake.contracts.raw_index import Record
from s3_sink.core.part import SealReason
from tests.unit.s3_sink.stage import NOON_MS, ONE, Stage, records
from tests.unit.s3_sink.world import World


async def test_a_topic_that_is_made_anew_under_a_running_sink_is_refused(world: World) -> None:
    world.log.records = records(0, 15)
    stage = Stage(world)

    async def make_the_topic_anew() -> None:
        # Longer than what was read before, so that no offset is out of range.
        world.log.records = [Record(n, NOON_MS + n, b"k", b"another topic") for n in range(40)]
        world.log.id = UUID(int=8)
        while "stopped" not in stage.told.names():  # noqa: ASYNC110
            await asyncio.sleep(0)

    await stage.play(
        lambda: ONE in stage.sink.states and stage.state.fetched_to == 15,
        then=make_the_topic_anew(),
    )

    # What it held of the old topic is stored, nothing of the new one behind it.
    assert world.stored() == records(0, 15)
    ((_, (_, reason)),) = [said for said in stage.told.heard if said[0] == "stopped"]
    assert "the topic was re-created" in reason


async def test_a_longer_object_of_another_topic_is_not_gone_on_from(world: World) -> None:
    world.log.records = records(0, 5)
    stage = Stage(world)
    old = [Record(n, NOON_MS + n, b"k", b"another topic") for n in range(20)]

    async def a_sleeper_of_the_old_topic_wakes() -> None:
        # Longer than what is held here, so that no hash can tell the difference.
        await world.store_all(old, size=20)
        stage.group.pause(ONE)
        stage.now_s += 4.0
        stage.state.seal(SealReason.AGE)
        stage.sink._workers[ONE].nudge()
        world.log.records = records(0, 40)
        while "stopped" not in stage.told.names():  # noqa: ASYNC110
            await asyncio.sleep(0)

    await stage.play(
        lambda: ONE in stage.sink.states and stage.state.fetched_to == 5,
        then=a_sleeper_of_the_old_topic_wakes(),
    )

    assert world.stored() == old
    ((_, (_, reason)),) = [said for said in stage.told.heard if said[0] == "stopped"]
    assert "the topic was re-created" in reason
