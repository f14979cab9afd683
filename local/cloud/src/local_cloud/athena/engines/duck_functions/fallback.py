"""DuckDB for the common values, and Python for the rest: for functions that whole tables go through.

DuckDB's TRY is no way to find the rest: it starts anew for every single row.
"""

from local_cloud.athena.engines.duck_sql.date_casting import MAX_REPEATED
from local_cloud.athena.sql.ir import Constant, Expr

# Dates and timestamps of four digits' years, and lengths with which none of them leaves the
# engine's range.
_YEARS = (-719_162, 2_932_896)
_DAY_US = 86_400_000_000
_RANGES = {
    "date": _YEARS,
    "timestamp": (_YEARS[0] * _DAY_US, (_YEARS[1] + 1) * _DAY_US - 1),
    "interval day to second": (-(10**6) * 86_400_000, 10**6 * 86_400_000),
    "interval year to month": (-100_000, 100_000),
}
_SQL_RANGES = {
    "date": ("DATE '0001-01-01'", "DATE '9999-12-31'"),
    "timestamp": ("TIMESTAMP '0001-01-01'", "TIMESTAMP '9999-12-31 23:59:59.999999'"),
}


def guarded(fast: str, slow: str, *conditions: str | None) -> str:
    """`fast` where all of the conditions hold, else `slow`; just `slow` where that is long."""
    needed = [one for one in conditions if one is not None]
    if not needed:
        return fast
    if len(slow) > MAX_REPEATED:
        return slow
    return f"(CASE WHEN {' AND '.join(needed)} THEN {fast} ELSE {slow} END)"


def common(value: str, expr: Expr, limit: int | None = None) -> str | None:
    """The condition that a value is a common one; None where it is a constant and is.

    `limit` is the largest count.
    """
    low, high = (-limit, limit) if limit is not None else _RANGES[expr.type.name]
    if isinstance(expr, Constant) and expr.value is not None and low <= expr.value <= high:
        return None
    shown = _SQL_RANGES.get(expr.type.name, (str(low), str(high)))
    return f"{value} BETWEEN {shown[0]} AND {shown[1]}"
