"""The sums of an hour: they hold, or nothing is published."""

from typing import Any

import pytest

from coinlake.contracts.batches import (
    JOB_VERSION,
    MAX_HOUR_BYTES,
    BatchHour,
    BatchInput,
    FrozenOutput,
    Manifest,
    Result,
    parse_manifest,
    parse_result,
)
from coinlake_job.rebuild import HourTooLargeError, refuse_too_large, tasks
from coinlake_job.result import UnbalancedError, hour_result, put_aside

HOUR = BatchHour(
    "assets", "2026-11-20", "07", 0, (FrozenOutput("quotes", None),), (BatchInput("k", "e", 5),)
)
GOOD = {
    "records": 6,
    "usable": 2,
    "quarantined_records": 1,
    "duplicates": 1,
    "heartbeats": 2,
    "elements": 5,
    "rows": 4,
    "quarantined_rows": 1,
    "unknown:x": 3,
    "unfit:rank": 2,
    "unreadable:raw/k": 1,
}


def tallies(**changed: int) -> list[dict[str, Any]]:
    return [
        {
            "feed": "assets",
            "dt": "2026-11-20",
            "hour": "07",
            "name": name,
            "n": n,
            "min_ms": 10,
            "max_ms": 20 if name == "usable" else 15,
        }
        for name, n in (GOOD | changed).items()
    ]


def files(rows: int = 4, aside: int = 3) -> list[dict[str, Any]]:
    counts = {"quotes": rows, "quotes_quarantine": aside}
    return [
        {"table": table, "key": "k", "etag": "e", "size": 1, "rows": n}
        for table, n in counts.items()
    ]


def test_an_hour_that_balances_has_a_result() -> None:
    result = hour_result(HOUR, tallies(), files(), "quotes")

    assert (result.counts.records, result.counts.unknown_fields) == (6, 3)
    assert (result.unknown, result.notes) == ({"x": 3}, {"unfit:rank": 2})
    assert result.unreadable == ("raw/k",)
    assert (result.min_received_ms, result.max_received_ms) == (10, 20)


@pytest.mark.parametrize(
    ("changed", "rows", "aside"),
    [({"records": 7}, 4, 3), ({"elements": 6}, 4, 3), ({}, 3, 3), ({}, 4, 2)],
)
def test_a_row_lost_or_doubled_fails_the_run(
    changed: dict[str, int], rows: int, aside: int
) -> None:
    with pytest.raises(UnbalancedError, match="does not hold"):
        hour_result(HOUR, tallies(**changed), files(rows, aside), "quotes")


def test_only_quarantines_with_rows_are_made() -> None:
    token = tallies()[0] | {"name": "rule:token_usable"}

    assert put_aside(tallies()) == {"quotes_quarantine"}
    assert put_aside([token]) == {"asset_tokens_quarantine"}
    assert put_aside([tallies()[0]]) == set()


def test_manifest_and_result_come_back() -> None:
    manifest = Manifest("b", JOB_VERSION, "c", 5, (HOUR,))
    result = Result("b", "a", 1, "c", 9, (hour_result(HOUR, tallies(), files(), "quotes"),))

    assert parse_manifest(manifest.encode()) == manifest
    assert parse_result(result.encode()) == result
    for broken in (b"", b"{}", b'{"hours":[{}]}', b"\xff"):
        with pytest.raises(ValueError):  # noqa: PT011
            parse_manifest(broken)
        with pytest.raises(ValueError):  # noqa: PT011
            parse_result(broken)


def test_an_hour_too_large_is_refused_with_what_to_do() -> None:
    large = BatchHour(
        "assets", "2026-11-20", "07", 0, (), (BatchInput("k", "e", MAX_HOUR_BYTES + 1),)
    )

    with pytest.raises(HourTooLargeError, match="poll less often"):
        refuse_too_large(Manifest("b", 1, "c", 5, (large,)))
    assert tasks(Manifest("b", 1, "c", 5, (HOUR,))) == 2
    assert tasks(Manifest("b", 1, "c", 5, (large,))) == 64
