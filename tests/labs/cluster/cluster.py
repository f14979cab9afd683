"""Three real brokers that replicate everything: each is a controller too, and two are a majority."""

import asyncio
from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from local_stack import jars
from local_stack.broker import Broker, BrokerSpec, new_cluster_id
from local_stack.java import find_java
from local_stack.paths import Paths
from local_stack.ports import HOST, free_ports

SIZE = 3
REPLICATION = {
    "default.replication.factor": "3",
    "min.insync.replicas": "2",
    "offsets.topic.replication.factor": "3",
    "transaction.state.log.replication.factor": "3",
    "transaction.state.log.min.isr": "2",
    "share.coordinator.state.topic.replication.factor": "3",
    "share.coordinator.state.topic.min.isr": "2",
}
# Three JVMs start at once, on two cores.
_START_S = 180.0


@dataclass(frozen=True, slots=True)
class MemberSpec(BrokerSpec):
    """One broker of a cluster. `voters` are the controllers' ports by node, its own among them."""

    node: int
    cluster: str
    voters: tuple[tuple[int, int], ...]

    def properties(self) -> dict[str, str]:
        alone = BrokerSpec.properties(self)
        # The voters are fixed, so that each can be formatted by itself.
        del alone["controller.quorum.bootstrap.servers"]
        voters = ",".join(f"{node}@{HOST}:{port}" for node, port in self.voters)
        return {
            **alone,
            **REPLICATION,
            "node.id": str(self.node),
            "controller.quorum.voters": voters,
        }

    @property
    def heap(self) -> str:
        return "-Xmx384m"

    def format_arguments(self) -> list[str]:
        return ["-t", self.cluster]


@dataclass(frozen=True, slots=True)
class Place:
    """Where a partition is: the node that leads it, -1 for none, and those in sync with it."""

    leader: int
    in_sync: frozenset[int]


Layout = Mapping[tuple[str, int], Place]
"""The place of each partition of each topic, Kafka's own topics too."""


@dataclass(frozen=True, slots=True)
class Cluster:
    """The brokers by node."""

    members: Mapping[int, Broker]

    @property
    def bootstrap(self) -> str:
        return ",".join(broker.bootstrap for broker in self.members.values())

    async def until(self, wanted: Callable[[Layout], bool], timeout_s: float = 90.0) -> Layout:
        """Wait until a broker that can be asked tells of such a layout."""
        found: Layout = {}
        try:
            async with asyncio.timeout(timeout_s):
                while True:
                    try:
                        found = await self._layout()
                    except (KafkaError, OSError):
                        continue  # it asked the one that was killed
                    if wanted(found):
                        return found
                    await asyncio.sleep(0.1)
        except TimeoutError as error:
            raise AssertionError(f"the brokers say {found}") from error

    async def until_in_sync(self) -> Layout:
        """Wait until every partition has all its replicas: each of them can lead."""
        return await self.until(
            lambda layout: (
                bool(layout) and all(len(place.in_sync) == SIZE for place in layout.values())
            )
        )

    async def _layout(self) -> Layout:
        admin = AIOKafkaAdminClient(bootstrap_servers=self.bootstrap)
        try:
            await admin.start()
            topics: list[dict[str, Any]] = await admin.describe_topics()
        finally:
            await admin.close()
        return {
            (topic["topic"], part["partition"]): Place(part["leader"], frozenset(part["isr"]))
            for topic in topics
            for part in topic["partitions"]
        }


@contextmanager
def start_cluster(folder: Path) -> Iterator[Cluster]:
    """A cluster for the length of a block; its data and logs lie below `folder`."""
    jars_dir = jars.fetch(Paths(), jars.KAFKA, lambda _: None)
    java_home, cluster_id = find_java().home, new_cluster_id()
    ports = free_ports(2 * SIZE)
    nodes = range(1, SIZE + 1)
    voters = tuple(zip(nodes, ports[SIZE:], strict=True))
    members = {}
    for node, port in zip(nodes, ports[:SIZE], strict=True):
        data, controller = folder / f"node-{node}", dict(voters)[node]
        spec = MemberSpec(jars_dir, java_home, data, port, controller, node, cluster_id, voters)
        members[node] = Broker(spec, data / "broker.log")
    try:
        with ThreadPoolExecutor(SIZE) as pool:
            # None is ready before two can vote.
            for started in [pool.submit(one.start, _START_S) for one in members.values()]:
                started.result()
        yield Cluster(members)
    finally:
        for one in members.values():
            one.kill()  # nobody needs its data: in good order the last one would wait for others
