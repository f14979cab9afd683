"""Producers of the simulated broker: idempotent, in order, and given up after a while."""

import asyncio
import random
import zlib
from collections import defaultdict
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from itertools import count

from coinlake.contracts.headers import Header
from coinlake.contracts.raw_index import Record
from coinlake.errors import TransientError
from s3_sink.core.ports import Partition
from tests.labs.sim.broker import Broker
from tests.labs.sim.wire import Wire

# Kafka's docs, "Topic Configs": message.timestamp.after.max.ms is an hour.
AHEAD_MS = 3_600_000
# aiokafka would go on for 15 s (`coinlake.kafka`: request_timeout_ms); the world's days are short.
GIVES_UP_S = 6.0

Appended = Callable[[Partition, Record], None]


class InvalidTimestampError(Exception):
    """By its name, as aiokafka calls it."""


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
        record: tuple[int, bytes | None, bytes | None, tuple[Header, ...]],
    ) -> int:
        """The offset of a record; of the first time where it was sent again."""
        taken = self._taken[session, partition]
        if number < len(taken):
            self._reached("sent again by the client")
            return taken[number]
        if number > len(taken):
            raise TransientError("OutOfOrderSequenceNumber")
        timestamp_ms, key, value, headers = record
        if timestamp_ms > self._now_ms() + AHEAD_MS:
            self._reached("stamp refused")
            raise TransientError("produce: InvalidTimestampError") from InvalidTimestampError()
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


class SimProducer:
    """One client: the port `coinlake.kafka.Producer`."""

    def __init__(self, server: ProducerServer, wire: Wire, rng: random.Random) -> None:
        self._server = server
        self._wire = wire
        self._rng = rng
        self._session = server.new_session()
        self._numbers: defaultdict[Partition, int] = defaultdict(int)

    async def connect(self) -> None:
        await self._wire.ask("connect", lambda: None)

    async def send(
        self,
        topic: str,
        *,
        key: bytes | None,
        value: bytes | None,
        headers: Sequence[Header] = (),
        timestamp_ms: int | None = None,
        partition: int | None = None,
    ) -> int:
        assert timestamp_ms is not None  # all of ours are stamped
        to = (
            self._server.partition_of(topic, key)
            if partition is None
            else Partition(topic, partition)
        )
        number = self._numbers[to]
        self._numbers[to] += 1
        record = (timestamp_ms, key, value, tuple(headers))
        loop = asyncio.get_running_loop()
        gives_up_s = loop.time() + GIVES_UP_S
        while True:
            try:
                return await self._wire.tell(
                    "produce", lambda: self._server.append(self._session, number, to, record)
                )
            except TransientError as error:
                if error.__cause__ is not None or loop.time() > gives_up_s:
                    raise
            await asyncio.sleep(self._rng.uniform(0.1, 1.0))


@asynccontextmanager
async def producer(
    server: ProducerServer, wire: Wire, rng: random.Random
) -> AsyncIterator[SimProducer]:
    """A producer that has reached its broker. Raises TransientError where none answers."""
    one = SimProducer(server, wire, rng)
    await one.connect()
    yield one
