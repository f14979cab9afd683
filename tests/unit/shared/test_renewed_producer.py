"""A producer that has failed is given up, and the next send has a new one at once."""

import asyncio
from dataclasses import dataclass, field
from types import SimpleNamespace
from typing import Any

import pytest
from aiokafka.errors import KafkaTimeoutError

from coinlake import kafka
from coinlake.errors import TransientError
from coinlake.kafka import KafkaProducer


@dataclass
class Client:
    """A client of Kafka's that fails, or does not, when it sends and when it stops."""

    failing: Exception | None = None
    stopping: float | Exception = 0.0
    sent: list[bytes] = field(default_factory=list)

    async def start(self) -> None:
        """It connects at once."""

    async def stop(self) -> None:
        if isinstance(self.stopping, Exception):
            raise self.stopping
        await asyncio.sleep(self.stopping)

    async def send_and_wait(self, topic: str, *, value: bytes, **more: Any) -> Any:
        if self.failing is not None:
            raise self.failing
        self.sent.append(value)
        return SimpleNamespace(offset=len(self.sent) - 1)


@pytest.mark.parametrize("stopping", [60.0, KafkaTimeoutError(), ValueError("odd")])
async def test_the_send_after_a_failure_is_not_held_up_by_the_producer_that_failed(
    monkeypatch: pytest.MonkeyPatch, stopping: float | Exception
) -> None:
    monkeypatch.setattr(kafka, "_CLOSE_S", 0.01)
    clients = [Client(KafkaTimeoutError(), stopping), Client()]
    left = iter(clients)
    producer = KafkaProducer(lambda: next(left))
    with pytest.raises(TransientError):
        await producer.send("topic", key=None, value=b"one")

    offset = await producer.send("topic", key=None, value=b"one")

    assert (offset, clients[1].sent) == (0, [b"one"])
