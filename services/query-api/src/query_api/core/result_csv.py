"""Athena's result object: CSV in which null is nothing and an empty text is `""`.

Each field that is not null is in quotes, quotes within it are doubled, and line ends may be within
them (PyAthena #118 shows the bytes). An object comes in blocks, which are cut where rows end.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import pyarrow as pa
from pyarrow import csv

from query_api.core.answers import ResultColumn

_QUOTE, _LINE_END = b'"', b"\n"
# One block is parsed at a time, whole; the parser's own blocks must not be smaller.
_MAX_BLOCK_BYTES = 1 << 30


BLOCK_BYTES = 1024 * 1024
"""What a block has at least, but for the last: a few milliseconds of work."""
MAX_ROW_BYTES = 16 * BLOCK_BYTES


class DamagedResultError(ValueError):
    """Bytes that are no whole rows of such a result."""


@dataclass(frozen=True, slots=True)
class Block:
    """Whole rows as bytes, and the byte of the object at which they begin."""

    data: bytes
    start: int


class BlockCutter:
    """Cuts an object's bytes, fed piece by piece from byte `start` on, into blocks.

    From byte 0 the line of labels is checked and left out.
    """

    def __init__(self, columns: Sequence[ResultColumn], start: int) -> None:
        self._labels = None if start else [column.name for column in columns]
        self._pieces: list[bytes] = []
        self._size = 0
        self._start = start
        self._enough = BLOCK_BYTES

    def fed(self, piece: bytes) -> Block | None:
        """The next block, where the piece filled one. Raises DamagedResultError."""
        self._pieces.append(piece)
        self._size += len(piece)
        if self._size < self._enough:
            return None
        data = self._taken()
        end = whole_rows(data)
        if not end and len(data) > MAX_ROW_BYTES:
            raise DamagedResultError(f"a row of more than {MAX_ROW_BYTES} bytes")
        # One long row is looked through a few times, not once for each piece.
        self._enough = BLOCK_BYTES if end else 2 * len(data)
        return self._cut(data, end)

    def last(self) -> Block | None:
        """What is left, which ends with a row. Raises DamagedResultError where it does not."""
        data = self._taken()
        if whole_rows(data) != len(data):
            raise DamagedResultError("it ends within a row")
        return self._cut(data, len(data))

    def _taken(self) -> bytes:
        data = b"".join(self._pieces)
        if self._labels is not None:
            skipped = header_end(data, self._labels)
            self._labels = None
            data, self._start = data[skipped:], self._start + skipped
        return data

    def _cut(self, data: bytes, end: int) -> Block | None:
        block = Block(data[:end], self._start) if end else None
        self._pieces = [data[end:]] if end < len(data) else []
        self._size = len(data) - end
        self._start += end
        return block


def whole_rows(data: bytes) -> int:
    """How many bytes of `data`, which begins with a row, are whole rows: up to its last row's end."""
    end = data.rfind(_LINE_END)
    while end >= 0 and data.count(_QUOTE, 0, end) % 2:
        # Within quotes: no row ends here.
        end = data.rfind(_LINE_END, 0, end)
    return end + 1


def rows_end(data: bytes, count: int) -> int:
    """Where the first `count` rows of `data` end. Raises DamagedResultError where it has fewer."""
    at = 0
    for _ in range(count):
        start, is_open = at, True
        while is_open:
            end = data.find(_LINE_END, at)
            if end < 0:
                raise DamagedResultError(f"fewer than {count} rows")
            at = end + 1
            is_open = data.count(_QUOTE, start, at) % 2 == 1
    return at


def parsed(data: bytes, width: int) -> pa.Table:
    """Whole rows as `width` columns of text. Raises DamagedResultError."""
    names = [str(number) for number in range(width)]
    if not data:
        return pa.table({name: pa.array([], pa.string()) for name in names})
    if not data.endswith(_LINE_END):
        raise DamagedResultError("the last row has no end")
    try:
        return csv.read_csv(
            pa.BufferReader(data),
            read_options=csv.ReadOptions(
                column_names=names, use_threads=False, block_size=_MAX_BLOCK_BYTES
            ),
            parse_options=csv.ParseOptions(newlines_in_values=True, ignore_empty_lines=False),
            convert_options=csv.ConvertOptions(
                column_types=dict.fromkeys(names, pa.string()),
                null_values=[""],
                strings_can_be_null=True,
                quoted_strings_can_be_null=False,
            ),
        )
    except (pa.ArrowInvalid, pa.ArrowKeyError) as error:
        raise DamagedResultError("the rows cannot be read") from error


def header_end(data: bytes, labels: Sequence[str]) -> int:
    """Where the line of labels that begins a SELECT's object ends.

    Raises DamagedResultError where it has other labels: the object is of another query.
    """
    end = rows_end(data, 1)
    found = parsed(data[:end], len(labels))
    if [column[0].as_py() for column in found.columns] != list(labels):
        raise DamagedResultError("the first line does not have the names of the columns")
    return end
