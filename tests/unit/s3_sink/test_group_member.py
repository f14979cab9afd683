"""A member of the group: what it tells the coordinator, how a dead one is replaced, how it ends."""

import asyncio
from collections.abc import AsyncIterator, Collection
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any
from uuid import UUID

import pytest
from aiokafka import TopicPartition

from coinlake.settings import KafkaSettings
from s3_sink.adapters import source
from s3_sink.adapters.source import GroupSource, Membership, open_source
from s3_sink.core.ports import Partition

MINE = TopicPartition("quotes", 0)
MEMBERSHIP = Membership(("quotes",), "sinks", None, "sink", 6.0, 60.0, 1000, 1000, 4000)


@dataclass
class Member:
    """aiokafka's consumer, as far as a sink uses it; it has joined when it is subscribed."""

    options: dict[str, Any]
    calls: list[str] = field(default_factory=list)
    topics: list[str] = field(default_factory=list)
    paused: set[TopicPartition] = field(default_factory=set)
    listener: Any = None

    def __post_init__(self) -> None:
        self.keeping = asyncio.get_running_loop().create_future()
        self._coordinator = SimpleNamespace(
            _coordination_task=self.keeping, _heartbeat_task=None, member_id="sink-1"
        )

    async def start(self) -> None:
        self.calls.append("start")

    async def stop(self) -> None:
        self.calls.append("stop")

    def subscribe(self, topics: list[str], listener: Any) -> None:
        self.topics, self.listener = topics, listener

    async def getmany(self, timeout_ms: int) -> dict[TopicPartition, list[Any]]:
        self.calls.append("getmany")
        return {}

    def pause(self, tp: TopicPartition) -> None:
        self.paused.add(tp)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        assert tp in self.paused, "it would fetch what the fetcher fetches"


class QuietBroker:
    """A client whose only broker takes every question and never answers."""

    def __init__(self, **_: Any) -> None:
        self.cluster = self
        self.was_asked = asyncio.Event()
        self.is_closed = False

    async def bootstrap(self) -> None: ...

    def set_topics(self, topics: Collection[str]) -> None: ...

    def leader_for_partition(self, tp: TopicPartition) -> int:
        return 0

    def brokers(self) -> list[int]:
        return [0]

    async def send(self, node: int, request: Any) -> None:
        self.was_asked.set()
        await asyncio.Event().wait()

    async def close(self) -> None:
        self.is_closed = True


@dataclass
class Shares:
    """Hears which partitions come and go."""

    mine: list[Partition] = field(default_factory=list)

    async def revoked(self, partitions: Collection[Partition]) -> None:
        self.mine = [one for one in self.mine if one not in partitions]

    def assigned(self, partitions: Collection[Partition]) -> None:
        self.mine += partitions


class Kafka:
    """What was made of it."""

    def __init__(self) -> None:
        self.members: list[Member] = []
        self.clients: list[QuietBroker] = []

    def member(self, **options: Any) -> Member:
        self.members.append(Member(options))
        return self.members[-1]

    def client(self, **options: Any) -> QuietBroker:
        self.clients.append(QuietBroker(**options))
        return self.clients[-1]


@pytest.fixture
def kafka(monkeypatch: pytest.MonkeyPatch) -> Kafka:
    made = Kafka()
    monkeypatch.setattr(source, "Consumer", made.member)
    monkeypatch.setattr(source, "AIOKafkaClient", made.client)
    monkeypatch.setattr(source, "rebootstrapping", lambda one: one)
    return made


@pytest.fixture
async def joined(kafka: Kafka) -> AsyncIterator[tuple[GroupSource, Shares]]:
    shares = Shares()
    async with open_source(KafkaSettings(), MEMBERSHIP) as opened:
        opened.join(["quotes"], shares)
        await kafka.members[0].listener.on_partitions_assigned([MINE])
        yield opened, shares


async def test_each_poll_tells_the_coordinator_that_we_live(
    kafka: Kafka, joined: tuple[GroupSource, Shares]
) -> None:
    """Who does not is put out of the group after `max_poll_interval_ms`, five minutes."""
    for _ in range(2):
        await joined[0].poll(0.01)

    assert kafka.members[0].calls == ["start", "getmany", "getmany"]


async def test_partitions_come_paused_so_that_nothing_is_fetched_twice(
    kafka: Kafka, joined: tuple[GroupSource, Shares]
) -> None:
    assert kafka.members[0].paused == {MINE}
    assert joined[1].mine == [Partition("quotes", 0)]
    assert list(joined[0].ids) == ["sink-1"]


async def test_a_dead_member_is_replaced_by_one_that_joins_and_starts_anew(
    kafka: Kafka, joined: tuple[GroupSource, Shares]
) -> None:
    opened, shares = joined
    kafka.members[0].keeping.set_result(None)

    await opened.poll(0.01)
    first, second = kafka.members

    assert first.calls == ["start", "stop"]
    assert second.calls == ["start", "getmany"]
    assert second.topics == ["quotes"]
    assert shares.mine == []
    await second.listener.on_partitions_assigned([MINE])
    assert shares.mine == [Partition("quotes", 0)]


async def test_a_short_session_is_kept_by_three_heartbeats_and_commits_are_ours_alone(
    kafka: Kafka, joined: tuple[GroupSource, Shares]
) -> None:
    """Kafka's consumer configs, `heartbeat.interval.ms`: at most a third of the session."""
    options = kafka.members[0].options

    assert options["session_timeout_ms"] == 6_000
    assert options["heartbeat_interval_ms"] == 2_000
    assert options["rebalance_timeout_ms"] == 60_000
    assert options["enable_auto_commit"] is False


async def test_a_source_that_is_closed_leaves_nothing_under_way(kafka: Kafka) -> None:
    before = asyncio.all_tasks()
    async with open_source(KafkaSettings(), MEMBERSHIP) as opened:
        opened.join(["quotes"], Shares())
        await kafka.members[0].listener.on_partitions_assigned([MINE])
        opened.seek(Partition("quotes", 0), 5, UUID(int=7))
        opened.resume(Partition("quotes", 0))
        await opened.poll(0.01)
        assert kafka.clients[0].was_asked.is_set()
        assert asyncio.all_tasks() > before

    assert asyncio.all_tasks() == before
    assert kafka.clients[0].is_closed
    assert kafka.members[0].calls[-1] == "stop"
