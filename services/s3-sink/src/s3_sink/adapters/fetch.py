"""Fetches record batches from the partitions' leaders and decodes them off the event loop.

aiokafka's consumer decodes on the loop and makes an object of every record; both cost more than
all that the sink does with it (measured, ADR 0040). So the consumer is the membership in the group,
with everything paused, and this asks the brokers itself, through aiokafka's client: by the topic's
id, so that the records of another topic of that name are never taken for this one's.
"""

import asyncio
from collections.abc import Collection, Iterable
from concurrent.futures import Executor
from dataclasses import dataclass, field
from typing import TypeAlias
from uuid import UUID

from aiokafka import AIOKafkaClient, TopicPartition
from aiokafka.errors import CorruptRecordException, for_code

from coinlake import logs
from coinlake.contracts.raw_columns import Columns
from coinlake.errors import TransientError
from coinlake.kafka import translated
from coinlake.kafka_protocol import FetchRequest
from s3_sink.adapters.fetch_answers import (
    DecodedAnswer,
    FetchAnswer,
    FetchPosition,
    decode_answers,
)

log = logs.get(__name__)

_SOUND, _OUT_OF_RANGE = 0, 1
# Unknown topic or partition, unknown topic id, an id that is not the name's (Kafka's `Errors`).
_GONE = frozenset({3, 100, 103})
# After an error a partition is left alone for this long; its broker may just be electing.
_PAUSE_AFTER_ERROR_S = 0.5
_NO_ID = UUID(int=0)


@dataclass(frozen=True, slots=True)
class FetchLimits:
    """What may be brought at once.

    `partition_bytes` of one partition and `request_bytes` by all brokers together are as on the
    wire (mostly compressed); `unpacked_bytes` is what one poll hands out, or one record.
    """

    partition_bytes: int
    request_bytes: int
    unpacked_bytes: int


@dataclass(slots=True)
class Fetched:
    """What one poll brought.

    `gone` are partitions of topics that are not there any more, or are others now. `heard` tells
    of each partition that was asked for what is wrong with it, None where nothing is. `positions`
    are those behind what was read: markers of transactions take offsets but are no records.
    """

    records: dict[TopicPartition, Columns] = field(default_factory=dict)
    out_of_range: list[TopicPartition] = field(default_factory=list)
    gone: list[TopicPartition] = field(default_factory=list)
    heard: dict[TopicPartition, str | None] = field(default_factory=dict)
    positions: dict[TopicPartition, int] = field(default_factory=dict)


@dataclass(slots=True)
class _Place:
    """Where a partition is read next. It is left alone until `not_before_s`, the loop's time."""

    topic_id: UUID = _NO_ID
    position: int = 0
    is_paused: bool = True
    not_before_s: float = 0.0


_Wanted: TypeAlias = dict[TopicPartition, FetchPosition]


