"""Records as aiokafka gives them, in the words of the contract: one by one, or whole batches."""

from typing import Any

from aiokafka.errors import CorruptRecordException
from aiokafka.record.memory_records import MemoryRecords

from coinlake.contracts.raw_columns import Columns, Record, columns_from, joined


def record_of(fetched: Any) -> Record:
    """Nothing is lost on the way: value and key stay bytes or null, headers keep their order."""
    return Record(
        fetched.offset, fetched.timestamp, fetched.key, fetched.value, tuple(fetched.headers)
    )


def columns_of_batches(data: bytes, position: int) -> tuple[Columns, int]:
    """The records of a fetch response from a position on, and the position behind them.

    The broker sends whole batches, so the first may start before the position. Markers of
    transactions take offsets but are no records. Raises CorruptRecordException.
    """
    pieces = []
    records = MemoryRecords(data)
    while (batch := records.next_batch()) is not None:
        if not batch.validate_crc():
            raise CorruptRecordException(f"a batch at offset {position} fails its checksum")
        if not batch.is_control_batch:
            pieces.append(_columns(batch).starting_at(position))
        position = max(position, batch.next_offset)
    return joined(pieces), position


def _columns(batch: Any) -> Columns:
    rows = list(batch)
    first, last = (rows[0].offset, rows[-1].offset) if rows else (0, -1)
    # With a range for the offsets, no record but one with a key or a header costs an object here.
    is_whole = last - first == len(rows) - 1
    return columns_from(
        range(first, last + 1) if is_whole else [row.offset for row in rows],
        [row.timestamp for row in rows],
        [row.value for row in rows],
        [row.key for row in rows],
        [row.headers for row in rows],
    )
