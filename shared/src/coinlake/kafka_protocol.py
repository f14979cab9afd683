"""Two requests that aiokafka does not speak yet: topics with their ids, and fetching by id.

A topic that is deleted and made anew keeps its name and gets another id (KIP-516). Asked by id,
a broker refuses to answer with the records of another topic of that name. Layouts are those of
Kafka's `MetadataRequest.json` (version 12) and `FetchRequest.json` (version 13); brokers speak
both from Kafka 3.1 on.
"""

from collections.abc import Mapping, Sequence
from io import BytesIO
from typing import Any, ClassVar
from uuid import UUID

from aiokafka.protocol.api import Request, RequestStruct, Response
from aiokafka.protocol.types import (
    Boolean,
    CompactArray,
    CompactBytes,
    CompactString,
    Int8,
    Int16,
    Int32,
    Int64,
    Schema,
    TaggedFields,
)

_ANY_REPLICA = -1
_NO_SESSION, _LAST_EPOCH = 0, -1
_UNKNOWN = -1


class _Uuid(Int64):  # type: ignore[misc]
    """Sixteen bytes. (aiokafka's schemas take subclasses of its own types only: aiokafka 0.14,
    protocol/types.py.)"""

    @classmethod
    def encode(cls, value: UUID) -> bytes:
        return value.bytes

    @classmethod
    def decode(cls, data: BytesIO) -> UUID:
        return UUID(bytes=data.read(16))


_TEXT, _TAGS = CompactString("utf-8"), ("tags", TaggedFields)


class TopicsResponse(Response):  # type: ignore[misc]
    """Brokers, and each topic with its id and its partitions."""

    API_KEY = 3
    API_VERSION = 12
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        (
            "brokers",
            CompactArray(
                ("node_id", Int32), ("host", _TEXT), ("port", Int32), ("rack", _TEXT), _TAGS
            ),
        ),
        ("cluster_id", _TEXT),
        ("controller_id", Int32),
        (
            "topics",
            CompactArray(
                ("error_code", Int16),
                ("name", _TEXT),
                ("topic_id", _Uuid),
                ("is_internal", Boolean),
                (
                    "partitions",
                    CompactArray(
                        ("error_code", Int16),
                        ("partition", Int32),
                        ("leader", Int32),
                        ("leader_epoch", Int32),
                        ("replicas", CompactArray(Int32)),
                        ("isr", CompactArray(Int32)),
                        ("offline_replicas", CompactArray(Int32)),
                        _TAGS,
                    ),
                ),
                ("authorized_operations", Int32),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _TopicsRequest12(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 3
    API_VERSION = 12
    RESPONSE_TYPE = TopicsResponse
    SCHEMA = Schema(
        ("topics", CompactArray(("topic_id", _Uuid), ("name", _TEXT), _TAGS)),
        ("allow_auto_topic_creation", Boolean),
        ("include_topic_authorized_operations", Boolean),
        _TAGS,
    )


class TopicsRequest(Request[_TopicsRequest12]):  # type: ignore[misc]
    """Asks for topics by their names. It creates none."""

    API_KEY: ClassVar[int] = 3

    def __init__(self, names: Sequence[str]) -> None:
        self._names = names

    def build(self, request_struct_class: type[_TopicsRequest12]) -> _TopicsRequest12:
        no_tags: dict[int, bytes] = {}
        topics = [(UUID(int=0), name, no_tags) for name in self._names]
        return request_struct_class(topics, False, False, {})


class FetchResponse(Response):  # type: ignore[misc]
    """Record batches by topic id and partition."""

    API_KEY = 1
    API_VERSION = 13
    SCHEMA = Schema(
        ("throttle_time_ms", Int32),
        ("error_code", Int16),
        ("session_id", Int32),
        (
            "topics",
            CompactArray(
                ("topic_id", _Uuid),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("error_code", Int16),
                        ("high_watermark", Int64),
                        ("last_stable_offset", Int64),
                        ("log_start_offset", Int64),
                        (
                            "aborted_transactions",
                            CompactArray(
                                ("producer_id", Int64), ("first_offset", Int64), _TAGS
                            ),
                        ),
                        ("preferred_read_replica", Int32),
                        ("records", CompactBytes),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        _TAGS,
    )


class _FetchRequest13(RequestStruct):  # type: ignore[misc]
    FLEXIBLE_VERSION = True
    API_KEY = 1
    API_VERSION = 13
    RESPONSE_TYPE = FetchResponse
    SCHEMA = Schema(
        ("replica_id", Int32),
        ("max_wait_ms", Int32),
        ("min_bytes", Int32),
        ("max_bytes", Int32),
        ("isolation_level", Int8),
        ("session_id", Int32),
        ("session_epoch", Int32),
        (
            "topics",
            CompactArray(
                ("topic_id", _Uuid),
                (
                    "partitions",
                    CompactArray(
                        ("partition", Int32),
                        ("current_leader_epoch", Int32),
                        ("fetch_offset", Int64),
                        ("last_fetched_epoch", Int32),
                        ("log_start_offset", Int64),
                        ("partition_max_bytes", Int32),
                        _TAGS,
                    ),
                ),
                _TAGS,
            ),
        ),
        (
            "forgotten_topics",
            CompactArray(("topic_id", _Uuid), ("partitions", CompactArray(Int32)), _TAGS),
        ),
        ("rack_id", _TEXT),
        _TAGS,
    )


class FetchRequest(Request[_FetchRequest13]):  # type: ignore[misc]
    """Asks a leader for records as they lie there, committed or not.

    `wanted` maps topic ids to partitions and the offsets to read from; `partition_bytes` of each
    and `max_bytes` of all are soft limits (KIP-74: a first batch comes whole).
    """

    API_KEY: ClassVar[int] = 1

    def __init__(
        self,
        wanted: Mapping[UUID, Mapping[int, int]],
        *,
        max_wait_ms: int,
        max_bytes: int,
        partition_bytes: int,
    ) -> None:
        self._wanted = wanted
        self._max_wait_ms = max_wait_ms
        self._max_bytes = max_bytes
        self._partition_bytes = partition_bytes

    def build(self, request_struct_class: type[_FetchRequest13]) -> _FetchRequest13:
        none: dict[int, bytes] = {}
        topics = [
            (
                topic_id,
                [
                    (number, _UNKNOWN, offset, _UNKNOWN, _UNKNOWN, self._partition_bytes, none)
                    for number, offset in partitions.items()
                ],
                none,
            )
            for topic_id, partitions in self._wanted.items()
        ]
        fixed: tuple[Any, ...] = (
            _ANY_REPLICA,
            self._max_wait_ms,
            1,
            self._max_bytes,
            0,
            _NO_SESSION,
            _LAST_EPOCH,
        )
        return request_struct_class(*fixed, topics, [], "", {})
