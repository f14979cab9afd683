"""Reading a log beside every group: what lies at an offset, and who is a member of a group."""

import asyncio
from collections.abc import Sequence
from dataclasses import dataclass

from aiokafka import AIOKafkaClient
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import for_code

from coinlake.errors import TransientError, Trouble
from coinlake.kafka import translated
from coinlake.kafka_protocol import FetchRequest
from coinlake.record_batches import DecodedBatches, columns_of_batches
from coinlake.topic_state import TopicState

_WAIT_MS = 500
_TIMEOUT_S = 30.0


@dataclass(frozen=True, slots=True)
class Group:
    """A consumer group: its state in Kafka's words; of each member its id and, as bytes, its share."""

    state: str
    shares: Sequence[bytes]
    members: Sequence[str] = ()


async def read_batches(
    client: AIOKafkaClient,
    topic: TopicState,
    number: int,
    offset: int,
    *,
    max_bytes: int,
    room: int,
) -> DecodedBatches:
    """The records from an offset on that one fetch brings, and the position behind them.

    `max_bytes` is as on the wire (the first batch comes whole, KIP-74), `room` is unpacked, at
    least one record. Raises TransientError where nobody leads the partition, the topic is another
    one by now, or nothing comes.
    """
    what = f"read {topic.name}-{number} at {offset}"
    node = topic.leaders.get(number)
    if node is None:
        raise TransientError(f"{what}: it has no leader")
    request = FetchRequest(
        {topic.id: {number: offset}},
        max_wait_ms=_WAIT_MS,
        max_bytes=max_bytes,
        partition_bytes=max_bytes,
    )
    try:
        async with asyncio.timeout(_TIMEOUT_S):
            with translated(what):
                answer = await client.send(node, request)
        with translated(what):
            ((_, ((_, code, *_, data, _),), _),) = answer.topics
            if code:
                raise for_code(code)(what)
            found = await asyncio.to_thread(columns_of_batches, data or b"", offset, room, room)
    except TimeoutError as error:
        raise TransientError(f"{what}: no answer", Trouble.CONNECTION) from error
    if found.position == offset:
        raise TransientError(f"{what}: the broker returned nothing")
    return found


async def described(admin: AIOKafkaAdminClient, group: str) -> Group:
    """A group as its coordinator knows it. Raises TransientError, also where that is loading."""
    with translated(f"group {group}"):
        (answer,) = await admin.describe_consumer_groups([group])
        # (error, group, state, protocol type, protocol, members, …: Kafka protocol, DescribeGroups)
        code, _, state, _, _, members, *_ = answer.groups[0]
        if code:
            # The coordinator is loading, or has moved: that it names no members says nothing.
            raise for_code(code)(group)
        return Group(state, [row[-1] for row in members], [row[0] for row in members])
