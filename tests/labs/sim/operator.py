"""The operator's hands: the ports of the project's tools, on the simulated broker and bucket."""

import random
from collections.abc import Mapping
from uuid import UUID

from coinlake.contracts.raw_index import Record
from coinlake.store import ObjectStore
from coinlake_tools.lake_log import Kept
from s3_sink.core.ports import Partition
from tests.labs.sim.broker import Broker
from tests.labs.sim.bucket import WatchedBucket, open_bucket
from tests.labs.sim.clock import SimLoop
from tests.labs.sim.wire import Weather, Wire


class ReadOnlyLog:
    """Kafka as audit, repair and marks ask it."""

    def __init__(self, broker: Broker) -> None:
        self._broker = broker

    async def kept(self, topic: str) -> Mapping[int, Kept]:
        logs = {one.number: self._broker.log(one) for one in self._broker.partitions_of(topic)}
        return {number: Kept(log.start, log.end) for number, log in logs.items()}

    async def records(self, topic: str, partition: int, start: int, stop: int) -> list[Record]:
        log = self._broker.log(Partition(topic, partition))
        return [one for one in log.records if max(start, log.start) <= one.offset < stop]

    async def topic_id(self, topic: str) -> UUID | None:
        return self._broker.topic_id

    async def commits(self, group: str, topic: str) -> Mapping[int, str]:
        commits = self._broker.group.commits
        return {
            one.number: commit.metadata for one, commit in commits.items() if one.topic == topic
        }

    async def members(self, group: str) -> int:
        return self._broker.group.members


def calm_store(loop: SimLoop, bucket: WatchedBucket) -> ObjectStore:
    """The bucket over a network without faults."""
    rng = random.Random(0)
    return open_bucket(bucket, Wire(loop, rng, Weather()), rng)
