"""Pages of a query's result: of the rows that were kept, and of its result object behind them."""

from dataclasses import dataclass

import pyarrow as pa

from query_api.adapters.result_objects import ResultObjects
from query_api.adapters.row_blocks import counted_rows, row_blocks
from query_api.adapters.workers import Workers
from query_api.core.answers import START, Place, ResultObject, Rows
from query_api.core.result_csv import parsed
from query_api.routes.row_feed import ObjectRows, Page, RowFeed


@dataclass(frozen=True, slots=True)
class ResultPages:
    """Reads pages. `max_rows` is the most rows of a result that are given, over all of its pages."""

    objects: ResultObjects
    workers: Workers
    max_rows: int

    def kept(self, rows: Rows, first: int, most: int) -> RowFeed | None:
        """A page of rows that are in memory; None where it needs others."""
        most = min(most, self.max_rows - first)
        if rows.truncated and first + most > len(rows):
            return None
        cells = rows.cells.slice(min(first, len(rows)), most)
        more = first + cells.num_rows < len(rows) or rows.truncated
        return RowFeed(rows.columns, cells, Page(first, cells.num_rows, more, START))

    def stored(
        self, source: ResultObject, rows: Rows | None, first: int, most: int, near: Place
    ) -> RowFeed:
        """A page of the result object, of which `rows` are the first, where they are kept.

        `near` is a place at or before the row `first`.
        """
        most = min(most, self.max_rows - first)
        held = _none(source) if rows is None else rows.cells
        memory = held.slice(min(first, held.num_rows), most)
        if rows is not None and rows.source == source and near.row < rows.end.row:
            # The rows that are kept need not be read again, whether they are wanted or passed over.
            near = rows.end if first + memory.num_rows >= rows.end.row else near
        skip = first + memory.num_rows - near.row
        blocks = row_blocks(
            self.objects, self.workers, source, near, skip + most - memory.num_rows
        )
        behind = ObjectRows(blocks, near, skip, source.size, lambda: self._total(source))
        return RowFeed(source.columns, memory, Page(first, most, more=True, near=near), behind)

    async def _total(self, source: ResultObject) -> int:
        if source.rows is not None:
            return source.rows
        return await counted_rows(self.objects, self.workers, source)


def _none(source: ResultObject) -> pa.Table:
    return parsed(b"", len(source.columns))
