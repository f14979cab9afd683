"""Somebody who reads a live view all the time while real hours are rebuilt, published and moved."""

import json
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from coinlake.views.definition import boundary_of
from coinlake.views.live import live_view_names
from tests.integration.etl_runner.conftest import Lake, Start, until

# Recent: a boundary is, and Athena lists every hour behind it.
OLDER = hour_of(int(time.time() * 1000) - 4 * HOUR_MS)
NEWER = hour_of(OLDER.start_ms + HOUR_MS)
FEED = "exchanges"
COUNTED = (
    "SELECT count(*), count(DISTINCT exchange_id), count_if(is_live) FROM exchanges_live"
    f" WHERE dt >= '{OLDER.dt}'"
)


def answer(hour: Hour, *ids: str) -> bytes:
    data = [{"exchangeId": one, "name": one, "rank": "1"} for one in ids]
    envelope = {"data": data, "timestamp": hour.start_ms + 500}
    return json.dumps(envelope, separators=(",", ":")).encode()


@contextmanager
def reading(lake: Lake) -> Iterator[list[tuple[int, ...]]]:
    """The counts of the view, asked again and again beside the block."""
    seen: list[tuple[int, ...]] = []
    over = threading.Event()

    def read() -> None:
        while not over.is_set():
            (row,) = lake.sql(COUNTED)
            seen.append(tuple(int(one or 0) for one in row))

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield seen
        before = len(seen)
        until(lambda: len(seen) > before + 1)
    finally:
        over.set()
        reader.join()


def boundaries(lake: Lake) -> set[Hour | None]:
    return {
        boundary_of(lake.glue.get_table(DatabaseName="coinlake", Name=name)["Table"])
        for name in live_view_names(TABULAR[FEED])
    }


def test_no_row_is_twice_there_and_none_is_missing_while_hours_are_published(
    lake: Lake, start_runner: Start
) -> None:
    lake.land(FEED, OLDER, [answer(OLDER, "a", "b", "c"), answer(OLDER, "a", "b", "c")])
    lake.land(FEED, NEWER, [answer(NEWER, "d", "e")])
    with reading(lake) as seen:
        until(lambda: seen)
        start_runner(ETL_RUNNER_CLOSE_AGE_S="1")
        until(lambda: boundaries(lake) == {NEWER})

    # The first two answers of the older hour are one: the second was sent again.
    assert {(rows, ids) for rows, ids, _ in seen} == {(5, 5)}
    live = [row[2] for row in seen]
    assert (live[0], live[-1]) == (5, 0)
    assert live == sorted(live, reverse=True)
    assert lake.sql(f"SELECT count(*) FROM exchanges WHERE dt >= '{OLDER.dt}'") == [["5"]]


def test_a_late_answer_of_a_closed_hour_comes_with_its_rebuild(
    lake: Lake, start_runner: Start
) -> None:
    start_runner(ETL_RUNNER_CLOSE_AGE_S="1")
    versions = len(lake.ledger(FEED, OLDER))
    assert versions

    lake.land(FEED, OLDER, [answer(OLDER, "late")])

    until(lambda: len(lake.ledger(FEED, OLDER)) > versions)
    assert lake.sql(COUNTED) == [["6", "6", "0"]]
    assert boundaries(lake) == {NEWER}
