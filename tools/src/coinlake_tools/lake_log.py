"""Kafka as audit and repair read it: ranges, records, and whether a group is empty."""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Protocol

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from coinlake.contracts.raw_index import Record
from coinlake.contracts.topics import MAX_MESSAGE_BYTES
from coinlake.errors import TransientError
from coinlake.kafka import client_options, translated
from coinlake.settings import KafkaSettings

_READ_TIMEOUT_S = 30.0
_UNKNOWN_TOPIC = 3


@dataclass(frozen=True, slots=True)
class Kept:
    """The offsets that Kafka has: from `start`, up to but without `end`."""

    start: int
    end: int


class LakeLog(Protocol):
    """Reads only. Every method raises TransientError where the broker cannot be asked."""

    async def kept(self, topic: str) -> Mapping[int, Kept]:
        """What is kept of each partition; empty where there is no such topic."""
        ...

    async def records(self, topic: str, partition: int, start: int, stop: int) -> list[Record]:
        """All records of [start, stop) that Kafka still has."""
        ...

    async def members(self, group: str) -> int:
        """How many members a consumer group has now."""
        ...


class KafkaLakeLog:
    """On aiokafka, without a group of its own."""

    def __init__(self, reader: AIOKafkaConsumer, admin: AIOKafkaAdminClient) -> None:
        self._reader = reader
        self._admin = admin

    async def kept(self, topic: str) -> Mapping[int, Kept]:
        with translated(f"partitions of {topic}"):
            (found,) = await self._admin.describe_topics([topic])
            if found["error_code"] == _UNKNOWN_TOPIC:
                return {}
            if found["error_code"]:
                raise for_code(found["error_code"])
            tps = [TopicPartition(topic, one["partition"]) for one in found["partitions"]]
            starts = await self._reader.beginning_offsets(tps)
            ends = await self._reader.end_offsets(tps)
        return {tp.partition: Kept(starts[tp], ends[tp]) for tp in sorted(tps)}

    async def records(self, topic: str, partition: int, start: int, stop: int) -> list[Record]:
        tp = TopicPartition(topic, partition)
        with translated(f"read {tp}"):
            kept = (await self.kept(topic))[partition]
            begin, end = max(start, kept.start), min(stop, kept.end)
            if begin >= end:
                return []
            if tp not in self._reader.assignment():
                self._reader.assign([tp])
                self._reader.seek(tp, begin)
            elif await self._reader.position(tp) != begin:
                # Only where need be: a seek throws away what was fetched ahead, and at the log's
                # end it waits for a fetch that the broker holds. An audit reads range by range.
                self._reader.seek(tp, begin)
            try:
                async with asyncio.timeout(_READ_TIMEOUT_S):
                    return await self._until(tp, end)
            except TimeoutError as error:
                raise TransientError(f"read {tp} from {begin}: no answer") from error

    async def members(self, group: str) -> int:
        with translated(f"group {group}"):
            (answer,) = await self._admin.describe_consumer_groups([group])
            # (error, group, state, protocol type, protocol, members, …)
            code, *_, members = answer.groups[0][:6]
            if code:
                # The coordinator is loading, or has moved: that it names no members says nothing.
                raise for_code(code)
        return len(members)

    async def _until(self, tp: TopicPartition, end: int) -> list[Record]:
        found: list[Record] = []
        while (position := await self._reader.position(tp)) < end:
            # No further than asked, so that the next range begins where this one ends.
            batches = await self._reader.getmany(tp, timeout_ms=500, max_records=end - position)
            found += [
                Record(one.offset, one.timestamp, one.key, one.value, tuple(one.headers))
                for one in batches.get(tp, ())
                if one.offset < end
            ]
        return found


@asynccontextmanager
async def open_lake_log(kafka: KafkaSettings) -> AsyncIterator[LakeLog]:
    """Raises TransientError where no broker answers."""
    options = client_options(kafka)
    reader = AIOKafkaConsumer(
        **options,
        client_id="coinlake-tools",
        group_id=None,
        enable_auto_commit=False,
        auto_offset_reset="none",
        max_partition_fetch_bytes=MAX_MESSAGE_BYTES,
    )
    admin = AIOKafkaAdminClient(**options, client_id="coinlake-tools-admin")
    try:
        with translated("connect to Kafka"):
            await reader.start()
            await admin.start()
        yield KafkaLakeLog(reader, admin)
    finally:
        await admin.close()
        await reader.stop()
