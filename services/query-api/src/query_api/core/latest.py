"""The SQL of latest rows: the newest row of each thing of a feed, from an hour on."""

from coinlake.contracts.hours import Hour
from query_api.core.feed_rows import FeedRows
from query_api.core.literals import bigint
from query_api.core.statements import (
    NEWEST_FIRST,
    Condition,
    Statement,
    both,
    from_hour,
    selected,
    source,
)


def latest(
    database: str,
    rows: FeedRows,
    since: Hour,
    limit: int,
    *,
    which: Condition | None = None,
    having: Condition | None = None,
) -> Statement:
    """The newest row of each thing from an hour on, also those that are in no table yet.

    `which` asks for things by their identity, `having` for what the newest row says: an asset that
    had a symbol once is not found by it. One row more than `limit` tells truncation.
    """
    inner = both(from_hour(since), which)
    outer = both(Condition("place = 1"), having)
    newest = (
        f"SELECT {selected(rows.listed)}, row_number() OVER (PARTITION BY "
        f"{', '.join(rows.identity)} ORDER BY {NEWEST_FIRST}) AS place "
        f"FROM {source(database, rows.table, is_live=True)} WHERE {inner.sql}"
    )
    sql = (
        f"SELECT {', '.join(rows.listed)} FROM ({newest}) "
        f"WHERE {outer.sql} ORDER BY {rows.order} LIMIT ?"
    )
    return Statement(sql, (*inner.values, *outer.values, bigint(limit + 1)))
