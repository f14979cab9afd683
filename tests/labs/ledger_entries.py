"""Entries of the ledger as tests need them: what a test does not speak of is some value."""

from dataclasses import replace
from typing import Any

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import Counts, LedgerEntry


def ledger_entry(feed: str, hour: Hour, **said: Any) -> LedgerEntry:
    """The first version of an hour, open and of nothing, but for the fields that are `said`."""
    entry = LedgerEntry(
        feed=feed,
        dt=hour.dt,
        hour=hour.hour,
        version=1,
        batch_id="b",
        job_version=1,
        code_version="c",
        inputs=(),
        outputs=(),
        counts=Counts(0, 0, 0, 0, 0, 0, 0, 0, 0),
        run_id="r",
        attempt="a",
        billed_seconds=60,
        min_received_ms=None,
        max_received_ms=None,
        complete=False,
        closed_by="open",
        committed_at_ms=0,
    )
    return replace(entry, **said)
