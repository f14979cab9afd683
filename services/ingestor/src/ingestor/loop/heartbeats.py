"""Heartbeats carry the watermark: nothing older will come. They overtake nothing that waits."""

from coinlake.contracts.headers import heartbeat_headers
from coinlake.contracts.topics import TOPICS
from coinlake.errors import TransientError
from coinlake.kafka import Producer
from ingestor.adapters.journal import Journal
from ingestor.adapters.too_early import is_too_early
from ingestor.core.watermark import complete_to_ms
from ingestor.loop.stamps import Watermarks
from ingestor.metrics import IngestorMetrics

# aiokafka takes no record without key and value (aiokafka 0.14, producer/producer.py: send); pages
# are never called so.
_HEARTBEAT_KEY = b"heartbeat"
# How soon to look again whether the clock is settled.
_UNSETTLED_S = 0.2


class Heartbeat:
    """The watermark of one topic's partitions. A heartbeat overtakes nothing that waits."""

    def __init__(
        self, topic: str, every_ms: int, producer: str, journal: Journal, watermarks: Watermarks
    ) -> None:
        self._topic = topic
        self._every_ms = every_ms
        self._producer = producer
        self._journal = journal
        self._watermarks = watermarks
        self._clock = watermarks.clock
        self._next_ms: int | None = None

    @property
    def due(self) -> bool:
        """Whether it is time for the next one; not while nobody knows what time it is."""
        return self.wait_s() == 0

    def wait_s(self) -> float:
        """Seconds until the next one, or until it is worth a look."""
        left_ms = 0 if self._next_ms is None else self._next_ms - self._clock.steady_ms()
        if left_ms > 0:
            return left_ms / 1_000
        # A watermark cannot be taken back from a reader who has seen it.
        return 0.0 if self._clock.is_settled else _UNSETTLED_S

    async def send(self, producer: Producer, metrics: IngestorMetrics) -> None:
        """One round over all partitions. Raises TransientError.

        Where Kafka says that the watermark lies ahead of its clock, the round is over: records go
        on, and the next round carries a lower one.
        """
        stamps = self._watermarks.stamps
        begun_ms = self._clock.steady_ms()
        complete_ms = complete_to_ms(
            await self._watermarks.upto_ms(stamps.clock()),
            stamps.held_ms(),
            self._journal.progress.oldest_ms(self._topic),
        )
        try:
            await self._send(producer, complete_ms)
        except TransientError as error:
            if not is_too_early(error):
                # An ack can be lost: whoever reads the topic may have heard it all the same.
                self._watermarks.said(complete_ms)
                raise
            lower_ms = await self._watermarks.refused(complete_ms)
            self._next_ms = begun_ms + (self._every_ms if lower_ms is None else 0)
            return
        metrics.heartbeats.labels(self._topic).inc()
        metrics.watermark.labels(self._topic).set(complete_ms / 1_000)
        self._clock.taken(complete_ms)
        self._next_ms = begun_ms + self._every_ms

    async def _send(self, producer: Producer, complete_ms: int) -> None:
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
            self._watermarks.said(complete_ms)
