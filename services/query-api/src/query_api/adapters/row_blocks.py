"""The rows of a result object as tables of text, block by block, parsed beside the loop."""

import sys
from collections.abc import AsyncGenerator
from contextlib import aclosing
from dataclasses import dataclass

import pyarrow as pa

from query_api.adapters.result_objects import ResultObjects
from query_api.adapters.workers import Workers
from query_api.core.answers import START, Place, ResultObject, Rows
from query_api.core.problems import result_damaged
from query_api.core.result_csv import Block, DamagedResultError, parsed, rows_end

# What is held of an answer's rows before it begins: beyond this it is streamed.
HELD_BYTES = 8 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class RowBlock:
    """Some rows, and where in the object the row behind them begins."""

    cells: pa.Table
    end: Place


async def row_blocks(
    objects: ResultObjects,
    workers: Workers,
    source: ResultObject,
    at: Place,
    most: int,
    head: bytes = b"",
) -> AsyncGenerator[RowBlock]:
    """At most `most` rows from `at` on; `head` are the object's first bytes where they are known.

    Raises ProblemError where the object is gone or damaged, or ends before the rows that Athena
    says it has; TransientError while S3 is away.
    """
    row, left = at.row, most
    async with aclosing(objects.blocks(source, at, head)) as blocks:
        async for block in blocks:
            made = await workers.run(_parsed, block, len(source.columns), row, left)
            row += made.cells.num_rows
            left -= made.cells.num_rows
            _check_count(source, made.end)
            yield made
            if not left:
                return
    _check_count(source, Place(row, source.size))


async def first_rows(
    objects: ResultObjects,
    workers: Workers,
    source: ResultObject,
    max_rows: int,
    head: bytes = b"",
) -> Rows:
    """The first rows of a result: `max_rows` at most, and no more than are held of one."""
    tables: list[pa.Table] = []
    size, end = 0, START
    read = row_blocks(objects, workers, source, end, max_rows, head)
    async with aclosing(read) as blocks:
        async for block in blocks:
            tables.append(block.cells)
            size += block.end.byte - end.byte
            end = block.end
            if size > HELD_BYTES:
                break
    cells = pa.concat_tables(tables) if tables else parsed(b"", len(source.columns))
    more = end.byte < source.size if tables else False
    return Rows(source.columns, cells, more, source.execution_id, source, end)


async def counted_rows(objects: ResultObjects, workers: Workers, source: ResultObject) -> int:
    """How many rows a result has, by reading all of it. Raises as `row_blocks` does."""
    count = 0
    async with aclosing(objects.blocks(source, START)) as blocks:
        async for block in blocks:
            made = await workers.run(_parsed, block, len(source.columns), count, sys.maxsize)
            count = made.end.row
    return count


def _parsed(block: Block, width: int, row: int, most: int) -> RowBlock:
    try:
        cells = parsed(block.data, width)
        used = len(block.data)
        if cells.num_rows > most:
            cells, used = cells.slice(0, most), rows_end(block.data, most)
    except DamagedResultError as error:
        raise result_damaged(str(error)) from error
    return RowBlock(cells, Place(row + cells.num_rows, block.start + used))


def _check_count(source: ResultObject, end: Place) -> None:
    """A row too few or too many at the object's end, or more rows than there are before it."""
    if source.rows is None:
        return
    is_end = end.byte == source.size
    if end.row > source.rows or (is_end and end.row != source.rows):
        raise result_damaged(f"it has {end.row} rows where Athena counted {source.rows}")
