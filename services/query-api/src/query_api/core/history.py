"""The SQL of a history: rows in a range of source time, in pages that follow one another."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from query_api.core.feed_rows import FeedRows
from query_api.core.literals import bigint, timestamp
from query_api.core.statements import (
    Condition,
    Statement,
    between_hours,
    both,
    selected,
    source,
)
from query_api.core.window import TimeWindow, received_hours

ASCENDING, DESCENDING = "asc", "desc"
_TURNS = {
    # What is not in the tables yet is the newest.
    ASCENDING: ("ASC", "LAST"),
    DESCENDING: ("DESC", "FIRST"),
}


@dataclass(frozen=True, slots=True)
class Page:
    """A part of a history: of the rows in `window`, `limit` after the first `skip`."""

    window: TimeWindow
    limit: int
    order: str
    skip: int = 0

    def after(self, times: Sequence[str], moment: Callable[[str], int]) -> "Page":
        """The page after one whose rows have these source times; `moment` tells that of one in ms.

        It begins at the time of the last row, without those rows of it that were given: what is
        published meanwhile at other times moves nothing.
        """
        last, last_ms = times[-1], moment(times[-1])
        given = next((n for n, at in enumerate(reversed(times)) if at != last), len(times))
        if given == len(times) and self._begins_at(last_ms):
            given += self.skip
        if self.order == ASCENDING:
            rest = TimeWindow(last_ms, self.window.to_ms)
        else:
            rest = TimeWindow(self.window.from_ms, last_ms + 1)
        return Page(rest, self.limit, self.order, given)

    def _begins_at(self, at_ms: int) -> bool:
        first_ms = self.window.from_ms if self.order == ASCENDING else self.window.to_ms - 1
        return at_ms == first_ms


def history(
    database: str,
    rows: FeedRows,
    which: Condition,
    page: Page,
    skew_ms: int,
    *,
    is_live: bool,
) -> Statement:
    """A page of the rows of some things by `source_ts`; one row more than the limit tells truncation.

    `is_live`: also those that are in no table yet.
    """
    where = both(
        between_hours(*received_hours(page.window, skew_ms)),
        which,
        Condition(
            "source_ts >= ? AND source_ts < ?",
            (timestamp(page.window.from_ms), timestamp(page.window.to_ms)),
        ),
    )
    turn, nulls = _TURNS[page.order]
    things = ", ".join(f"{name} {turn}" for name in rows.identity)
    sql = (
        f"SELECT {selected(rows.told)} FROM {source(database, rows.table, is_live=is_live)} "
        f"WHERE {where.sql} ORDER BY source_ts {turn}, {things}, "
        f"received_ts {turn} NULLS {nulls}, kafka_offset {turn} NULLS {nulls}, "
        f"element_index {turn} OFFSET ? LIMIT ?"
    )
    return Statement(sql, (*where.values, bigint(page.skip), bigint(page.limit + 1)))
