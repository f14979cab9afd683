"""The loop to Kafka: the journal in its order, heartbeats in between, for ever trying again."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass
from pathlib import Path

from coinlake import logs
from coinlake.contracts.headers import POLL_ID, heartbeat_headers, text_headers
from coinlake.contracts.topics import TOPICS
from coinlake.errors import BadRecordError, TransientError
from coinlake.kafka import Producer
from coinlake.lifecycle import Pulse, sleep_or_stop
from ingestor.adapters.files import replace
from ingestor.adapters.journal import Journal
from ingestor.adapters.segments import Place
from ingestor.core.entries import Outgoing, RecordEntry, encode
from ingestor.core.progress import Pending, complete_to_ms
from ingestor.loop.asking import Stamps
from ingestor.loop.doors import Patience
from ingestor.metrics import IngestorMetrics

log = logs.get(__name__)

OpenProducer = Callable[[], AbstractAsyncContextManager[Producer]]
# aiokafka takes no record without key and value; pages are never called so.
_HEARTBEAT_KEY = b"heartbeat"
_IDLE_S = 1.0
# A producer whose broker is gone flushes for as long as its request timeout: we have the journal.
_CLOSE_S = 2.0


class Heartbeats:
    """Promises per partition: nothing older will come. They never overtake what waits."""

    def __init__(
        self,
        topics: tuple[str, ...],
        every_ms: int,
        producer: str,
        journal: Journal,
        stamps: Stamps,
    ) -> None:
        self._topics = topics
        self._every_ms = every_ms
        self._producer = producer
        self._journal = journal
        self._stamps = stamps
        self._next_ms = 0

    @property
    def due(self) -> bool:
        """Whether it is time for the next round."""
        return self._stamps.clock() >= self._next_ms

    def wait_s(self) -> float:
        """Seconds until the next round."""
        return max(0.0, (self._next_ms - self._stamps.clock()) / 1_000)

    async def send(self, producer: Producer, metrics: IngestorMetrics) -> None:
        """One round over all partitions. Raises TransientError."""
        now_ms = self._stamps.clock()
        # On disk before it is said: a clock that is set back over a restart must not break it.
        await self._journal.promise(now_ms)
        for topic in self._topics:
            complete_ms = complete_to_ms(
                now_ms, self._stamps.held_ms(), self._journal.progress.oldest_ms(topic)
            )
            for partition in range(TOPICS[topic].partitions):
                await producer.send(
                    topic,
                    key=_HEARTBEAT_KEY,
                    value=None,
                    headers=heartbeat_headers(complete_ms, self._producer),
                    # Not now: among replayed records it would look like a change of the hour.
                    timestamp_ms=complete_ms,
                    partition=partition,
                )
            metrics.heartbeats.labels(topic).inc()
            metrics.complete_to.labels(topic).set(complete_ms / 1_000)
        self._next_ms = now_ms + self._every_ms


# An ack takes milliseconds; aiokafka itself gives up only after its request timeout.
_SLOW_ACK_S = 3.0


@dataclass(slots=True)
class KafkaState:
    """Whether Kafka takes records, and why not."""

    away: str | None = "not connected yet"
    failures: int = 0
    waiting_since_s: float | None = None

    def reason(self, now_s: float) -> str | None:
        """Why Kafka is not fine; None where it is. `now_s` is monotonic."""
        if self.away is not None or self.waiting_since_s is None:
            return self.away
        waited_s = now_s - self.waiting_since_s
        return f"no ack for {waited_s:.0f} s" if waited_s > _SLOW_ACK_S else None


class Sender:
    """Sends what the journal holds, one record at a time: the order is the journal's."""

    def __init__(
        self,
        open_producer: OpenProducer,
        journal: Journal,
        heartbeats: Heartbeats,
        patience: Patience,
        unsendable: Path,
        metrics: IngestorMetrics,
    ) -> None:
        self._open_producer = open_producer
        self._journal = journal
        self._heartbeats = heartbeats
        self._patience = patience
        self._unsendable = unsendable
        self._metrics = metrics
        self.kafka = KafkaState()

    async def run(self, quiet: asyncio.Event, pulse: Pulse, grace_s: float) -> None:
        """Send until polling is over (`quiet`) and nothing waits; then for `grace_s` at most."""
        try:
            async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as group:
                group.create_task(self._send_on(quiet, pulse), name="send")
                await quiet.wait()
                limit.reschedule(asyncio.get_running_loop().time() + grace_s)
        except TimeoutError:
            log.warning("drain_cut_short", grace_s=grace_s)
        left = len(self._journal.progress.pending)
        if left:
            log.warning("records_left_in_journal", records=left)

    async def _send_on(self, quiet: asyncio.Event, pulse: Pulse) -> None:
        while True:
            pulse.beat()
            try:
                # A fresh producer after each failure: an idempotent one can be wedged for good.
                async with _closed_in_time(self._open_producer) as producer:
                    await self._drain(producer, quiet, pulse)
                    return
            except TransientError as error:
                self._away(error)
            if quiet.is_set():
                return
            wait_ms = self._patience.wait_ms(self.kafka.failures, None, 0)
            await sleep_or_stop(quiet, wait_ms / 1_000)

    async def _drain(self, producer: Producer, quiet: asyncio.Event, pulse: Pulse) -> None:
        while True:
            pulse.beat()
            self._journal.changed.clear()
            if self._heartbeats.due:
                with self._waiting():
                    await self._heartbeats.send(producer, self._metrics)
                self._reached()
            pending = self._journal.head()
            if pending is not None:
                await self._send(producer, pending)
            elif quiet.is_set():
                return
            else:
                # Whoever adds a record or ends the polling sets `changed`.
                wait_s = min(_IDLE_S, self._heartbeats.wait_s())
                await sleep_or_stop(self._journal.changed, wait_s)

    async def _send(self, producer: Producer, pending: Pending[Place]) -> None:
        record = await self._journal.read(pending)
        try:
            with self._waiting():
                offset = await producer.send(
                    record.topic,
                    key=record.key,
                    value=record.value,
                    headers=record.headers,
                    timestamp_ms=record.timestamp_ms,
                )
        except BadRecordError as error:
            await self._set_aside(pending, record, error)
        else:
            self._reached()
            self._metrics.sent.labels(record.topic).inc()
            log.debug("record_sent", topic=record.topic, seq=pending.seq, offset=offset)
        # After the ack: a crash before this line sends the record again with the same poll_id.
        await self._journal.sent(pending.seq)

    async def _set_aside(
        self, pending: Pending[Place], record: Outgoing, error: BadRecordError
    ) -> None:
        """Keep what Kafka refuses for good as a file, so that it blocks nothing and is not lost."""
        path = self._unsendable / f"{pending.seq:012d}.record"
        content = encode(RecordEntry(pending.seq, record, pending.mark))
        try:
            await asyncio.to_thread(replace, path, content)
        except OSError as failure:
            raise TransientError(f"unsendable record: {failure}") from failure
        self._metrics.unsendable.inc()
        poll_id = text_headers(record.headers).get(POLL_ID)
        log.error("record_unsendable", kept_as=path.name, poll_id=poll_id, reason=str(error))

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        self.kafka.waiting_since_s = time.monotonic()
        try:
            yield
        finally:
            self.kafka.waiting_since_s = None

    def _reached(self) -> None:
        if self.kafka.away is not None:
            log.info("kafka_reached", waiting=len(self._journal.progress.pending))
        self.kafka.away = None
        self.kafka.failures = 0
        self._metrics.kafka_up.set(1)

    def _away(self, error: TransientError) -> None:
        if self.kafka.failures == 0:
            log.warning("kafka_away", reason=str(error))
        self.kafka.away = str(error)
        self.kafka.failures += 1
        self._metrics.kafka_up.set(0)
        self._metrics.send_failures.inc()


@asynccontextmanager
async def _closed_in_time(open_producer: OpenProducer) -> AsyncIterator[Producer]:
    stack = AsyncExitStack()
    try:
        yield await stack.enter_async_context(open_producer())
    finally:
        try:
            async with asyncio.timeout(_CLOSE_S):
                await stack.aclose()
        except TimeoutError:
            log.warning("producer_closed_late", waited_s=_CLOSE_S)
