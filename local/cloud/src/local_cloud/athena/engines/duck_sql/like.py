"""LIKE as DuckDB's SQL: its own where that means the same."""

from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import Constant, Expr, Special
from local_cloud.athena.sql.values.like import like_pattern

# DuckDB tries each place for each of them that something follows.
MAX_PERCENTS = 2


def like(text: Text, expr: Special) -> str:
    value, pattern, *escape = expr.operands
    made = text.of(value)
    if value.type.name == "char":
        made = f"rpad({made}, {value.type.precision}, ' ')"
    given = [text.of(one) for one in (pattern, *escape)]
    if _is_native(pattern, *escape):
        return f"({made} LIKE {' ESCAPE '.join(given)})"
    kinds = (t.VARCHAR,) * (1 + len(given))
    return text.python(_matches, kinds, t.BOOLEAN, made, *given, key="like")


def _matches(value: str, pattern: str, escape: str | None = None) -> bool:
    return like_pattern(pattern, escape).matches(value)


def _is_native(pattern: Expr, escape: Expr | None = None) -> bool:
    """Whether both are known and right, and nothing that DuckDB would be slow at."""
    if not isinstance(pattern, Constant) or pattern.value is None:
        return False
    written: str = pattern.value
    few = written.count("%") <= MAX_PERCENTS
    if escape is None:
        # Without _ it looks for one part behind the other.
        return "_" not in written or few
    if not isinstance(escape, Constant) or escape.value is None:
        return False
    try:
        like_pattern(written, escape.value)
    except QueryError:
        return False
    # DuckDB takes an escape of one byte.
    return few and str(escape.value).isascii()
