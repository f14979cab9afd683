"""Kafka as audit and repair read it: ranges, records, and whether a group is empty."""

from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol
from uuid import UUID

from aiokafka import AIOKafkaClient, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient

from coinlake.consumer import Consumer
from coinlake.contracts.raw_index import Record
from coinlake.contracts.topics import MAX_MESSAGE_BYTES
from coinlake.errors import TransientError
from coinlake.kafka import client_options, translated
from coinlake.log_reading import described, read_batches
from coinlake.settings import KafkaSettings
from coinlake.topic_state import TopicState
from coinlake.topic_states import topic_states

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
        self, client: AIOKafkaClient, reader: Consumer, admin: AIOKafkaAdminClient
    ) -> None:
        self._client = client
        self._reader = reader
        self._admin = admin

    async def topic_id(self, topic: str) -> UUID | None:
        state = await self._state(topic)
        return None if state is None else state.id

    async def kept(self, topic: str) -> Mapping[int, Kept]:
        state = await self._state(topic)
        return {} if state is None else await self._kept(state)

    async def records(self, topic: str, partition: int, start: int, stop: int) -> list[Record]:
        state = await self._state(topic)
        kept = None if state is None else (await self._kept(state)).get(partition)
        if state is None or kept is None:
            return []
        found: list[Record] = []
        position, end = max(start, kept.start), min(stop, kept.end)
        while position < end:
            batch = await read_batches(
                self._client,
                state,
                partition,
                position,
                max_bytes=MAX_MESSAGE_BYTES,
                room=_UNPACKED_BYTES,
            )
            position = batch.position
            found += [one for one in batch.records if one.offset < end]
        return found

    async def members(self, group: str) -> int:
        return len((await described(self._admin, group)).shares)

    async def commits(self, group: str, topic: str) -> Mapping[int, str]:
        with translated(f"commits of {group}"):
            found = await self._admin.list_consumer_group_offsets(group)
        return {
            tp.partition: commit.metadata or ""
            for tp, commit in found.items()
            if tp.topic == topic and commit.offset >= 0
        }

    async def _kept(self, state: TopicState) -> Mapping[int, Kept]:
        tps = [TopicPartition(state.name, number) for number in sorted(state.leaders)]
        with translated(f"partitions of {state.name}"):
            starts = await self._reader.beginning_offsets(tps)
            ends = await self._reader.end_offsets(tps)
        return {tp.partition: Kept(starts[tp], ends[tp]) for tp in tps}

    async def _state(self, topic: str) -> TopicState | None:
        state = (await topic_states(self._client, [topic]))[topic]
        if state.is_missing:
            return None
        if state.trouble is not None:
            raise TransientError(f"topic {topic} {state.trouble}")
        return state


@asynccontextmanager
async def open_lake_log(kafka: KafkaSettings) -> AsyncIterator[LakeLog]:
    """Raises TransientError where no broker answers."""
    options = client_options(kafka)
    client = AIOKafkaClient(**options, client_id="coinlake-tools-log")
    reader = Consumer(
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
