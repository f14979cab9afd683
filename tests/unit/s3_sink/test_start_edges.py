"""The edges of the start: what holds just there, where one more or one less is another case."""

from collections.abc import AsyncIterator

import pytest

from coinlake.contracts.epochs import Epoch, parse_epoch
from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake.errors import InvariantError, PreconditionFailedError, TransientError
from coinlake.store import Listed, ObjectHead
from s3_sink.core.ports import Commit
from s3_sink.loop.create_only import require_create_only
from s3_sink.loop.epochs import current_epoch
from s3_sink.loop.finder import NEWEST_DAYS
from tests.unit.s3_sink.world import HOUR_MS, NOON_MS, World

TOPIC = "coincap.assets.v1"


def _records(start: int, stop: int) -> list[Record]:
    return [Record(n, NOON_MS + n, b"k", b'{"n":%d}' % n) for n in range(start, stop)]


def _key(link: int, epoch: int = 1) -> str:
    return str(RawKey(TOPIC, hour_of(NOON_MS), epoch, 0, link))


# Starts.


@pytest.mark.parametrize("ahead", [11, 20])
@pytest.mark.parametrize(
    "named",
    ["", "nonsense", _key(0), _key(10), _key(10, epoch=3)],
    ids=["nothing", "nonsense", "the last object", "one that is missing", "a later epoch"],
)
async def test_a_commit_that_is_ahead_stops_the_partition_whatever_it_names(
    world: World, ahead: int, named: str
) -> None:
    # Only the name of an epoch that an operator has ended makes it speak of something else.
    world.log.records = _records(0, 30)
    await world.store_all(world.log.records[:10])
    world.log.commit = Commit(ahead, named)

    with pytest.raises(InvariantError, match=rf"\[10, {ahead}\) is missing"):
        await world.start()


@pytest.mark.parametrize("end", [9, 3])
async def test_a_log_that_ends_before_the_origin_stops_a_chain_without_objects(
    world: World, end: int
) -> None:
    world.log.records = _records(0, end)

    with pytest.raises(InvariantError, match=f"ends at 10, but the log ends at {end}"):
        await world.start(origin=10)


async def test_a_log_that_ends_where_the_chain_does_is_long_enough(world: World) -> None:
    world.log.records = _records(0, 10)

    assert (await world.start(origin=10)).tip.link == 10


@pytest.mark.parametrize("late_ms", [0, -HOUR_MS, -20 * HOUR_MS, -NOON_MS - 1])
async def test_a_log_that_lost_what_the_commit_does_not_name_yet_stops_the_chain(
    world: World, late_ms: int
) -> None:
    # [8, 10) was stored and its commit was not: the log ends where the chain seems to.
    last = [Record(n, NOON_MS + late_ms, None, b"v") for n in (8, 9)]
    await world.store_all([*_records(0, 8), *last], size=8)
    world.log.commit = Commit(8, _key(0))
    world.log.records = _records(0, 8)

    with pytest.raises(InvariantError, match="ends at 10, but the log ends at 8"):
        await world.start()


