"""Announces landed objects. Hints only: a lost one costs a listing, never a record."""

import asyncio

from coinlake import logs
from coinlake.contracts.announcements import Landed
from coinlake.contracts.topics import LANDED
from coinlake.errors import CoinlakeError
from coinlake.kafka import Producer
from s3_sink.metrics import SinkMetrics

log = logs.get(__name__)

# More than this waits only while Kafka is away, and then listing is the way anyhow.
_WAITING = 1000


class Announcer:
    """Sends hints in the background; the chain never waits for it."""

    def __init__(self, producer: Producer, metrics: SinkMetrics) -> None:
        self._producer = producer
        self._metrics = metrics
        self._queue: asyncio.Queue[Landed] = asyncio.Queue(_WAITING)

    def announce(self, landed: Landed) -> None:
        """Queue a hint; where too many wait it is dropped and counted."""
        try:
            self._queue.put_nowait(landed)
        except asyncio.QueueFull:
            self._lost(landed, "too many are waiting")

    async def run(self) -> None:
        """Send what is queued until cancelled."""
        while True:
            landed = await self._queue.get()
            try:
                await self._producer.send(
                    LANDED, key=landed.key.encode(), value=landed.encode()
                )
            except CoinlakeError as error:
                self._lost(landed, str(error))
            finally:
                self._queue.task_done()

    async def drained(self) -> None:
        """Return once everything queued was sent or lost."""
        await self._queue.join()

    def _lost(self, landed: Landed, reason: str) -> None:
        self._metrics.announcements_failed.inc()
        log.warning("announcement_lost", key=landed.key, reason=reason)
