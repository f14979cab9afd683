"""The sums of an hour: they hold, or nothing is published."""

from collections import Counter

import pytest

from coinlake.contracts.batches import (
    JOB_VERSION,
    MAX_HOUR_BYTES,
    BatchHour,
    BatchInput,
    FrozenOutput,
    Manifest,
    Result,
    StagedFile,
    parse_manifest,
    parse_result,
)
from coinlake.contracts.datasets import ASSETS
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import UnknownField
from coinlake.contracts.raw_layout import RawKey
from coinlake_job.carry import in_order
from coinlake_job.rebuild import HourTooLargeError, refuse_too_large
from coinlake_job.result import UnbalancedError, hour_result
from coinlake_kernel.hour import TypedHour

HOUR = BatchHour(
    "assets", "2026-11-20", "07", 0, (FrozenOutput("quotes", None),), (BatchInput("k", "e", 5),)
)
SEEN = UnknownField("x", 3, "7.5", 10, 20)
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


def typed(**changed: int) -> TypedHour:
    return TypedHour({}, Counter(GOOD | changed), 10, 20, (SEEN,))


def files(rows: int = 4, aside: int = 3) -> list[StagedFile]:
    counts = {"quotes": rows, "quotes_quarantine": aside}
    return [StagedFile(table, "k", "e", 1, n) for table, n in counts.items()]


def test_an_hour_that_balances_has_a_result() -> None:
    result = hour_result(HOUR, typed(), files())

    assert (result.counts.records, result.counts.unknown_fields) == (6, 3)
    assert (result.unknown, result.notes) == ({"x": 3}, {"unfit:rank": 2})
    assert (result.unknown_fields, result.contract) == ((SEEN,), ASSETS.version)
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
        hour_result(HOUR, typed(**changed), files(rows, aside))


def test_manifest_and_result_come_back() -> None:
    manifest = Manifest("b", JOB_VERSION, "c", 5, (HOUR,))
    result = Result("b", "a", 1, "c", 9, (hour_result(HOUR, typed(), files()),))

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

    refuse_too_large(Manifest("b", 1, "c", 5, (HOUR,)))
    with pytest.raises(HourTooLargeError, match="poll less often"):
        refuse_too_large(Manifest("b", 1, "c", 5, (large,)))


def test_objects_are_read_in_the_order_of_kafka_and_those_of_others_last() -> None:
    hour = Hour("2026-11-20", "07")
    keys = [str(RawKey("coincap.assets.v1", hour, *place)) for place in ((2, 0, 5), (10, 0, 0))]
    foreign = ["raw/coincap.assets.v1/dt=2026-11-20/hour=07/a.json", "raw/x"]

    found = in_order(
        [BatchInput(key, "e", 1) for key in (foreign[1], *reversed(keys), foreign[0])]
    )

    assert [item.key for item in found] == [*keys, *foreign]
