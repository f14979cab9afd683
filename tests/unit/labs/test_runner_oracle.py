"""The judge of the runner's world: what it says of a commit whose object another batch has replaced."""

import pytest

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import Output, curated_key, ledger_key
from tests.labs.bucket import Bucket, Stored
from tests.labs.ledger_entries import ledger_entry
from tests.labs.sim.wire import is_late
from tests.labs.sim_runner.oracle import Oracle

HOUR = Hour("2026-11-21", "06")
TABLE = TABULAR["markets"].published[0]
ENTRY = ledger_entry(
    "markets", HOUR, outputs=(Output(TABLE, curated_key(TABLE, HOUR), "mine", 1, 1),)
)


def judged(there: Stored | None, *, late: bool) -> list[str]:
    oracle = Oracle(lambda _: None, lambda _: None, lambda _: 0)
    oracle.bucket = Bucket()
    if there is not None:
        oracle.bucket.objects[curated_key(TABLE, HOUR)] = there
    token = is_late.set(late)
    try:
        key = ledger_key(ENTRY.feed, ENTRY.at, 1)
        oracle.landed(key, Stored(ENTRY.encode(), "e", {}), replaced=False)
    finally:
        is_late.reset(token)
    return oracle.violations


def put(batch: str, version: int) -> Stored:
    return Stored(b"[]", batch, {"batch_id": batch, "version": str(version)})


@pytest.mark.parametrize(
    ("there", "late", "is_well"),
    [
        (put("mine", 1), False, True),
        (put("next", 2), False, True),
        # Its runner had given it up, and the next batch of the same version was published.
        (put("next", 1), True, True),
        (put("next", 1), False, False),
        (put("before", 0), True, False),
        (None, True, False),
    ],
)
def test_only_what_came_late_may_name_what_the_next_batch_replaced(
    there: Stored | None, late: bool, is_well: bool
) -> None:
    assert (judged(there, late=late) == []) == is_well
