"""Hints from Kafka and announcements to it; the runner works without either."""

import asyncio
import random
from collections import deque
from collections.abc import Callable

from coinlake import logs
from coinlake.backoff import Backoff
from coinlake.contracts.announcements import Landed, Published, parse_landed
from coinlake.contracts.topics import LANDED, PUBLISHED
from coinlake.errors import BadRecordError, TransientError
from coinlake.kafka import Producer, TopicTail, open_producer, open_tail
from coinlake.settings import KafkaSettings

log = logs.get(__name__)

_TURN_S = 1.0
_MAX_WAITING = 1000  # announcements are hints: the oldest may go


class KafkaHints:
    """Reads `coinlake.landed.v1` from its end; `fault` says why it does not, if so."""

    def __init__(
        self,
        kafka: KafkaSettings,
        heard: Callable[[Landed], None],
        unreadable: Callable[[int, str], None],
    ) -> None:
        self._kafka = kafka
        self._heard = heard
        self._unreadable = unreadable
        self.fault: str | None = "not connected yet"

    async def run(self, stop: asyncio.Event) -> None:
        """Listen until `stop`; connect again for ever."""
        backoff, rng, attempt = Backoff(), random.Random(), 0
        while not stop.is_set():
            try:
                async with open_tail(self._kafka, [LANDED], "etl-runner") as tail:
                    self.fault, attempt = None, 0
                    await self._listen(tail, stop)
            except TransientError as error:
                self.fault = str(error)
                log.warning("hints_lost", reason=self.fault)
                await _pause(stop, backoff.delay_s(attempt, rng))
                attempt += 1

    async def _listen(self, tail: TopicTail, stop: asyncio.Event) -> None:
        while not stop.is_set():
            for record in await tail.poll(_TURN_S):
                try:
                    self._heard(parse_landed(record.value or b""))
                except ValueError as error:
                    self._unreadable(record.offset, str(error))


class KafkaAnnouncer:
    """Sends to `coinlake.published.v1` in the background."""

    def __init__(self, kafka: KafkaSettings) -> None:
        self._kafka = kafka
        self._waiting: deque[Published] = deque(maxlen=_MAX_WAITING)
        self._some = asyncio.Event()

    def announce(self, published: Published) -> None:
        self._waiting.append(published)
        self._some.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Send until `stop`; connect again for ever."""
        backoff, rng, attempt = Backoff(), random.Random(), 0
        while not stop.is_set():
            try:
                async with open_producer(self._kafka, "etl-runner") as producer:
                    attempt = 0
                    await self._send(producer, stop)
            except TransientError as error:
                log.warning("announcements_wait", reason=str(error), waiting=len(self._waiting))
                await _pause(stop, backoff.delay_s(attempt, rng))
                attempt += 1

    async def _send(self, producer: Producer, stop: asyncio.Event) -> None:
        while not stop.is_set():
            while self._waiting:
                item = self._waiting[0]
                key = f"{item.feed}/{item.dt}/{item.hour}".encode()
                try:
                    await producer.send(PUBLISHED, key=key, value=item.encode())
                except BadRecordError as error:
                    log.error("announcement_lost", key=key.decode(), reason=str(error))
                if self._waiting and self._waiting[0] is item:
                    self._waiting.popleft()
            self._some.clear()
            await _pause(stop, _TURN_S, self._some)


async def _pause(stop: asyncio.Event, seconds: float, *others: asyncio.Event) -> None:
    """Wait, at most so long, for any of the events."""
    async with asyncio.TaskGroup() as group:
        waits = [group.create_task(event.wait()) for event in (stop, *others)]
        await asyncio.wait(waits, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        for wait in waits:
            wait.cancel()
