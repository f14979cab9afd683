"""The `meta` of an answer: how fresh it is and what it cost."""

from collections.abc import Iterable
from decimal import Decimal
from typing import Any

from query_api.adapters.ledger import LedgerView
from query_api.core.answers import QueryResult
from query_api.core.cost import total_dollars
from query_api.core.coverage import dataset_version, newest_received_ms, watermark_ms
from query_api.core.window import rfc3339, time_or_null


def answer_meta(
    view: LedgerView,
    feeds: Iterable[str],
    result: QueryResult | None,
    usd_per_tb: Decimal,
    version: str | None,
    *,
    is_live: bool = False,
    version_after: str | None = None,
    is_kept: bool = False,
) -> dict[str, Any]:
    """How fresh an answer is, of which version, and what it cost: nothing without a query.

    `version` is None where what it can be made from is too much to name. `version_after` is what a
    look after the query saw; None where nobody looked.
    """
    names = sorted(set(feeds))
    scans = () if result is None else result.scans
    usd = total_dollars(scans, usd_per_tb)
    return {
        "as_of": rfc3339(view.at_ms),
        "newest_received": time_or_null(
            _oldest(newest_received_ms(view.heads, feed) for feed in names)
        ),
        "watermark": time_or_null(_oldest(watermark_ms(view.heads, feed) for feed in names)),
        "dataset_version": version,
        "dataset_version_after": version_after,
        "live": is_live,
        "kept": is_kept,
        "scanned_bytes": sum(scans),
        "usd": f"{usd:f}",
        "rows": 0 if result is None else len(result.rows),
        "truncated": result is not None and result.rows.truncated,
    }


def looked_meta(
    view: LedgerView, feeds: Iterable[str], usd_per_tb: Decimal, rows: int
) -> dict[str, Any]:
    """The same of an answer that no query was made for."""
    names = list(feeds)
    version = dataset_version(view.heads, names)
    return {**answer_meta(view, names, None, usd_per_tb, version), "rows": rows}


def _oldest(times: Iterable[int | None]) -> int | None:
    """Of several feeds the oldest, and none where one has none: the stalest part counts."""
    found = list(times)
    known = [ms for ms in found if ms is not None]
    return min(known) if known and len(known) == len(found) else None
