"""Membership in a real consumer group."""

import asyncio
from collections.abc import Collection
from uuid import uuid4

from coinlake.contracts.topics import Topic
from coinlake.settings import KafkaSettings
from coinlake.topics import ensure_topics
from local_stack.broker import Broker
from s3_sink.adapters.source import Membership, open_source
from s3_sink.core.ports import Partition


class Owner:
    """Remembers what it was given, assignment by assignment."""

    def __init__(self) -> None:
        self.given: list[list[Partition]] = []

    def assigned(self, partitions: Collection[Partition]) -> None:
        self.given.append(sorted(partitions))

    async def revoked(self, partitions: Collection[Partition]) -> None:
        """Nothing is held."""


async def test_a_member_that_was_given_nothing_is_given_the_topic_once_the_broker_knows_it(
    sink_broker: Broker,
) -> None:
    # As a broker that was killed may not know its topics for a moment when it is back; aiokafka's
    # own age of metadata would leave the member without work for five minutes.
    kafka = KafkaSettings(bootstrap_servers=sink_broker.bootstrap)
    topic = f"late-{uuid4().hex[:8]}"
    membership = Membership((topic,), topic, None, topic, 6.0, 60.0, 1 << 20, 1 << 20, 1 << 22)
    owner = Owner()

    async with open_source(kafka, membership) as source:
        source.join([topic], owner)
        async with asyncio.timeout(30):
            while not owner.given:
                await source.poll(0.1)
        await ensure_topics(kafka, [Topic(topic, partitions=1)])
        async with asyncio.timeout(60):
            while not owner.given[-1]:
                await source.poll(0.1)

    assert owner.given[0] == []
    assert owner.given[-1] == [Partition(topic, 0)]
