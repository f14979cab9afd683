"""Promises of completeness: nothing older will come. They overtake nothing that waits."""

from coinlake import logs
from coinlake.contracts.headers import heartbeat_headers
from coinlake.contracts.topics import TOPICS
from coinlake.errors import TransientError
from coinlake.kafka import Producer
from ingestor.adapters.journal import Journal
from ingestor.core.promises import complete_to_ms
from ingestor.loop.asking import Stamps
from ingestor.metrics import IngestorMetrics

log = logs.get(__name__)

# aiokafka takes no record without key and value; pages are never called so.
_HEARTBEAT_KEY = b"heartbeat"
_SAME_MOMENT_MS = 1_000


class Heartbeat:
    """Promises for one topic's partitions: nothing older will come. They overtake nothing."""

    def __init__(
        self, topic: str, every_ms: int, producer: str, journal: Journal, stamps: Stamps
    ) -> None:
        self._topic = topic
        self._every_ms = every_ms
        self._producer = producer
        self._journal = journal
        self._stamps = stamps
        self._next_ms = 0

    @property
    def due(self) -> bool:
        """Whether it is time for the next one."""
        return self._stamps.clock() >= self._next_ms

    def wait_s(self) -> float:
        """Seconds until the next one."""
        return max(0.0, (self._next_ms - self._stamps.clock()) / 1_000)

    async def send(self, producer: Producer, metrics: IngestorMetrics) -> None:
        """One round over all partitions. Raises TransientError."""
        now_ms = self._stamps.clock()
        complete_ms = complete_to_ms(
            await self._promised_ms(now_ms),
            self._stamps.held_ms(),
            self._journal.progress.oldest_ms(self._topic),
        )
        for partition in range(TOPICS[self._topic].partitions):
            await producer.send(
                self._topic,
                key=_HEARTBEAT_KEY,
                value=None,
                headers=heartbeat_headers(complete_ms, self._producer),
                # Not now: among replayed records it would look like a change of the hour.
                timestamp_ms=complete_ms,
                partition=partition,
            )
        metrics.heartbeats.labels(self._topic).inc()
        metrics.complete_to.labels(self._topic).set(complete_ms / 1_000)
        self._next_ms = now_ms + self._every_ms

    async def _promised_ms(self, now_ms: int) -> int:
        """Up to when a promise may go: it is on disk before it is said.

        So a clock that is set back over a restart does not break it. What another topic promised
        a moment ago is good enough; where the disk refuses, what it has is.
        """
        if self._journal.progress.floor_ms < now_ms - _SAME_MOMENT_MS:
            try:
                await self._journal.promise(now_ms)
            except TransientError as error:
                log.warning("promise_refused", topic=self._topic, reason=str(error))
        return min(now_ms, self._journal.progress.floor_ms)
