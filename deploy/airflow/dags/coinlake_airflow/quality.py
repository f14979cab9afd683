"""The gate: hours in which a hard rule failed too often are published, and not announced."""

from coinlake.contracts.ledger import LedgerEntry


def too_many_failures(entry: LedgerEntry, max_share: float) -> list[str]:
    """What is wrong with a committed hour, by the counts in its ledger entry.

    What fails a hard rule is in the quarantine and in no table, so nothing wrong is published; but
    whoever computes from the hour may want to know that so much of it is missing.
    """
    return [
        f"{entry.feed}/{entry.dt}/{entry.hour}: {one.rule} of {one.table} failed for {one.failed} of "
        f"{one.evaluated}, more than {max_share:.2%}"
        for one in entry.quality
        if one.hard and one.failed > max_share * one.evaluated
    ]
