"""A bucket that was emptied or made anew is noticed before the next link goes there."""

from uuid import UUID

import pytest

from coinlake.contracts.epochs import Epoch
from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey, epoch_key
from coinlake.errors import InvariantError, TransientError
from coinlake.store import ObjectHead
from s3_sink.core.part import SealReason
from s3_sink.core.ports import Commit, Partition
from s3_sink.loop.epochs import current_epoch
from s3_sink.loop.guard import EVERY_S, Guard
from s3_sink.loop.writer import Writer
from tests.unit.s3_sink.world import World

ONE = Partition("coincap.assets.v1", 0)
NOON_MS = 1_790_000_000_000 // 3_600_000 * 3_600_000
KEY = str(RawKey(ONE.topic, hour_of(NOON_MS), 1, 0, 0))


class Scene:
    """A sink with the real guard that has stored five records."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.state = world.state()
        self.writer = Writer(
            world.store,
            world.codec,
            self._wait,
            world.heard,
            Guard(world.store, lambda: world.now_s),
            "me",
        )
        self.writer.begin(ONE)
        self.count = 0

    async def store(self, count: int = 5) -> None:
        numbers = range(self.count, self.count + count)
        self.state.add([Record(n, NOON_MS + n, None, b"v") for n in numbers], 0.0)
        self.count += count
        self.state.seal(SealReason.AGE)
        await self.world.write_all(self.state, self.writer)

    async def _wait(self, attempt: int) -> None:
        self.world.waits.append(attempt)


@pytest.fixture
async def scene(world: World) -> Scene:
    epoch = Epoch(ONE.topic, 1, {0: 0}, "test", 0, world.log.id)
    await world.store.put(epoch_key(ONE.topic, 1), epoch.encode())
    scene = Scene(world)
    await scene.store()
    return scene


@pytest.mark.parametrize("what", ["everything", "raw"])
async def test_an_emptied_bucket_stops_the_partition_within_a_minute(
    scene: Scene, what: str
) -> None:
    objects = scene.world.bucket.objects
    for key in [key for key in objects if what == "everything" or key.startswith("raw/")]:
        del objects[key]
    scene.world.now_s += EVERY_S

    with pytest.raises(InvariantError, match="vanished"):
        await scene.store()
    assert [key for key in objects if key.startswith("raw/")] == []


async def test_while_all_is_well_it_is_looked_at_once_a_minute(
    scene: Scene, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[float] = []
    head = scene.world.store.head

    async def counted(key: str) -> ObjectHead | None:
        asked.append(scene.world.now_s)
        return await head(key)

    monkeypatch.setattr(scene.world.store, "head", counted)
    for _ in range(15):
        scene.world.now_s += EVERY_S / 5
        await scene.store(1)

    # The epoch's record and the newest object, each time.
    assert asked == [at_s for at_s in (60.0, 120.0, 180.0) for _ in range(2)]


async def test_after_any_trouble_it_is_looked_at_before_the_next_try(scene: Scene) -> None:
    scene.world.bucket.objects.clear()
    scene.world.network.failures = [TransientError("404 NoSuchBucket")]

    with pytest.raises(InvariantError, match="emptied or re-created"):
        await scene.store()


async def test_an_object_that_a_rule_may_have_expired_stops_nothing(scene: Scene) -> None:
    del scene.world.bucket.objects[KEY]
    scene.world.now_s += 3 * 86_400

    await scene.store()

    assert scene.state.link == 10


async def test_a_first_sight_that_contradicts_the_groups_commit_is_refused(
    world: World,
) -> None:
    world.log.commit = Commit(5, KEY)

    with pytest.raises(InvariantError, match="emptied, or this is a different bucket"):
        await current_epoch(world.store, world.log, ONE.topic, world.log.id, 0)
    assert not world.bucket.objects


async def test_a_first_sight_that_contradicts_the_objects_is_refused(world: World) -> None:
    await world.store.put(KEY, b"an object")

    with pytest.raises(InvariantError, match=f"has {KEY} but no epoch"):
        await current_epoch(world.store, world.log, ONE.topic, world.log.id, 0)


@pytest.mark.parametrize("seen", ["object", "commit"])
async def test_what_another_sink_stores_between_two_looks_of_a_first_sight_is_no_contradiction(
    world: World, monkeypatch: pytest.MonkeyPatch, seen: str
) -> None:
    made = Epoch(ONE.topic, 1, {0: 0}, "first sight of the topic", 0, world.log.id)

    async def starts_while_another_sink_goes_on(topic: str) -> dict[int, int]:
        await world.store.put(epoch_key(topic, 1), made.encode())
        await world.store.put(KEY, b"an object")
        world.log.commit = Commit(5, KEY) if seen == "commit" else None
        return {0: 0}

    monkeypatch.setattr(world.log, "starts", starts_while_another_sink_goes_on)

    assert await current_epoch(world.store, world.log, ONE.topic, world.log.id, 0) == made


async def test_another_topic_of_that_name_is_not_the_epochs(world: World) -> None:
    await current_epoch(world.store, world.log, ONE.topic, world.log.id, 0)

    with pytest.raises(InvariantError, match="the topic was re-created"):
        await current_epoch(world.store, world.log, ONE.topic, UUID(int=8), 0)


async def test_an_epoch_of_before_ids_were_kept_goes_on(world: World) -> None:
    old = Epoch(ONE.topic, 1, {0: 3}, "first sight of the topic", 0)
    await world.store.put(epoch_key(ONE.topic, 1), old.encode())

    assert b"topic_id" not in old.encode()
    assert await current_epoch(world.store, world.log, ONE.topic, world.log.id, 0) == old


async def test_a_chain_that_has_expired_goes_on_from_its_epoch_and_the_commit(
    world: World,
) -> None:
    world.log.records = [Record(n, NOON_MS + n, None, b"v") for n in range(30)]
    world.log.commit = Commit(20, KEY)
    world.now_ms = NOON_MS + 3 * 86_400_000

    start = await world.start()

    assert (start.tip.link, start.tip.found, start.expired) == (20, None, True)


async def test_a_chain_that_is_too_young_to_have_expired_is_lost(world: World) -> None:
    world.log.records = [Record(n, NOON_MS + n, None, b"v") for n in range(30)]
    world.log.commit = Commit(20, KEY)
    world.now_ms = NOON_MS + 3_600_000

    with pytest.raises(InvariantError, match=r"\[0, 20\) is missing"):
        await world.start()
