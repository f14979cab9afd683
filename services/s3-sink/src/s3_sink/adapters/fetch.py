"""Fetches record batches from the partitions' leaders and decodes them off the event loop.

aiokafka's consumer decodes on the loop and makes an object of every record; both cost more than
all that the sink does with it. So the consumer is the membership in the group, with everything
paused, and this asks the brokers itself, through aiokafka's client.
"""

import asyncio
from collections.abc import Collection, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeAlias

from aiokafka import AIOKafkaClient, TopicPartition
from aiokafka.errors import (
    CorruptRecordException,
    KafkaError,
    NoError,
    OffsetOutOfRangeError,
    for_code,
)
from aiokafka.protocol.fetch import FetchRequest

from coinlake import logs
from coinlake.contracts.raw_columns import Columns
from coinlake.errors import TransientError
from coinlake.kafka import translated
from s3_sink.adapters.records import columns_of_batches

log = logs.get(__name__)

_READ_UNCOMMITTED = 0
_MIN_BYTES = 1
# After an error a partition is left alone for this long; its broker may just be electing.
_PAUSE_AFTER_ERROR_S = 0.5


@dataclass(frozen=True, slots=True)
class Limits:
    """What may be brought at once, bytes as they are on the wire (mostly compressed).

    `partition_bytes` of one partition, `request_bytes` by all brokers together.
    """

    partition_bytes: int
    request_bytes: int


@dataclass(slots=True)
class Fetched:
    """What one poll brought."""

    records: dict[TopicPartition, Columns] = field(default_factory=dict)
    out_of_range: list[TopicPartition] = field(default_factory=list)


@dataclass(slots=True)
class _Place:
    """Where a partition is read next. It is left alone until `not_before_s`, the loop's time."""

    position: int = 0
    is_paused: bool = True
    not_before_s: float = 0.0


@dataclass(frozen=True, slots=True)
class _Answer:
    """What a leader said of one partition that was asked for from `asked`, an offset."""

    tp: TopicPartition
    asked: int
    error: type[KafkaError]
    data: bytes


_Decoded: TypeAlias = tuple[Columns, int] | CorruptRecordException


