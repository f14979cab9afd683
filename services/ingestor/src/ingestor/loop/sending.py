"""The loops to Kafka, one for each topic: the journal in its order, heartbeats in between."""

import asyncio
import time
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import (
    AbstractAsyncContextManager,
    AsyncExitStack,
    asynccontextmanager,
    contextmanager,
)
from dataclasses import dataclass

from coinlake import logs
from coinlake.contracts.headers import POLL_ID, text_headers
from coinlake.errors import BadRecordError, TransientError
from coinlake.kafka import Producer
from coinlake.lifecycle import Pulse, sleep_or_stop
from ingestor.adapters.journal import Journal
from ingestor.adapters.too_early import is_too_early
from ingestor.core.entries import Outgoing
from ingestor.core.progress import Pending
from ingestor.loop.gating import RetryDelay
from ingestor.loop.heartbeats import Heartbeat
from ingestor.loop.stamps import Watermarks
from ingestor.metrics import IngestorMetrics

log = logs.get(__name__)

OpenProducer = Callable[[], AbstractAsyncContextManager[Producer]]
_IDLE_S = 1.0
# A producer whose broker is gone flushes for as long as its request timeout (aiokafka 0.14,
# producer/producer.py: stop): we have the journal.
_CLOSE_S = 2.0


# An ack takes milliseconds; aiokafka itself gives up only after its request timeout (aiokafka 0.14,
# producer/producer.py: request_timeout_ms).
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


class TopicSender:
    """Sends what the journal holds for one topic, one record at a time, in its order."""

    def __init__(
        self,
        topic: str,
        open_producer: OpenProducer,
        journal: Journal,
        heartbeat: Heartbeat | None,
        watermarks: Watermarks,
        retry_delay: RetryDelay,
        metrics: IngestorMetrics,
    ) -> None:
        self.topic = topic
        self.kafka = KafkaState()
        self._open_producer = open_producer
        self._journal = journal
        self._heartbeat = heartbeat
        self._watermarks = watermarks
        self._retry_delay = retry_delay
        self._metrics = metrics

    async def run(self, quiet: asyncio.Event, pulse: Pulse) -> None:
        """Send until polling is over (`quiet`) and nothing waits."""
        while True:
            pulse.beat()
            try:
                # A fresh producer after each failure: an idempotent one can be wedged for good
                # (see coinlake.kafka: KafkaProducer).
                async with _closed_in_time(self._open_producer) as producer:
                    await self._drain(producer, quiet, pulse)
                    return
            except TransientError as error:
                self._away(error)
            if quiet.is_set():
                return
            wait_ms = self._retry_delay.wait_ms(self.kafka.failures)
            await sleep_or_stop(quiet, wait_ms / 1_000)

    async def _drain(self, producer: Producer, quiet: asyncio.Event, pulse: Pulse) -> None:
        changed = self._journal.changed(self.topic)
        while True:
            pulse.beat()
            changed.clear()
            if self._heartbeat is not None and self._heartbeat.due:
                with self._waiting():
                    await self._heartbeat.send(producer, self._metrics)
                self._reached()
            pending = self._journal.progress.head(self.topic)
            if pending is not None:
                await self._send(producer, pending)
            elif quiet.is_set():
                return
            else:
                if self._heartbeat is None:
                    # Nothing else would tell that Kafka is there.
                    self._reached()
                # Whoever adds a record or ends the polling sets `changed`.
                wait_s = self._heartbeat.wait_s() if self._heartbeat is not None else _IDLE_S
                await sleep_or_stop(changed, min(_IDLE_S, wait_s))

    async def _send(self, producer: Producer, pending: Pending) -> None:
        try:
            record = await self._journal.read(pending)
        except BadRecordError as error:
            await self._journal.lost(pending, str(error))
            self._metrics.lost.labels(self.topic).inc()
            log.error(
                "journal_record_lost",
                topic=self.topic,
                number=pending.number,
                reason=str(error),
            )
            return
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
            return
        except TransientError as error:
            if is_too_early(error) and await self._restamped(pending, record):
                return
            raise
        self._watermarks.clock.taken(record.timestamp_ms)
        self._reached()
        self._metrics.sent.labels(record.topic).inc()
        log.debug("record_sent", topic=record.topic, number=pending.number, offset=offset)
        # After the ack: a crash before this line sends the record again with the same poll_id.
        await self._journal.sent(pending)

    async def _restamped(self, pending: Pending, record: Outgoing) -> bool:
        """Bring a record that a clock was ahead of back to now; False where now is no earlier.

        Kafka refused it, so nobody has seen it under its old time.
        """
        lower_ms = await self._watermarks.refused(record.timestamp_ms)
        if lower_ms is None:
            return False
        await self._journal.restamp(pending, lower_ms)
        self._metrics.restamped.inc()
        log.warning(
            "record_restamped",
            topic=self.topic,
            number=pending.number,
            poll_id=text_headers(record.headers).get(POLL_ID),
            from_ms=record.timestamp_ms,
            to_ms=lower_ms,
        )
        return True

    async def _set_aside(
        self, pending: Pending, record: Outgoing, error: BadRecordError
    ) -> None:
        """Keep what Kafka refuses for good as a file, so that it blocks nothing and is not lost."""
        await self._journal.refused(pending, str(error))
        self._metrics.unsendable.inc()
        poll_id = text_headers(record.headers).get(POLL_ID)
        log.error(
            "record_unsendable", number=pending.number, poll_id=poll_id, reason=str(error)
        )

    @contextmanager
    def _waiting(self) -> Iterator[None]:
        self.kafka.waiting_since_s = time.monotonic()
        try:
            yield
        finally:
            self.kafka.waiting_since_s = None

    def _reached(self) -> None:
        if self.kafka.away is not None:
            waiting = len(self._journal.progress.line(self.topic).pending)
            log.info("kafka_reached", topic=self.topic, waiting=waiting)
        self.kafka.away = None
        self.kafka.failures = 0
        self._metrics.topic_up.labels(self.topic).set(1)

    def _away(self, error: TransientError) -> None:
        if self.kafka.failures == 0:
            log.warning("kafka_away", topic=self.topic, reason=str(error))
        self.kafka.away = str(error)
        self.kafka.failures += 1
        self._metrics.topic_up.labels(self.topic).set(0)
        self._metrics.send_failures.inc()