class Fetcher:
    """At most one request per broker at a time; nothing is fetched ahead of the next poll."""

    def __init__(self, client: AIOKafkaClient, pool: Executor, limits: FetchLimits) -> None:
        self._client = client
        self._pool = pool
        self._limits = limits
        self._places: dict[TopicPartition, _Place] = {}
        self._asked: dict[int, tuple[_Wanted, asyncio.Task[list[FetchAnswer]]]] = {}
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

    def seek(self, tp: TopicPartition, offset: int, topic_id: UUID) -> None:
        """Read on from an offset of that topic; a partition that has gone is passed over."""
        if (place := self._places.get(tp)) is not None:
            place.topic_id, place.position, place.not_before_s = topic_id, offset, 0.0
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
        """Whatever comes first, at the latest after `timeout_s`.

        Raises TransientError where no broker that was asked has answered.
        """
        self._changed.clear()
        fetched = Fetched()
        self._ask(timeout_s, fetched)
        changed = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait(
                {changed, *(task for _, task in self._asked.values())},
                timeout=timeout_s,
                return_when=asyncio.FIRST_COMPLETED,
            )
        finally:
            changed.cancel()
        return await self._collect(fetched)

    async def close(self) -> None:
        """Drop what is on its way."""
        tasks = [task for _, task in self._asked.values()]
        self._asked.clear()
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)

    # Asking.

    def _ask(self, timeout_s: float, fetched: Fetched) -> None:
        for node, wanted in self._wanted(fetched).items():
            if node not in self._asked:
                work = self._request(node, wanted, timeout_s)
                self._asked[node] = (wanted, asyncio.ensure_future(work))

    def _wanted(self, fetched: Fetched) -> dict[int, _Wanted]:
        """Positions by leader. A partition without a leader waits for newer metadata."""
        now_s = asyncio.get_running_loop().time()
        wanted: dict[int, _Wanted] = {}
        for tp, place in self._places.items():
            if place.is_paused or now_s < place.not_before_s:
                continue
            node = self._client.cluster.leader_for_partition(tp)
            if node is None or node == -1:
                fetched.heard[tp] = "it has no leader"
                place.not_before_s = now_s + _PAUSE_AFTER_ERROR_S
                self._client.force_metadata_update()
            else:
                question = FetchPosition(place.topic_id, place.position)
                wanted.setdefault(node, {})[tp] = question
        return wanted

    async def _request(self, node: int, wanted: _Wanted, timeout_s: float) -> list[FetchAnswer]:
        by_id: dict[UUID, dict[int, int]] = {}
        names = {asked.topic_id: tp.topic for tp, asked in wanted.items()}
        for tp, asked in wanted.items():
            by_id.setdefault(asked.topic_id, {})[tp.partition] = asked.offset
        request = FetchRequest(
            by_id,
            max_wait_ms=int(timeout_s * 1000),
            max_bytes=self._limits.request_bytes // max(1, len(self._client.cluster.brokers())),
            partition_bytes=self._limits.partition_bytes,
        )
        with translated(f"fetch from broker {node}"):
            response = await self._client.send(node, request)
            if response.error_code:
                raise for_code(response.error_code)(f"fetch from node {node}")
            return [
                FetchAnswer(
                    tp := TopicPartition(names[topic_id], number), wanted[tp], code, data or b""
                )
                for topic_id, partitions, _ in response.topics
                if topic_id in names
                for number, code, *_, data, _ in partitions
            ]

    # Answers.

    async def _collect(self, fetched: Fetched) -> Fetched:
        answers: list[FetchAnswer] = []
        errors: list[TransientError] = []
        have_answered = False
        for node, (wanted, task) in list(self._asked.items()):
            if not task.done():
                continue
            del self._asked[node]
            try:
                answers += task.result()
                have_answered = True
            except TransientError as error:
                self._client.force_metadata_update()
                errors.append(error)
                fetched.heard.update(dict.fromkeys(wanted, str(error)))
        full = [answer for answer in answers if self._is_usable(answer, fetched)]
        if full:
            self._hand_out(full, await self._decoded(full), fetched)
        if errors and not have_answered:
            raise errors[0]
        return fetched

    def _is_usable(self, answer: FetchAnswer, fetched: Fetched) -> bool:
        """Whether there is something to decode; errors are noted on the way."""
        if not self._is_awaited(answer):
            return False
        if answer.code == _SOUND:
            fetched.heard[answer.tp] = None
            return bool(answer.data)
        # A follower answers too (KIP-392), and says "out of range" of what it does not have yet.
        self._client.force_metadata_update()
        if answer.code == _OUT_OF_RANGE:
            fetched.out_of_range.append(answer.tp)
            return False
        self._leave_alone(answer.tp, for_code(answer.code).__name__, fetched)
        if answer.code in _GONE:
            fetched.gone.append(answer.tp)
        return False

    def _is_awaited(self, answer: FetchAnswer) -> bool:
        place, asked = self._places.get(answer.tp), answer.asked
        return (
            place is not None
            and (place.topic_id, place.position) == (asked.topic_id, asked.offset)
            and not place.is_paused
        )

    def _leave_alone(self, tp: TopicPartition, reason: str, fetched: Fetched) -> None:
        log.warning("fetch_failed", partition=f"{tp.topic}-{tp.partition}", reason=reason)
        now_s = asyncio.get_running_loop().time()
        self._places[tp].not_before_s = now_s + _PAUSE_AFTER_ERROR_S
        fetched.heard[tp] = reason

    async def _decoded(self, answers: Collection[FetchAnswer]) -> list[DecodedAnswer]:
        loop = asyncio.get_running_loop()
        room = self._limits.unpacked_bytes
        return await loop.run_in_executor(self._pool, decode_answers, answers, room)

    def _hand_out(
        self, answers: Iterable[FetchAnswer], decoded: Iterable[DecodedAnswer], fetched: Fetched
    ) -> None:
        for answer, found in zip(answers, decoded, strict=True):
            if not self._is_awaited(answer):
                continue  # Gone or sent elsewhere while it was decoded.
            if isinstance(found, CorruptRecordException):
                self._leave_alone(answer.tp, str(found), fetched)
                continue
            if found is None:
                continue  # No room was left for it in this poll.
            # Behind all others now: a broker fills its answer in the order of the question, and
            # those at the end of a full one would never be served (KIP-74).
            place = self._places.pop(answer.tp)
            place.position, self._places[answer.tp] = found.position, place
            fetched.positions[answer.tp] = found.position
            if len(found.records):
                fetched.records[answer.tp] = found.records
