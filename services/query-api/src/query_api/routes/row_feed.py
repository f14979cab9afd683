"""The rows of one answer in their order: those in memory, then those of the result object."""

from collections.abc import AsyncGenerator, AsyncIterator, Awaitable, Callable
from contextlib import aclosing
from dataclasses import dataclass

import pyarrow as pa

from query_api.adapters.row_blocks import HELD_BYTES, RowBlock
from query_api.core.answers import START, Place, ResultColumn, Rows
from query_api.core.problems import result_damaged

# Rows that are encoded at a time where they lie in memory.
_ROWS_AT_ONCE = 10_000


@dataclass(frozen=True, slots=True)
class Page:
    """Which rows of a result an answer has: `rows` from number `first` on.

    `more`: the result has rows behind them. `near` is a place at or before the first of these.
    """

    first: int
    rows: int
    more: bool
    near: Place


@dataclass(frozen=True, slots=True)
class ObjectRows:
    """Rows that are still in the result object of `size` bytes: `blocks` begins at `start`, and its
    first `skip` rows are not wanted. `total` tells how many rows the result has."""

    blocks: AsyncGenerator[RowBlock]
    start: Place
    skip: int
    size: int
    total: Callable[[], Awaitable[int]]


class RowFeed:
    """At most `most` rows of a result, from number `first` on: `memory`, then those of `behind`.

    First `held` gives as many as are held before an answer begins, then `page` says which rows all
    of them are, then `rest` gives the others.
    """

    def __init__(
        self,
        columns: tuple[ResultColumn, ...],
        memory: pa.Table,
        page: Page,
        behind: ObjectRows | None = None,
    ) -> None:
        """`page` is that of the rows in memory where nothing is behind them; otherwise its `rows`
        are the most that are wanted."""
        self.columns = columns
        self.is_finished = False
        self._memory = memory
        self._page = page
        self._behind = behind
        self._near = page.near if behind is None else behind.start
        self._count = 0
        self._tables = self._all()

    async def held(self) -> AsyncIterator[pa.Table]:
        """The first rows, until they are many bytes."""
        size = 0
        async for cells in self._tables:
            size += cells.nbytes
            yield cells
            if size > HELD_BYTES:
                return
        self.is_finished = True

    async def page(self) -> Page:
        """Which rows the answer has, after `held`."""
        first, most = self._page.first, self._page.rows
        if self._behind is None:
            return self._page
        if self.is_finished:
            # Fewer than are wanted: the object has ended, though where is told by its blocks alone.
            more = self._count >= most and self._near.byte < self._behind.size
            return Page(first, self._count, more, self._near)
        total = await self._behind.total()
        rows = min(most, total - first)
        return Page(first, rows, total > first + rows, self._near)

    async def rest(self, promised: int) -> AsyncIterator[pa.Table]:
        """The other rows. Raises ProblemError where all are not as many as `promised`."""
        async for cells in self._tables:
            yield cells
        if self._count != promised:
            raise result_damaged(f"{self._count} rows came instead of {promised}")

    async def _all(self) -> AsyncGenerator[pa.Table]:
        for start in range(0, self._memory.num_rows, _ROWS_AT_ONCE):
            yield self._counted(self._memory.slice(start, _ROWS_AT_ONCE))
        if self._behind is None:
            return
        skip = self._behind.skip
        async with aclosing(self._behind.blocks) as blocks:
            async for block in blocks:
                passed = min(skip, block.cells.num_rows)
                skip -= passed
                self._near = block.end
                if passed < block.cells.num_rows:
                    yield self._counted(block.cells.slice(passed))

    def _counted(self, cells: pa.Table) -> pa.Table:
        self._count += cells.num_rows
        return cells


def feed_of_rows(rows: Rows) -> RowFeed:
    """All rows that are in memory."""
    return RowFeed(rows.columns, rows.cells, Page(0, len(rows), rows.truncated, START))