async def test_where_the_log_ends_with_the_chain_only_the_newest_days_are_asked(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.log.records = _records(0, 10)
    await world.store_all(world.log.records)
    world.log.commit = Commit(10, _key(0))
    for hour in range(24 * 90):
        other = RawKey(TOPIC, hour_of(NOON_MS - hour * HOUR_MS), 1, 1, hour)
        await world.store.put(str(other), b"")
    asked: list[str] = []
    head = world.store.head

    async def head_(key: str) -> ObjectHead | None:
        asked.append(key)
        return await head(key)

    monkeypatch.setattr(world.store, "head", head_)

    start = await world.start()

    assert start.tip.link == 10
    # The commit's object, the hours of two days, and the one of impossible times.
    assert len(asked) <= 1 + NEWEST_DAYS * 24 + 1


@pytest.mark.parametrize("end", [9, 3])
async def test_a_log_that_ends_before_the_chain_stops_it(world: World, end: int) -> None:
    await world.store_all(_records(0, 10))
    world.log.records = _records(0, end)

    with pytest.raises(InvariantError, match=f"ends at 10, but the log ends at {end}"):
        await world.start()


async def test_a_log_that_ends_one_short_stops_a_chain_that_has_expired(world: World) -> None:
    # A rule of the bucket has taken the objects: there is nothing that the records are compared with.
    world.now_ms = NOON_MS + 48 * HOUR_MS
    world.log.commit = Commit(10, _key(0))
    world.log.records = _records(0, 9)

    with pytest.raises(InvariantError, match="ends at 10, but the log ends at 9"):
        await world.start()


@pytest.mark.parametrize(("late_ms", "is_lost"), [(0, True), (1, False)])
async def test_a_chain_has_expired_once_a_day_is_over_and_not_before(
    world: World, late_ms: int, is_lost: bool
) -> None:
    # A rule of the bucket counts in days: what is younger has gone by somebody's hand.
    world.now_ms = NOON_MS + HOUR_MS + 24 * HOUR_MS + late_ms
    world.log.commit = Commit(10, _key(0))
    world.log.records = _records(0, 20)

    if is_lost:
        with pytest.raises(InvariantError, match=r"\[0, 10\) is missing"):
            await world.start()
    else:
        start = await world.start()
        assert (start.tip.link, start.expired) == (10, True)


async def test_a_few_steps_forward_ask_for_no_listing(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.log.records = _records(0, 30)
    await world.store_all(world.log.records)
    world.log.commit = Commit(10, _key(0))
    asked: list[str] = []
    listed = world.store.list

    def list_(prefix: str, start_after: str | None = None) -> AsyncIterator[Listed]:
        asked.append(prefix)
        return listed(prefix, start_after)

    monkeypatch.setattr(world.store, "list", list_)

    start = await world.start()

    assert (start.tip.link, asked) == (30, [])


async def test_a_chain_without_objects_has_nothing_that_is_compared(world: World) -> None:
    start = await world.start()

    assert (start.compared, start.tip.found) == (False, None)


async def test_a_store_that_refuses_once_for_nothing_is_asked_again(world: World) -> None:
    # It was accepted once: that is no word on whether the store overwrites.
    world.network.failures = [PreconditionFailedError("k")]

    with pytest.raises(TransientError, match="refused as if it existed"):
        await require_create_only(world.store)


# Two that see a topic first.


@pytest.mark.parametrize("other", [{0: 3}, {0: 40}, {0: 41}])
async def test_what_another_sink_made_first_counts_and_not_ones_own(
    world: World, monkeypatch: pytest.MonkeyPatch, other: dict[int, int]
) -> None:
    quicker = Epoch(TOPIC, 1, other, "the other sink", 1, world.log.id)
    put = world.store.put

    async def after_the_other(key: str, body: bytes, **more: object) -> str:
        # Between our last look and our own request.
        world.bucket.put(key, quicker.encode(), {})
        return await put(key, body, if_none_match=True)

    monkeypatch.setattr(world.store, "put", after_the_other)
    world.log.start = 40

    epoch = await current_epoch(world.store, world.log, TOPIC, world.log.id, 2)

    assert epoch == quicker
    assert parse_epoch(world.bucket.objects[f"chain/{TOPIC}/1.json"].body) == quicker


async def test_an_epoch_that_a_first_listing_did_not_show_counts(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number in (1, 2):
        epoch = Epoch(TOPIC, number, {0: number}, "raised by a test", 0)
        await world.store.put(f"chain/{TOPIC}/{number}.json", epoch.encode())
    listed, asked = world.store.list, iter((True,))

    async def list_(prefix: str, start_after: str | None = None) -> AsyncIterator[Listed]:
        if prefix.startswith("chain/") and next(asked, False):
            return
        async for entry in listed(prefix, start_after):
            yield entry

    monkeypatch.setattr(world.store, "list", list_)

    epoch = await current_epoch(world.store, world.log, TOPIC, world.log.id, 2)

    assert epoch.number == 2
