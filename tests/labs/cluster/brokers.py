"""Brokers with a second door for the Kafka fault proxy, and with settings of one's own."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from local_stack import jars
from local_stack.broker import Broker
from local_stack.java import find_java
from local_stack.paths import Paths
from local_stack.ports import free_ports
from tests.labs.cluster.kafka_proxy import ProxiedSpec


@contextmanager
def own_broker(data: Path, log: Path, **extra: str) -> Iterator[Broker]:
    """A broker with a door for the proxy and settings of one's own."""
    folder = jars.fetch(Paths(), jars.KAFKA, lambda _: None)
    port, controller, door, proxy = free_ports(4)
    settings = tuple((name.replace("_", "."), value) for name, value in extra.items())
    spec = ProxiedSpec(folder, find_java().home, data, port, controller, door, proxy, settings)
    broker = Broker(spec, log)
    try:
        broker.start()
        yield broker
    finally:
        broker.stop()
