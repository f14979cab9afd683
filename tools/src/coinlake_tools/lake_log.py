"""Kafka as audit and repair read it: ranges, records, and whether a group is empty."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from aiokafka import AIOKafkaClient, AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from coinlake.contracts.raw_index import Record
from coinlake.contracts.topics import MAX_MESSAGE_BYTES
from coinlake.errors import TransientError
from coinlake.kafka import client_options, translated
from coinlake.kafka_protocol import FetchRequest
from coinlake.record_batches import columns_of_batches
from coinlake.settings import KafkaSettings
from coinlake.topic_states import TopicState, Trouble, topic_states

_READ_TIMEOUT_S = 30.0
_WAIT_MS = 500
_UNPACKED_BYTES = 32 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Kept:
    """The offsets that Kafka has: from `start`, up to but without `end`."""

    start: int
    end: int


class LakeLog(Protocol):
    """Reads only. Every method raises TransientError where the broker cannot be asked."""

    async def topic_id(self, topic: str) -> UUID | None:
        """Which topic it is that has this name now; None where there is none."""
        ...

    async def kept(self, topic: str) -> Mapping[int, Kept]:
        """What is kept of each partition; empty where there is no such topic."""
        ...

    async def records(self, topic: str, partition: int, start: int, stop: int) -> list[Record]:
        """All records of [start, stop) that Kafka still has."""
        ...

    async def members(self, group: str) -> int:
        """How many members a consumer group has now."""
        ...

    async def commits(self, group: str, topic: str) -> Mapping[int, str]:
        """The metadata of what a group has committed of each partition."""
        ...


class KafkaLakeLog:
    """On aiokafka, without a group of its own."""

    def __init__(
        self, client: AIOKafkaClient, reader: AIOKafkaConsumer, admin: AIOKafkaAdminClient
    ) -> None:
        self._client = client
        self._reader = reader
        self._admin = admin

    async def topic_id(self, topic: str) -> UUID | None:
        state = await self._state(topic)
        return None if state is None else state.id

    async def kept(self, topic: str) -> Mapping[int, Kept]:
        state = await self._state(topic)
        if state is None:
            return {}
        tps = [TopicPartition(topic, number) for number in sorted(state.leaders)]
        with translated(f"partitions of {topic}"):
            starts = await self._reader.beginning_offsets(tps)
            ends = await self._reader.end_offsets(tps)
        return {tp.partition: Kept(starts[tp], ends[tp]) for tp in tps}

    async def records(self, topic: str, partition: int, start: int, stop: int) -> list[Record]:
        kept = (await self.kept(topic)).get(partition)
        state = await self._state(topic)
        if kept is None or state is None:
            return []
        found: list[Record] = []
        position, end = max(start, kept.start), min(stop, kept.end)
        while position < end:
            data = await self._fetched(state, partition, position)
            with translated(f"read {topic}-{partition} at {position}"):
                room = _UNPACKED_BYTES
                batch = await asyncio.to_thread(columns_of_batches, data, position, room, room)
            if batch.position == position:
                raise TransientError(f"read {topic}-{partition} from {position}: no answer")
            position = batch.position
            found += [one for one in batch.records if one.offset < end]
        return found

    async def members(self, group: str) -> int:
        with translated(f"group {group}"):
            (answer,) = await self._admin.describe_consumer_groups([group])
            # (error, group, state, protocol type, protocol, members, …)
            code, *_, members = answer.groups[0][:6]
            if code:
                # The coordinator is loading, or has moved: that it names no members says nothing.
                raise for_code(code)
        return len(members)

    async def commits(self, group: str, topic: str) -> Mapping[int, str]:
        with translated(f"commits of {group}"):
            found = await self._admin.list_consumer_group_offsets(group)
        return {
            tp.partition: commit.metadata or ""
            for tp, commit in found.items()
            if tp.topic == topic and commit.offset >= 0
        }

    async def _state(self, topic: str) -> TopicState | None:
        state = (await topic_states(self._client, [topic]))[topic]
        if state.trouble is None:
            return state
        if state.trouble.startswith(Trouble.MISSING):
            return None
        raise TransientError(f"topic {topic} {state.trouble}")

    async def _fetched(self, state: TopicState, partition: int, offset: int) -> bytes:
        what = f"read {state.name}-{partition} at {offset}"
        node = state.leaders.get(partition)
        if node is None:
            raise TransientError(f"{what}: it has no leader")
        request = FetchRequest(
            {state.id: {partition: offset}},
            max_wait_ms=_WAIT_MS, max_bytes=MAX_MESSAGE_BYTES, partition_bytes=MAX_MESSAGE_BYTES,
        )  # fmt: skip
        try:
            with translated(what):
                async with asyncio.timeout(_READ_TIMEOUT_S):
                    answer = await self._client.send(node, request)
                ((_, ((_, code, *_, data, _),), _),) = answer.topics
                if code:
                    raise for_code(code)(what)
        except TimeoutError as error:
            raise TransientError(f"{what}: no answer") from error
        return data or b""


@asynccontextmanager
async def open_lake_log(kafka: KafkaSettings) -> AsyncIterator[LakeLog]:
    """Raises TransientError where no broker answers."""
    options = client_options(kafka)
    client = AIOKafkaClient(**options, client_id="coinlake-tools-log")
    reader = AIOKafkaConsumer(
        **options,
        client_id="coinlake-tools",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
    )
    admin = AIOKafkaAdminClient(**options, client_id="coinlake-tools-admin")
    try:
        with translated("connect to Kafka"):
            await client.bootstrap()
            await reader.start()
            await admin.start()
        yield KafkaLakeLog(client, reader, admin)
    finally:
        await admin.close()
        await reader.stop()
        await client.close()
