"""Kafka as two services need it: an acknowledged producer and a tail without a group."""

import asyncio
import ssl
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any, Protocol

from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError

from coinlake import logs
from coinlake.consumer import Consumer
from coinlake.contracts.headers import Header
from coinlake.contracts.topics import MAX_MESSAGE_BYTES
from coinlake.errors import BadRecordError, CoinlakeError, TransientError, Trouble
from coinlake.rebootstrap import rebootstrapping
from coinlake.settings import KafkaSettings

log = logs.get(__name__)

# How long a client that has failed may take to close.
_CLOSE_S = 2.0
# aiokafka's start has no limit of its own: a producer asks for its id until a broker gives one
# (aiokafka 0.14, producer/sender.py: _maybe_wait_for_pid).
_START_S = 30.0
_NO_ANSWER = {
    "KafkaConnectionError",
    "KafkaTimeoutError",
    "NoBrokersAvailable",
    "NodeNotReadyError",
    "RequestTimedOutError",
}


@dataclass(frozen=True, slots=True)
class TailRecord:
    """A record as a tail reads it. `value` None is a null value."""

    topic: str
    partition: int
    offset: int
    timestamp_ms: int
    key: bytes | None
    value: bytes | None
    headers: tuple[Header, ...]


class Producer(Protocol):
    """Sends records and returns once the broker has them."""

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
        """Send one record, wait for all in-sync replicas, return its offset.

        Raises TransientError while the broker is away, BadRecordError where it never will fit.
        """
        ...


class TopicTail(Protocol):
    """Reads whole topics from their end on, without a group and without commits."""

    async def poll(self, timeout_s: float) -> list[TailRecord]:
        """What has arrived, at the latest after `timeout_s`. Raises TransientError."""
        ...


def client_options(kafka: KafkaSettings) -> dict[str, Any]:
    """The connection options that every aiokafka client takes."""
    options: dict[str, Any] = {
        "bootstrap_servers": kafka.bootstrap_servers.split(","),
        "security_protocol": kafka.security_protocol,
    }
    if kafka.security_protocol.startswith("SASL"):
        assert kafka.sasl_password is not None  # its settings have seen to it
        options["sasl_mechanism"] = kafka.sasl_mechanism
        options["sasl_plain_username"] = kafka.sasl_username
        options["sasl_plain_password"] = kafka.sasl_password.get_secret_value()
    if kafka.security_protocol.endswith("SSL"):
        options["ssl_context"] = ssl.create_default_context(cafile=kafka.ssl_cafile)
    return options


@asynccontextmanager
async def starting() -> AsyncIterator[None]:
    """Around the start of aiokafka's clients. Raises TransientError, after a while at the latest."""
    try:
        async with asyncio.timeout(_START_S):
            with translated("connect to Kafka"):
                yield
    except TimeoutError as error:
        said = f"connect to Kafka: no broker has answered for {_START_S:.0f} s"
        raise TransientError(said, Trouble.CONNECTION) from error


@contextmanager
def translated(what: str) -> Iterator[None]:
    """One call of aiokafka: whatever it raises is Kafka's trouble. Our own errors pass.

    What is no KafkaError comes of answers that its parsers cannot read (struct.error, ValueError,
    KeyError, AssertionError; aiokafka 0.14, protocol/types.py).
    """
    try:
        yield
    except (CoinlakeError, MemoryError):
        raise
    except KafkaError as error:
        said = f"{what}: {type(error).__name__}: {error}"
        # By their names (aiokafka 0.14, errors.py: MessageSizeTooLargeError, InvalidMessageError).
        if type(error).__name__ in {"MessageSizeTooLargeError", "InvalidMessageError"}:
            raise BadRecordError(said) from error
        raise TransientError(said, trouble_of(error)) from error
    except Exception as error:
        said = f"{what}: {type(error).__name__}: {error}"
        raise TransientError(said, trouble_of(error)) from error


def trouble_of(error: Exception) -> Trouble:
    """What kind of trouble an error of aiokafka tells of."""
    name = type(error).__name__
    if isinstance(error, OSError) or name in _NO_ANSWER:
        return Trouble.CONNECTION
    if not isinstance(error, KafkaError):
        return Trouble.ANSWER
    is_denied = "Authorization" in name or "Authentication" in name
    return Trouble.DENIED if is_denied else Trouble.OTHER


