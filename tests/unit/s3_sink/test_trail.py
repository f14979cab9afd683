"""Commits behind the chains, of partitions that go and come back with another member's commits."""

import asyncio
from collections.abc import Mapping
from typing import Any

import pytest

from coinlake.errors import TransientError
from s3_sink.core.ports import Commit, Partition
from s3_sink.loop.offset_committer import OffsetCommitter

ONE = Partition("coincap.assets.v1", 0)
OURS, THEIRS = Commit(7, "ours"), Commit(20, "theirs")


class Coordinator:
    """Kafka's side: what it has, and whether it answers."""

    def __init__(self) -> None:
        self.has: dict[Partition, Commit] = {}
        self.is_away = False

    async def commit(self, commits: Mapping[Partition, Commit]) -> None:
        if self.is_away:
            raise TransientError("the coordinator is away")
        self.has.update(commits)


class Told:
    """How commits went."""

    def __init__(self) -> None:
        self.failed: list[str] = []
        self.seconds: list[float] = []

    def committed(self, seconds: float) -> None:
        self.seconds.append(seconds)

    def commit_failed(self, reason: str) -> None:
        self.failed.append(reason)


@pytest.fixture
def kafka() -> Coordinator:
    return Coordinator()


@pytest.fixture
def told() -> Told:
    return Told()


@pytest.fixture
def trail(kafka: Coordinator, told: Told) -> OffsetCommitter:
    async def wait(attempt: int) -> None:
        raise AssertionError("nothing here waits")

    clock = iter(range(100, 200, 3))
    source: Any = kafka
    return OffsetCommitter(source, told, wait, lambda: float(next(clock)))


async def _lose_it_with_its_commit_pending(trail: OffsetCommitter, kafka: Coordinator) -> None:
    trail.confirm(ONE, OURS)
    kafka.is_away = True
    await trail.end([ONE])
    kafka.is_away = False
    kafka.has[ONE] = THEIRS  # by the next owner, which is further


async def test_a_commit_of_a_partition_that_went_does_not_put_its_next_owner_back(
    trail: OffsetCommitter, kafka: Coordinator, told: Told
) -> None:
    await _lose_it_with_its_commit_pending(trail, kafka)
    trail.forget(ONE)

    # It comes back; before its chain's end is found, another partition's commit is due.
    await trail.end([ONE])

    assert kafka.has == {ONE: THEIRS}
    assert told.failed == ["the coordinator is away"]


async def test_a_partition_that_starts_again_begins_with_what_kafka_has_now(
    trail: OffsetCommitter, kafka: Coordinator
) -> None:
    await _lose_it_with_its_commit_pending(trail, kafka)

    trail.begin(ONE, THEIRS, None)
    await trail.end([ONE])

    assert kafka.has == {ONE: THEIRS}
    assert trail.committed(ONE) == 20


async def test_a_partition_that_starts_anew_without_a_commit_has_none(
    trail: OffsetCommitter,
) -> None:
    trail.begin(ONE, THEIRS, None)

    trail.begin(ONE, None, None)

    assert trail.committed(ONE) is None


async def test_the_end_that_a_start_has_found_is_committed_where_kafka_is_behind(
    trail: OffsetCommitter, kafka: Coordinator
) -> None:
    trail.begin(ONE, OURS, THEIRS)

    await trail.end([ONE])

    assert kafka.has == {ONE: THEIRS}


async def test_a_commit_that_fails_is_repeated_soon_and_then_more_and_more_rarely(
    kafka: Coordinator, told: Told
) -> None:
    waits: list[int] = []

    async def wait(attempt: int) -> None:
        waits.append(attempt)
        kafka.is_away = len(waits) < 3

    source: Any = kafka
    trail = OffsetCommitter(source, told, wait, lambda: 0.0)
    kafka.is_away = True
    trail.confirm(ONE, OURS)
    following = asyncio.create_task(trail.follow([ONE]))
    while ONE not in kafka.has:  # noqa: ASYNC110
        await asyncio.sleep(0)
    following.cancel()

    assert waits == [0, 1, 2]


async def test_what_is_committed_is_not_committed_again_and_its_time_is_told(
    trail: OffsetCommitter, kafka: Coordinator, told: Told
) -> None:
    trail.confirm(ONE, OURS)
    await trail.end([ONE])
    kafka.has.clear()

    await trail.end([ONE])

    assert kafka.has == {}
    assert told.seconds == [3.0]
