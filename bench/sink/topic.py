"""Fills one topic for all writers: lz4, four partitions, from the corpus."""

import asyncio
import time

from aiokafka import AIOKafkaProducer

from bench.sink.corpus import Corpus, Tally, values
from coinlake.contracts.topics import Topic
from coinlake.settings import KafkaSettings
from coinlake.topics import ensure_topics

PARTITIONS = 4
# What librdkafka and a tuned Java producer send at once.
_BATCH_BYTES = 256 * 1024
_IN_FLIGHT = 8


async def create(bootstrap: str, name: str) -> None:
    """Create a topic of the bench."""
    kafka = KafkaSettings(bootstrap_servers=bootstrap)
    await ensure_topics(kafka, [Topic(name, partitions=PARTITIONS)])


async def fill(bootstrap: str, name: str, corpus: Corpus) -> Tally:
    """Write the corpus to a new topic, whole batches to each partition in turn."""
    await create(bootstrap, name)
    tally = Tally()
    producer = AIOKafkaProducer(
        bootstrap_servers=bootstrap,
        acks="all",
        compression_type="lz4",
        max_batch_size=_BATCH_BYTES,
        max_request_size=8 * _BATCH_BYTES,
    )
    now_ms = time.time_ns() // 1_000_000
    sent: set[asyncio.Future[object]] = set()
    async with producer:
        batch = producer.create_batch()
        turn = 0
        for value in values(corpus, now_ms):
            tally.add(value)
            if batch.append(key=None, value=value, timestamp=now_ms) is None:
                sent.add(await producer.send_batch(batch, name, partition=turn % PARTITIONS))
                sent = await _few(sent, _IN_FLIGHT)
                turn += 1
                batch = producer.create_batch()
                batch.append(key=None, value=value, timestamp=now_ms)
        sent.add(await producer.send_batch(batch, name, partition=turn % PARTITIONS))
        await _few(sent, 1)
    return tally


async def _few(
    sent: set[asyncio.Future[object]], fewer_than: int
) -> set[asyncio.Future[object]]:
    """Wait until fewer than so many are on their way; raises what a send raised."""
    while len(sent) >= fewer_than:
        done, sent = await asyncio.wait(sent, return_when=asyncio.FIRST_COMPLETED)
        for one in done:
            one.result()
    return sent