class KafkaProducer:
    """The producer on aiokafka.

    A failed send leaves a hole in an idempotent producer's sequence numbers, and the broker
    refuses all that it sends to that partition after it (OutOfOrderSequenceNumber, KIP-98), for
    good: aiokafka 0.14 has no KIP-360. So the first send after a failure gets a new one.
    """

    def __init__(self, make: Callable[[], AIOKafkaProducer]) -> None:
        self._make = make
        self._producer: AIOKafkaProducer | None = None
        self._has_failed = False
        self._renewing = asyncio.Lock()

    async def open(self) -> None:
        """Connect. Raises TransientError where no broker answers."""
        self._producer, self._has_failed = self._make(), False
        async with starting():
            await self._producer.start()

    async def close(self) -> None:
        if self._producer is not None:
            await self._producer.stop()

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
        producer = await self._sound()
        try:
            with translated(f"send to {topic}"):
                metadata = await producer.send_and_wait(
                    topic,
                    value=value,
                    key=key,
                    headers=list(headers),
                    timestamp_ms=timestamp_ms,
                    partition=partition,
                )
        except CoinlakeError:
            self._has_failed = self._has_failed or producer is self._producer
            raise
        return int(metadata.offset)

    async def _sound(self) -> AIOKafkaProducer:
        async with self._renewing:
            if self._has_failed or self._producer is None:
                await self._end()
                await self.open()
        return self._producer

    async def _end(self) -> None:
        """Let go of a producer that has failed: what it may still hold was reported as failed."""
        old, self._producer = self._producer, None
        if old is not None:
            # It would try to flush for as long as its request timeout
            # (aiokafka 0.14, producer/producer.py: stop).
            try:
                with translated("close a producer"):
                    async with asyncio.timeout(_CLOSE_S):
                        await old.stop()
            except TransientError as error:
                log.warning("producer_given_up", reason=str(error))


@asynccontextmanager
async def open_producer(kafka: KafkaSettings, client_id: str) -> AsyncIterator[Producer]:
    """An idempotent producer with acks=all. Raises TransientError where no broker answers."""

    def make() -> AIOKafkaProducer:
        return rebootstrapping(
            AIOKafkaProducer(
                **client_options(kafka),
                client_id=client_id,
                acks="all",
                enable_idempotence=True,
                compression_type="lz4",
                max_request_size=MAX_MESSAGE_BYTES,
                # A send that hangs longer is not coming back; the caller has it journaled.
                request_timeout_ms=15_000,
                linger_ms=0,
            )
        )

    producer = KafkaProducer(make)
    try:
        await producer.open()
        yield producer
    finally:
        await producer.close()


class KafkaTail:
    """The tail on aiokafka."""

    def __init__(self, consumer: Consumer) -> None:
        self._consumer = consumer

    async def poll(self, timeout_s: float) -> list[TailRecord]:
        with translated("read"):
            batches = await self._consumer.getmany(timeout_ms=int(timeout_s * 1000))
        return [
            TailRecord(
                tp.topic,
                tp.partition,
                record.offset,
                record.timestamp,
                record.key,
                record.value,
                tuple(record.headers),
            )
            for tp, records in batches.items()
            for record in records
        ]


@asynccontextmanager
async def open_tail(
    kafka: KafkaSettings, topics: Sequence[str], client_id: str
) -> AsyncIterator[TopicTail]:
    """Read topics from their end on. The topics must exist."""
    consumer = rebootstrapping(
        Consumer(
            # Named here, not assigned later: a start without topics learns of no partitions
            # (aiokafka 0.14, client.py: bootstrap).
            *topics,
            **client_options(kafka),
            client_id=client_id,
            group_id=None,
            enable_auto_commit=False,
            auto_offset_reset="latest",
            max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
        )
    )
    try:
        async with starting():
            await consumer.start()
            await consumer.seek_to_end(*consumer.assignment())
        yield KafkaTail(consumer)
    finally:
        await consumer.stop()