class Fetcher:
    """At most one request per broker at a time; nothing is fetched ahead of the next poll."""

    def __init__(self, client: AIOKafkaClient, pool: Executor, limits: Limits) -> None:
        self._client = client
        self._pool = pool
        self._limits = limits
        self._places: dict[TopicPartition, _Place] = {}
        self._asked: dict[int, asyncio.Task[list[_Answer]]] = {}
        self._changed = asyncio.Event()

    def add(self, tps: Iterable[TopicPartition]) -> None:
        """Partitions have come; they are paused."""
        self._places.update((tp, _Place()) for tp in tps)

    def remove(self, tps: Iterable[TopicPartition]) -> None:
        """Partitions have gone; what is still on its way is dropped."""
        for tp in tps:
            self._places.pop(tp, None)

    def partitions(self) -> list[TopicPartition]:
        """Those that have come and not gone."""
        return list(self._places)

    def seek(self, tp: TopicPartition, offset: int) -> None:
        """Read on from an offset; a partition that has gone is passed over."""
        if (place := self._places.get(tp)) is not None:
            place.position, place.not_before_s = offset, 0.0
            self._changed.set()

    def pause(self, tp: TopicPartition) -> None:
        """Ask no more for a partition; what is on its way is dropped and asked for again."""
        if (place := self._places.get(tp)) is not None:
            place.is_paused = True

    def resume(self, tp: TopicPartition) -> None:
        """Ask for a partition again."""
        if (place := self._places.get(tp)) is not None:
            place.is_paused = False
            self._changed.set()

    async def poll(self, timeout_s: float) -> Fetched:
        """Whatever comes first, at the latest after `timeout_s`. Raises TransientError."""
        self._changed.clear()
        self._ask(timeout_s)
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait(
                {changed, *self._asked.values()},
                timeout=timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            changed.cancel()
        return await self._collect()

    async def close(self) -> None:
        """Drop what is on its way."""
        tasks = list(self._asked.values())
        self._asked.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Asking.

    def _ask(self, timeout_s: float) -> None:
        for node, wanted in self._wanted().items():
            if node not in self._asked:
                self._asked[node] = asyncio.ensure_future(
                    self._request(node, wanted, timeout_s)
                )

    def _wanted(self) -> dict[int, dict[TopicPartition, int]]:
        """Positions by leader. A partition without a leader waits for newer metadata."""
        now_s = asyncio.get_running_loop().time()
        wanted: dict[int, dict[TopicPartition, int]] = {}
        for tp, place in self._places.items():
            if place.is_paused or now_s < place.not_before_s:
                continue
            node = self._client.cluster.leader_for_partition(tp)
            if node is None or node == -1:
                self._client.force_metadata_update()
            else:
                wanted.setdefault(node, {})[tp] = place.position
        return wanted

    async def _request(
        self, node: int, wanted: dict[TopicPartition, int], timeout_s: float
    ) -> list[_Answer]:
        topics: dict[str, list[tuple[int, int, int]]] = {}
        for tp, offset in wanted.items():
            partition = (tp.partition, offset, self._limits.partition_bytes)
            topics.setdefault(tp.topic, []).append(partition)
        request = FetchRequest(
            int(timeout_s * 1000),
            _MIN_BYTES,
            self._limits.request_bytes // max(1, len(self._client.cluster.brokers())),
            _READ_UNCOMMITTED,
            list(topics.items()),
        )
        with translated(f"fetch from broker {node}"):
            response = await self._client.send(node, request)
            return [
                _Answer(
                    tp := TopicPartition(topic, number), wanted[tp], for_code(code), rest[-1]
                )
                for topic, partitions in response.topics
                for number, code, *rest in partitions
            ]

    # Answers.

    async def _collect(self) -> Fetched:
        answers: list[_Answer] = []
        troubles: list[Exception] = []
        for node, task in list(self._asked.items()):
            if task.done():
                del self._asked[node]
                try:
                    answers += task.result()
                except TransientError as error:
                    self._client.force_metadata_update()
                    troubles.append(error)
        fetched = Fetched()
        full = [answer for answer in answers if self._is_usable(answer, fetched, troubles)]
        if full:
            self._hand_out(full, await self._decoded(full), fetched, troubles)
        if troubles and not (fetched.records or fetched.out_of_range):
            with translated("fetch"):
                raise troubles[0]
        return fetched

    def _is_usable(self, answer: _Answer, fetched: Fetched, troubles: list[Exception]) -> bool:
        """Whether there is something to decode; errors are noted on the way."""
        if not self._is_awaited(answer):
            return False
        if answer.error is NoError:
            return bool(answer.data)
        if answer.error is OffsetOutOfRangeError:
            # A follower answers too, and says this of what it does not have yet: it may have led.
            self._client.force_metadata_update()
            fetched.out_of_range.append(answer.tp)
            return False
        self._leave_alone(answer.tp, answer.error.__name__)
        self._client.force_metadata_update()
        if not answer.error.retriable:
            troubles.append(answer.error(f"{answer.tp.topic}-{answer.tp.partition}"))
        return False

    def _is_awaited(self, answer: _Answer) -> bool:
        place = self._places.get(answer.tp)
        return place is not None and place.position == answer.asked and not place.is_paused

    def _leave_alone(self, tp: TopicPartition, reason: str) -> None:
        log.warning("fetch_failed", partition=f"{tp.topic}-{tp.partition}", reason=reason)
        now_s = asyncio.get_running_loop().time()
        self._places[tp].not_before_s = now_s + _PAUSE_AFTER_ERROR_S

    async def _decoded(self, answers: Collection[_Answer]) -> list[_Decoded]:
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, _decode, answers)

    def _hand_out(
        self,
        answers: Iterable[_Answer],
        decoded: Iterable[_Decoded],
        fetched: Fetched,
        troubles: list[Exception],
    ) -> None:
        for answer, found in zip(answers, decoded, strict=True):
            if not self._is_awaited(answer):
                continue  # Gone or sent elsewhere while it was decoded.
            if isinstance(found, CorruptRecordException):
                self._leave_alone(answer.tp, str(found))
                troubles.append(found)
                continue
            records, position = found
            # Behind all others now: a broker fills its answer in the order of the question, and
            # those at the end of a full one would never be served.
            place = self._places.pop(answer.tp)
            place.position, self._places[answer.tp] = position, place
            if len(records):
                fetched.records[answer.tp] = records


def _decode(answers: Iterable[_Answer]) -> list[_Decoded]:
    """In a thread. What cannot be read of one partition is no other partition's trouble."""
    return [_decode_one(answer) for answer in answers]


def _decode_one(answer: _Answer) -> _Decoded:
    try:
        return _columns(answer)
    except CorruptRecordException as error:
        return error


def _columns(answer: _Answer) -> tuple[Columns, int]:
    try:
        return columns_of_batches(answer.data, answer.asked)
    except (CorruptRecordException, MemoryError):
        raise
    except Exception as error:
        # aiokafka's parsers have no error of their own for bytes that make no sense.
        raise CorruptRecordException(f"{type(error).__name__}: {error}") from error
