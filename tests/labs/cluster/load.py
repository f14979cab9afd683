"""A steady load of numbered values, and the truth about which of them Kafka has acknowledged."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, MessageSizeTooLargeError

from tests.labs.cluster.lab import NOON_MS, Lab

_GIVE_UP_S = 10.0


@dataclass
class Load:
    """Counts while it sends. `padding` bytes are added to each value."""

    lab: Lab
    partitions: int = 1
    padding: int = 0
    pause_s: float = 0.02
    acked: set[bytes] = field(default_factory=set)
    failures: int = 0
    _done: asyncio.Event = field(default_factory=asyncio.Event)
    _ended: asyncio.Event = field(default_factory=asyncio.Event)

    async def run(self) -> None:
        """Send until told to stop; a value that was refused is not sent again."""
        try:
            await self._send_on()
        finally:
            self._ended.set()

    async def _send_on(self) -> None:
        numbers = itertools.count()
        while not self._done.is_set():
            with suppress(KafkaError, OSError):
                producer = self._producer()
                await producer.start()
                try:
                    await self._send(producer, numbers)
                finally:
                    await producer.stop()
            await asyncio.sleep(self.pause_s)

    async def finish(self) -> None:
        """Stop sending; afterwards `acked` is all that was acknowledged."""
        self._done.set()
        await self._ended.wait()

    async def _send(self, producer: AIOKafkaProducer, numbers: "itertools.count[int]") -> None:
        while not self._done.is_set():
            first = next(numbers)
            sent = [
                (value, await self._one(producer, partition, first, value))
                for partition in range(self.partitions)
                for value in (self._value(partition, first),)
            ]
            for value, future in sent:
                try:
                    await future
                except KafkaError:
                    self.failures += 1
                    raise
                self.acked.add(value)
            await asyncio.sleep(self.pause_s)

    async def _one(
        self, producer: AIOKafkaProducer, partition: int, number: int, value: bytes
    ) -> "asyncio.Future[object]":
        at_ms = NOON_MS + number * 1000
        future: asyncio.Future[object] = await producer.send(
            self.lab.topic, value, b"k", partition, at_ms
        )
        return future

    def _value(self, partition: int, number: int) -> bytes:
        return b'{"p":%d,"n":%d}' % (partition, number) + b" " * self.padding

    def _producer(self) -> AIOKafkaProducer:
        return AIOKafkaProducer(
            bootstrap_servers=self.lab.bootstrap,
            acks="all",
            enable_idempotence=True,
            request_timeout_ms=8000,
        )


@asynccontextmanager
async def loaded(lab: Lab, partitions: int = 1, **more: float) -> AsyncIterator[Load]:
    """A load through a story; it stops at the end of the block."""
    load = Load(lab, partitions, int(more.get("padding", 0)), more.get("pause_s", 0.02))
    task = asyncio.create_task(load.run())
    try:
        yield load
        await load.finish()
        await task
    finally:
        task.cancel()
        # A producer whose broker is gone for good tries to the end of time to send what it holds;
        # that must not hide why the story broke off.
        await asyncio.wait({task}, timeout=_GIVE_UP_S)


async def produce_big(lab: Lab, values: Sequence[bytes]) -> None:
    """Send values one by one, past any limit of the client."""
    producer = AIOKafkaProducer(
        bootstrap_servers=lab.bootstrap, max_request_size=16 * 1024 * 1024
    )
    await producer.start()
    try:
        for value in values:
            await producer.send_and_wait(lab.topic, value, b"k", 0, NOON_MS)
    finally:
        await producer.stop()


async def largest_that_fits(lab: Lab, low: int = 500_000, high: int = 1_100_000) -> int:
    """The size of the largest value that the broker takes; one byte more it refuses."""
    while high - low > 1:
        size = (low + high) // 2
        try:
            await produce_big(lab, [b"x" * size])
        except MessageSizeTooLargeError:
            high = size
        else:
            low = size
    return low
