"""Producers of the simulated broker: idempotent, in order, and given up after a while."""

import asyncio
import random
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass
from itertools import count
from typing import cast

from aiokafka import AIOKafkaProducer
from aiokafka.errors import (
    InvalidTimestampError,
    KafkaConnectionError,
    KafkaError,
    OutOfOrderSequenceNumber,
    RequestTimedOutError,
)

from coinlake.contracts.headers import Header
from coinlake.contracts.raw_index import Record
from coinlake.errors import TransientError
from coinlake.kafka import KafkaProducer, Producer
from s3_sink.core.ports import Partition
from tests.labs.sim.broker import Broker
from tests.labs.sim.wire import Wire

# Kafka's docs, "Topic Configs": message.timestamp.after.max.ms is an hour.
AHEAD_MS = 3_600_000
# aiokafka would go on for 15 s (`coinlake.kafka`: request_timeout_ms); the world's days are short.
GIVES_UP_S = 6.0

Sent = tuple[int, bytes | None, bytes | None, tuple[Header, ...]]
"""Timestamp, key, value and headers of a record."""

Appended = Callable[[Partition, Record], None]


class ProducerServer:
    """The broker's side: sequence numbers of each producer (KIP-98), and stamps of the future."""

    def __init__(
        self,
        broker: Broker,
        now_ms: Callable[[], int],
        appended: Appended,
        reached: Callable[[str], None],
    ) -> None:
        self.broker = broker
        self._now_ms = now_ms
        self._appended = appended
        self._reached = reached
        self._sessions = count(1)
        self._taken: defaultdict[tuple[int, Partition], list[int]] = defaultdict(list)

    def new_session(self) -> int:
        """The id of a producer."""
        return next(self._sessions)

    def append(
        self,
        session: int,
        number: int,
        partition: Partition,
        record: Sent,
    ) -> int:
        """The offset of a record; of the first time where it was sent again."""
        taken = self._taken[session, partition]
        if number < len(taken):
            self._reached("sent again by the client")
            return taken[number]
        if number > len(taken):
            raise OutOfOrderSequenceNumber
        timestamp_ms, key, value, headers = record
        if timestamp_ms > self._now_ms() + AHEAD_MS:
            self._reached("stamp refused")
            raise InvalidTimestampError
        log = self.broker.logs[partition]
        landed = Record(log.end, timestamp_ms, key, value, headers)
        log.append(landed)
        taken.append(landed.offset)
        self._appended(partition, landed)
        return landed.offset

    def partition_of(self, topic: str, key: bytes | None) -> Partition:
        """Where records of a key go."""
        there = self.broker.partitions_of(topic)
        return there[zlib.crc32(key or b"") % len(there)]


@dataclass(frozen=True)
class _Metadata:
    offset: int


class SimClient:
    """What `AIOKafkaProducer` is to the project's producer, which makes a new one after each failure."""

    def __init__(self, server: ProducerServer, wire: Wire, rng: random.Random) -> None:
        self._server = server
        self._wire = wire
        self._rng = rng
        self._session = 0
        self._numbers: defaultdict[Partition, int] = defaultdict(int)

    async def start(self) -> None:
        try:
            await self._wire.ask("connect", lambda: None)
        except TransientError as error:
            raise KafkaConnectionError(str(error)) from error
        self._session = self._server.new_session()

    async def stop(self) -> None:
        """Nothing is flushed: each send is waited for."""

    async def send_and_wait(
        self,
        topic: str,
        *,
        value: bytes | None,
        key: bytes | None,
        headers: list[Header],
        timestamp_ms: int,
        partition: int | None,
    ) -> _Metadata:
        if partition is None:
            to = self._server.partition_of(topic, key)
        else:
            to = Partition(topic, partition)
        number = self._numbers[to]
        self._numbers[to] += 1
        record = (timestamp_ms, key, value, tuple(headers))
        loop = asyncio.get_running_loop()
        gives_up_s = loop.time() + GIVES_UP_S
        while True:
            answer = await self._tried(number, to, record)
            if isinstance(answer, int):
                return _Metadata(answer)
            if isinstance(answer, KafkaError):
                raise answer
            if loop.time() > gives_up_s:
                raise RequestTimedOutError
            await asyncio.sleep(self._rng.uniform(0.1, 1.0))

    async def _tried(self, number: int, to: Partition, record: Sent) -> int | KafkaError | None:
        """The offset, or why the broker refuses it; None where nobody answers."""

        def append() -> int | KafkaError:
            try:
                return self._server.append(self._session, number, to, record)
            except KafkaError as error:
                return error

        try:
            return await self._wire.tell("produce", append)
        except TransientError:
            return None


@asynccontextmanager
async def producer(
    server: ProducerServer, wire: Wire, rng: random.Random
) -> AsyncIterator[Producer]:
    """The project's producer, as `coinlake.kafka.open_producer` opens it."""
    one = KafkaProducer(lambda: cast(AIOKafkaProducer, SimClient(server, wire, rng)))
    try:
        await one.open()
        yield one
    finally:
        await one.close()
