"""While it goes on: is anybody ready although one of its topics stands still?"""

import asyncio
import time
from dataclasses import dataclass, field

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError

from tests.random_faults.room import FED, Room

# Faults last seconds, and a sink that was killed waits for its old session; then all must move.
STILL_S = 75.0
_EVERY_S = 1.0


@dataclass
class _Topic:
    """How far a topic's log and its chain have come, and since when they have not moved."""

    end: int = 0
    ended_s: float = field(default_factory=time.monotonic)
    stored: int = 0
    stored_s: float = field(default_factory=time.monotonic)
    end_when_stored: int = 0


@dataclass
class Watch:
    """`violations` are the rooms that said yes while they stood still."""

    room: Room
    violations: list[str] = field(default_factory=list)
    _topics: dict[str, _Topic] = field(default_factory=lambda: {name: _Topic() for name in FED})
    _ready_s: dict[str, float | None] = field(default_factory=dict)

    async def follow(self) -> None:
        """Look again and again, until cancelled."""
        while True:
            await self.look()
            await asyncio.sleep(_EVERY_S)

    async def look(self) -> None:
        now_s = time.monotonic()
        ingestor, _ = await asyncio.to_thread(self.room.ingestor.get, "/readyz")
        sink, _ = await asyncio.to_thread(self.room.sink.get, "/readyz")
        _, status = await asyncio.to_thread(self.room.sink.get, "/status")
        for name, code in (("ingestor", ingestor), ("sink", sink)):
            if code != 200:
                self._ready_s[name] = None
            elif self._ready_s.get(name) is None:
                self._ready_s[name] = now_s
        ends = await _ends(self.room.broker.bootstrap)
        for topic, one in self._topics.items():
            self._move(topic, one, ends.get(topic), status, now_s)

    def _move(
        self, topic: str, one: _Topic, end: int | None, status: object, now_s: float
    ) -> None:
        if end is None:
            one.ended_s = one.stored_s = now_s  # Kafka does not say: nobody can be blamed
            return
        if end != one.end:
            one.end, one.ended_s = end, now_s
        partitions = status["partitions"] if isinstance(status, dict) else {}
        stored = int(partitions.get(f"{topic}-0", {}).get("chain_end", one.stored))
        if stored != one.stored or end - one.end_when_stored < 5:
            one.stored, one.stored_s = stored, now_s
            one.end_when_stored = end
        for name, since_s in (("ingestor", one.ended_s), ("sink", one.stored_s)):
            ready_s = self._ready_s.get(name)
            if ready_s is not None and now_s - max(since_s, ready_s) > STILL_S:
                self.violations.append(f"{name} is ready, and {topic} stands still")
                one.ended_s = one.stored_s = now_s


async def _ends(bootstrap: str) -> dict[str, int]:
    consumer = AIOKafkaConsumer(bootstrap_servers=bootstrap, request_timeout_ms=3000)
    try:
        async with asyncio.timeout(5):
            await consumer.start()
            ends = await consumer.end_offsets([TopicPartition(name, 0) for name in FED])
        return {tp.topic: end for tp, end in ends.items()}
    except (KafkaError, OSError, TimeoutError):
        return {}
    finally:
        await consumer.stop()
