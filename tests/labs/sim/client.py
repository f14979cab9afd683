"""The Kafka client of one sink: group membership and a reader, behind the sink's ports."""

import asyncio
import random
from collections.abc import Callable, Collection, Mapping
from typing import Protocol
from uuid import UUID

from coinlake.contracts.raw_index import Record
from coinlake.errors import TransientError
from s3_sink.core.ports import Commit, LogRange, Partition, Polled
from tests.labs.sim.broker import Broker, PartitionLog
from tests.labs.sim.wire import Wire


class Owner(Protocol):
    """Hears which partitions come and go."""

    async def revoked(self, partitions: Collection[Partition]) -> None: ...
    def assigned(self, partitions: Collection[Partition]) -> None: ...


class ReaderLog:
    """Reads outside the group."""

    def __init__(self, broker: Broker, wire: Wire) -> None:
        self._broker = broker
        self._wire = wire

    async def range(self, partition: Partition) -> LogRange:
        return await self._wire.ask("range", lambda: self._broker.range(partition))

    async def topic_id(self, topic: str) -> UUID:
        return await self._wire.ask("topic", lambda: self._broker.topic_id)

    async def starts(self, topic: str) -> Mapping[int, int]:
        return await self._wire.ask("starts", lambda: self._broker.starts(topic))

    async def first_from(
        self, partition: Partition, offset: int, topic_id: UUID
    ) -> Record | None:
        return await self._wire.ask(
            "read", lambda: self._broker.first_from(partition, offset, topic_id)
        )

    async def committed(self, partition: Partition) -> Commit | None:
        return await self._wire.ask(
            "committed", lambda: self._broker.group.commits.get(partition)
        )


class MemberSource:
    """Joins, beats, polls and commits as aiokafka does under the adapter of the sink.

    Partitions come paused and at offset 0; revoked is awaited before the next join, while
    heartbeats go on; a member that was expelled hears of it on its next heartbeat.
    """

    HEARTBEAT_S = 1.0

    def __init__(
        self,
        name: str,
        broker: Broker,
        wire: Wire,
        rng: random.Random,
        reached: Callable[[str], None],
    ) -> None:
        self._reached = reached
        self._name = name
        self._broker = broker
        self._wire = wire
        self._rng = rng
        self._sessions = 0
        self._member = ""
        self._generation = -1
        self._positions: dict[Partition, int] = {}
        self._topics: dict[Partition, UUID] = {}
        self._paused: set[Partition] = set()
        self._may_stay = False
        self.at_once = rng.choice((1, 3, 8, 20))

    async def belong(self, owner: Owner) -> None:
        """Be a member until cancelled."""
        while True:
            try:
                await self._join(owner)
            except TransientError:
                await asyncio.sleep(0.3)
                continue
            await self._beat_while_welcome()
            beating = asyncio.ensure_future(self._beat())
            await owner.revoked(list(self._positions))
            beating.cancel()
            self._positions.clear()

    async def leave(self) -> None:
        """Say goodbye, if the broker hears it."""
        group = self._broker.group
        try:
            await self._wire.tell("leave", lambda: group.leave(self._member))
        except TransientError:
            return  # The session timeout will tell.

    async def _join(self, owner: Owner) -> None:
        if not self._member:
            self._sessions += 1
            self._member = f"{self._name}.{self._sessions}"
        group = self._broker.group
        joining = await self._wire.ask("join", lambda: group.join(self._member))
        self._generation, given = await joining
        self._may_stay = True
        for partition in given:
            self._paused.add(partition)
            self._positions[partition] = 0
        owner.assigned(given)

    async def _beat_while_welcome(self) -> None:
        while self._may_stay:
            await asyncio.sleep(self.HEARTBEAT_S)
            await self._beat_once()

    async def _beat(self) -> None:
        while True:
            await self._beat_once()
            await asyncio.sleep(self.HEARTBEAT_S)

    async def _beat_once(self) -> None:
        group = self._broker.group
        try:
            self._may_stay = await self._wire.ask(
                "heartbeat", lambda: group.heartbeat(self._member, self._generation)
            )
        except TransientError as error:
            if "unknown member" in str(error):
                self._may_stay, self._member = False, ""

    async def poll(self, timeout_s: float) -> Polled:
        await asyncio.sleep(self._rng.uniform(0.001, 0.02))
        polled = self._read()
        if not polled.records and not polled.out_of_range and not polled.gone:
            await asyncio.sleep(timeout_s)
            polled = self._read()
        return polled

    def _read(self) -> Polled:
        weather = self._wire.weather
        if weather.is_down:
            raise TransientError("poll: the broker is away")
        given: dict[Partition, list[Record]] = {}
        beyond: list[Partition] = []
        gone: list[Partition] = []
        heard: dict[Partition, str | None] = {}
        positions: dict[Partition, int] = {}
        for partition in [one for one in self._positions if one not in self._paused]:
            heard[partition] = self._broker.denied.get(partition)
            if heard[partition] is not None:
                self._reached("read-denied")
                continue
            try:
                log = self._broker.log(partition, self._topics.get(partition))
            except TransientError:
                self._reached("topic-gone")
                gone.append(partition)
                continue
            if not log.start <= self._positions[partition] <= log.end:
                self._reached("out-of-range")
                beyond.append(partition)
                continue
            if records := self._read_on(partition, log):
                given[partition] = records
            positions[partition] = self._positions[partition]
        if given and self._rng.random() < weather.lost / 4:
            # A client that has moved on although what it read was lost on the way.
            self._reached("read-lost")
            raise TransientError("poll: corrupt batch")
        return Polled(given, tuple(beyond), tuple(gone), heard, positions)

    def _read_on(self, partition: Partition, log: PartitionLog) -> list[Record]:
        """Some records from the position on, which then is behind them, and behind any marker."""
        position = self._positions[partition]
        records = log.from_offset(position, self._rng.randint(1, self.at_once))
        if records:
            position = records[-1].offset + 1
        if position < log.end and not log.from_offset(position, 1):
            self._reached("read-marker")
            position = log.end
        self._positions[partition] = position
        return records

    def seek(self, partition: Partition, offset: int, topic_id: UUID) -> None:
        if partition in self._positions:
            self._positions[partition] = offset
            self._topics[partition] = topic_id

    def pause(self, partition: Partition) -> None:
        if partition in self._positions:
            self._paused.add(partition)

    def resume(self, partition: Partition) -> None:
        if partition in self._positions:
            self._paused.discard(partition)

    async def commit(self, commits: Mapping[Partition, Commit]) -> None:
        if any(partition not in self._positions for partition in commits):
            raise TransientError("commit: not assigned")
        member, generation, group = self._member, self._generation, self._broker.group
        await self._ordered("commit", lambda: group.commit(member, generation, commits))

    async def _ordered(self, what: str, apply: Callable[[], None]) -> None:
        # One connection: a request cannot overtake another, but its answer may be lost.
        if self._rng.random() < self._wire.weather.lost:
            await self._wire.ask(what, apply)
            self._reached("commit-answer-lost")
            raise TransientError(f"{what}: the connection was closed")
        await self._wire.ask(what, apply)
