"""What the leaders of partitions answered, and its records: decoded in a thread, within the room."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import TypeAlias
from uuid import UUID

from aiokafka import TopicPartition
from aiokafka.errors import CorruptRecordException

from coinlake.record_batches import DecodedBatches, columns_of_batches


@dataclass(frozen=True, slots=True)
class FetchPosition:
    """Where a partition was asked for."""

    topic_id: UUID
    offset: int


@dataclass(frozen=True, slots=True)
class FetchAnswer:
    """What a leader said of one partition. `code` is Kafka's, 0 for no error."""

    tp: TopicPartition
    asked: FetchPosition
    code: int
    data: bytes


DecodedAnswer: TypeAlias = DecodedBatches | CorruptRecordException | None
"""None where no room was left for it in this poll."""


def decode_answers(answers: Iterable[FetchAnswer], room: int) -> list[DecodedAnswer]:
    """In a thread. One partition's corrupt batch is no other partition's trouble.

    The first that holds anything is given at least one record, whatever the room.
    """
    found: list[DecodedAnswer] = []
    left = room
    for answer in answers:
        if left <= 0:
            found.append(None)
            continue
        try:
            decoded = _columns(answer, left, room)
        except CorruptRecordException as error:
            found.append(error)
            continue
        found.append(decoded)
        # What is left over is too small for the next batch, or somebody's single one was too big.
        left = left - decoded.size if decoded.is_whole else 0
    return found


def _columns(answer: FetchAnswer, left: int, room: int) -> DecodedBatches:
    try:
        return columns_of_batches(answer.data, answer.asked.offset, left, room)
    except (CorruptRecordException, MemoryError):
        raise
    except Exception as error:
        # aiokafka's parsers have no error of their own for bytes that make no sense
        # (aiokafka 0.14, record/default_records.py: DefaultRecordBatch).
        raise CorruptRecordException(f"{type(error).__name__}: {error}") from error
