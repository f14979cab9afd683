"""A steady stream of records of every kind into one topic, and what Kafka has of it."""

import asyncio
import hashlib
import random
from collections import Counter
from collections.abc import Iterable, Iterator
from typing import Any

from aiokafka import AIOKafkaConsumer, AIOKafkaProducer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewTopic

HOUR_MS = 3_600_000
NOON_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS
# The records' own clock runs faster, so that hours change in the middle of everything.
HASTE = 360
_TICK_S = 0.05
Header = tuple[str, bytes | None]
Digests = Counter[tuple[int, bytes]]


async def create_topic(bootstrap: str, topic: str, partitions: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=bootstrap)
    await admin.start()
    try:
        # The records are older than any retention: Kafka must not expire them meanwhile.
        config = {"retention.ms": "-1", "cleanup.policy": "delete"}
        await admin.create_topics([NewTopic(topic, partitions, 1, topic_configs=config)])
    finally:
        await admin.close()


async def produce(
    bootstrap: str, topic: str, partitions: int, rate: int, seed: int, stop: asyncio.Event
) -> int:
    """Send `rate` records a second until `stop`; how many the broker has acknowledged."""
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap, acks="all", enable_idempotence=True, linger_ms=5
    )
    await producer.start()
    loop = asyncio.get_running_loop()
    began, sent = loop.time(), 0
    waiting: list[asyncio.Future[Any]] = []
    records = _records(random.Random(seed), partitions)
    try:
        while not stop.is_set():
            due = int((loop.time() - began) * rate) - sent
            now_ms = NOON_MS + int((loop.time() - began) * 1000 * HASTE)
            for _ in range(due):
                partition, key, value, age_ms, headers = next(records)
                waiting.append(
                    await producer.send(
                        topic,
                        value,
                        key,
                        partition,
                        now_ms - age_ms,
                        [*headers, *_beat(value, now_ms)],
                    )
                )
            sent += due
            await asyncio.sleep(_TICK_S)
        await asyncio.gather(*waiting)
    finally:
        await producer.stop()
    return sent


def _records(
    rng: random.Random, partitions: int
) -> Iterator[tuple[int, bytes | None, bytes | None, int, list[Header]]]:
    """Partition, key, value, age in ms, headers; all kinds that the format knows."""
    number = 0
    while True:
        number += 1
        partition = rng.randrange(partitions)
        luck = rng.random()
        key = None if luck < 0.1 else b"k%d" % rng.randrange(9)
        value: bytes | None = b'{"n":%d,"r":"%s"}' % (
            number,
            rng.randbytes(rng.randrange(40, 600)).hex().encode(),
        )
        if luck > 0.98:
            # The client library cannot send a record without both, so this one has a key.
            value = None
        elif luck > 0.97:
            value = b"two\nlines \xff"
        # Now and then an answer comes an hour late.
        age_ms = HOUR_MS if 0.5 < luck < 0.502 else rng.randrange(2000)
        headers: list[Header] = [("poll_id", b"%d" % number)] if luck < 0.5 else []
        yield partition, key, value, age_ms, headers


def _beat(value: bytes | None, now_ms: int) -> list[Header]:
    if value is not None:
        return []
    return [("complete_to", b"%d" % (now_ms - 2 * HOUR_MS)), ("producer", b"load")]


def digest(offset: int, at_ms: int, key: Any, value: Any, headers: Iterable[Header]) -> bytes:
    """One record with all that Kafka knows of it, as a hash."""
    told = repr((offset, at_ms, key, value, tuple(headers)))
    return hashlib.sha256(told.encode()).digest()


async def in_kafka(bootstrap: str, topic: str, partitions: int) -> Digests:
    """How often Kafka has each record: (partition, hash) to count."""
    tps = [TopicPartition(topic, number) for number in range(partitions)]
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, enable_auto_commit=False)
    await consumer.start()
    found: Digests = Counter()
    try:
        consumer.assign(tps)
        ends = await consumer.end_offsets(tps)
        for tp in tps:
            consumer.seek(tp, 0)
        while any([await consumer.position(tp) < end for tp, end in ends.items()]):
            for tp, batch in (await consumer.getmany(timeout_ms=500)).items():
                found.update(
                    (tp.partition, digest(r.offset, r.timestamp, r.key, r.value, r.headers))
                    for r in batch
                )
    finally:
        await consumer.stop()
    return found