class Sender:
    """A loop for each topic: what one of them waits for is no other's."""

    def __init__(
        self, topics: Sequence[str], journal: Journal, make: Callable[[str], TopicSender]
    ) -> None:
        # What waits from before may be for a topic that nobody polls for any more.
        left = [topic for topic, line in journal.progress.lines.items() if line.pending]
        self.topics = [make(topic) for topic in dict.fromkeys([*topics, *left])]
        self._journal = journal

    def reason(self, now_s: float) -> str | None:
        """Why Kafka is not fine for some topic; None where it is for all. `now_s` is monotonic."""
        reasons = {one.topic: one.kafka.reason(now_s) for one in self.topics}
        told = {topic: reason for topic, reason in reasons.items() if reason is not None}
        if len(set(told.values())) == 1 and len(told) == len(reasons):
            return next(iter(told.values()))
        return "; ".join(f"{topic}: {reason}" for topic, reason in told.items()) or None

    async def run(self, quiet: asyncio.Event, pulses: Sequence[Pulse], grace_s: float) -> None:
        """Send until polling is over (`quiet`) and nothing waits; then for `grace_s` at most."""
        try:
            async with asyncio.timeout(None) as limit, asyncio.TaskGroup() as group:
                for one, pulse in zip(self.topics, pulses, strict=True):
                    group.create_task(one.run(quiet, pulse), name=f"send {one.topic}")
                await quiet.wait()
                limit.reschedule(asyncio.get_running_loop().time() + grace_s)
        except TimeoutError:
            log.warning("drain_cut_short", grace_s=grace_s)
        left = self._journal.progress.pending_records
        if left:
            log.warning("records_left_in_journal", records=left)


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
