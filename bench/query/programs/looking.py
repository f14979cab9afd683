"""What the rows of an answer are, whichever client gave them: so that all can be seen to have got the same."""

import hashlib
import math
from collections.abc import Iterable, Sequence
from datetime import datetime
from decimal import Decimal, localcontext
from typing import Any

# Column, and what it is made into: the same text for the same value of any client's types.
COLUMNS = (
    "asset_id",
    "symbol",
    "rank",
    "price_usd",
    "market_cap_usd",
    "change_24h_pct",
    "source_ts",
    "kafka_offset",
)
_SAMPLE = 1000


def looked_at(found: Any) -> dict[str, Any]:
    """Count, sums and a digest of up to 1,000 rows spread evenly, in the order of their offsets.

    `found` is a list of rows, a pyarrow table, or a pandas data frame.
    """
    rows = sorted(_rows(found), key=lambda row: int(row[-1]))
    spread = rows[:: max(1, len(rows) // _SAMPLE)]
    digest = hashlib.sha256()
    for row in spread:
        digest.update(repr(_canonical(row)).encode())
    return {
        "rows": len(rows),
        "offsets": sum(int(row[-1]) for row in rows),
        "dollars": _dollars(rows),
        "nulls": sum(_is_null(row[2]) for row in rows),
        "sample": digest.hexdigest(),
    }


def _dollars(rows: Sequence[Sequence[Any]]) -> str:
    with localcontext() as exact:
        exact.prec = 60
        return f"{sum((Decimal(str(row[3])) for row in rows), Decimal()):.18f}"


def _rows(found: Any) -> Iterable[Sequence[Any]]:
    if hasattr(found, "to_pydict"):  # a pyarrow table
        columns = found.to_pydict()
        return zip(*(columns[name] for name in COLUMNS), strict=True)
    if hasattr(found, "itertuples"):  # a pandas data frame
        return list(found[list(COLUMNS)].itertuples(index=False, name=None))
    return list(found)


def _canonical(row: Sequence[Any]) -> tuple[str | None, ...]:
    asset_id, symbol, rank, price, cap, change, at, offset = row
    return (
        str(asset_id),
        str(symbol),
        None if _is_null(rank) else str(int(rank)),
        *(f"{Decimal(str(one)):.18f}" for one in (price, cap)),
        f"{Decimal(str(change)):.28f}",
        _time(at),
        str(int(offset)),
    )


def _is_null(value: Any) -> bool:
    return (
        value is None
        or str(value) in ("<NA>", "NaT")
        or (isinstance(value, float) and math.isnan(value))
    )


def _time(value: Any) -> str:
    """Milliseconds, without a zone: all are UTC."""
    text = value if isinstance(value, str) else value.isoformat()
    at = datetime.fromisoformat(text.replace(" UTC", "").replace(" ", "T"))
    return at.replace(tzinfo=None).isoformat(timespec="milliseconds")
