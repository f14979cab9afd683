"""Where a partition goes on, and when it refuses to."""

import dataclasses
from collections.abc import AsyncIterator
from typing import Any
from uuid import UUID

import pytest

from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake.errors import InvariantError, TransientError
from s3_sink.core.ports import Commit
from s3_sink.loop.finder import MAX_STEPS, NEWEST_DAYS, NEWEST_HOURS
from tests.unit.s3_sink.world import World

HOUR_MS = 3_600_000
NOON_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS


def _records(stop: int, step_ms: int = 1) -> list[Record]:
    return [Record(n, NOON_MS + n * step_ms, b"k", b'{"n":%d}' % n) for n in range(stop)]


def _key(link: int, at_ms: int = NOON_MS) -> str:
    return str(RawKey("coincap.assets.v1", hour_of(at_ms), 1, 0, link))


async def test_an_empty_bucket_starts_at_the_epochs_origin(world: World) -> None:
    world.log.records = _records(9)
    world.log.start = 4

    start = await world.start(origin=4)

    assert start.tip.link == 4
    assert start.tip.found is None


async def test_a_commit_that_its_object_confirms_is_the_start(world: World) -> None:
    world.log.records = _records(30)
    await world.store_all(world.log.records)
    world.log.commit = Commit(30, _key(20))

    start = await world.start()

    assert (start.tip.link, start.compared) == (30, True)


@pytest.mark.parametrize(
    "commit",
    [
        None,
        Commit(17, ""),
        Commit(17, _key(10)),
        Commit(10, _key(10)),
        Commit(30, "nonsense"),
        Commit(0, ""),
    ],
)
async def test_any_other_commit_is_ignored_for_the_chains_end(
    world: World, commit: Commit | None
) -> None:
    world.log.records = _records(30)
    await world.store_all(world.log.records)
    world.log.commit = commit

    start = await world.start()

    assert start.tip.link == 30


async def test_what_the_newest_hours_show_is_not_looked_for_in_all_of_them(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    world.log.records = _records(30)
    await world.store_all(world.log.records)
    asked: list[str] = []
    listed = world.store.list

    def list_(prefix: str, start_after: str | None = None) -> AsyncIterator[Any]:
        asked.append(prefix)
        return listed(prefix, start_after)

    monkeypatch.setattr(world.store, "list", list_)

    start = await world.start()

    assert start.tip.link == 30
    assert all("/1-0-" in prefix for prefix in asked if prefix.startswith("raw/")), asked


async def test_of_a_long_history_only_the_newest_hours_are_asked_one_by_one(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Other partitions have gone on for three months; ours ended before them.
    world.log.records = _records(10)
    await world.store_all(world.log.records)
    for hour in range(1, 24 * 90):
        at_ms = NOON_MS + hour * HOUR_MS
        other = RawKey("coincap.assets.v1", hour_of(at_ms), 1, 1, hour)
        await world.store.put(str(other), b"")
    asked: list[str] = []
    for name in ("list", "list_folders"):
        real = getattr(world.store, name)

        def counted(prefix: str, *more: Any, real: Any = real) -> AsyncIterator[Any]:
            asked.append(prefix)
            answer: AsyncIterator[Any] = real(prefix, *more)
            return answer

        monkeypatch.setattr(world.store, name, counted)

    start = await world.start()

    assert start.tip.link == 10
    # The days, three of them, their hours, and once all of it; then, as the log ends there, what
    # hours there are in the newest days.
    assert len(asked) <= 1 + 3 + NEWEST_HOURS + 1 + 1 + NEWEST_DAYS
    assert asked.count("raw/coincap.assets.v1/") <= 3


async def test_a_topic_that_is_made_anew_while_its_end_is_looked_for_is_asked_again(
    world: World,
) -> None:
    world.log.records = _records(10)
    await world.store_all(world.log.records)
    world.log.start = 10  # none of the chain's records is left to be compared

    async def another(topic: str) -> UUID:
        return UUID(int=8)

    world.log.topic_id = another  # type: ignore[method-assign]

    with pytest.raises(TransientError, match="re-created just now"):
        await world.start()


async def test_a_low_link_walks_forward_to_the_end(world: World) -> None:
    world.log.records = _records(35)
    await world.store_all(world.log.records[:30])
    world.log.commit = Commit(10, _key(0))

    start = await world.start()

    assert start.tip.link == 30


async def test_a_very_low_link_asks_the_listing_instead_of_walking_for_ever(
    world: World,
) -> None:
    world.log.records = _records(200)
    await world.store_all(world.log.records, size=1)
    world.log.commit = Commit(1, _key(0))

    start = await world.start()

    assert start.tip.link == 200
    assert world.log.reads <= MAX_STEPS + 1


async def test_the_end_is_found_where_late_records_lie_in_an_older_hour(
    world: World,
) -> None:
    hours = [0, 1, 2, 0, 1]
    world.log.records = [
        Record(n, NOON_MS + hour * HOUR_MS, None, b"v") for n, hour in enumerate(hours)
    ]
    await world.store_all(world.log.records)

    start = await world.start()

    assert start.tip.link == 5


async def test_records_that_kafka_forgot_are_passed_by_name(world: World) -> None:
    world.log.records = _records(30)
    await world.store_all(world.log.records)
    world.log.start = 30
    world.log.records = [Record(30, NOON_MS, None, b"new")]
    world.log.commit = Commit(10, _key(0))

    start = await world.start()

    assert (start.tip.link, start.compared) == (30, False)


async def test_an_expired_range_stops_the_partition_and_is_named(world: World) -> None:
    await world.store_all(_records(10))
    world.log.start = 25
    world.log.records = [Record(25, NOON_MS, None, b"new")]

    with pytest.raises(InvariantError, match=r"\[10, 25\) has expired"):
        await world.start()


async def test_a_commit_beyond_the_end_stops_the_partition(world: World) -> None:
    world.log.records = _records(30)
    await world.store_all(world.log.records[:10])
    world.log.commit = Commit(20, "")

    with pytest.raises(InvariantError, match=r"\[10, 20\) is missing"):
        await world.start()


async def test_a_commit_of_an_older_epoch_says_nothing_of_this_one(world: World) -> None:
    world.log.records = _records(3)
    world.log.commit = Commit(500, _key(490))

    start = await world.start(epoch=2)

    assert (start.epoch, start.tip.link) == (2, 0)


@pytest.mark.parametrize("count", [3, 10, 25])
async def test_a_log_with_other_records_is_another_topic(world: World, count: int) -> None:
    await world.store_all(_records(10))
    world.log.records = [
        dataclasses.replace(one, value=b"of another life") for one in _records(count)
    ]

    with pytest.raises(InvariantError, match="re-created or truncated"):
        await world.start()


async def test_an_object_that_is_not_what_its_metadata_say_stops_the_partition(
    world: World,
) -> None:
    world.log.records = _records(10)
    await world.store_all(world.log.records)
    ((key, stored),) = world.bucket.objects.items()
    lie = {**stored.metadata, "sha256": "0" * 64}
    world.bucket.objects[key] = dataclasses.replace(stored, metadata=lie)

    with pytest.raises(InvariantError, match="does not contain what its metadata say"):
        await world.start()
