"""LIKE as DuckDB's SQL: its own where that means the same."""

from typing import TYPE_CHECKING

from local_cloud.athena import types as t
from local_cloud.athena.failures import QueryError
from local_cloud.athena.ir import Constant, Expr, Special
from local_cloud.athena.values.like import like_pattern

if TYPE_CHECKING:
    from local_cloud.athena.duck_sql.text import Text


def like(text: "Text", expr: Special) -> str:
    value, pattern, *escape = expr.operands
    made = text.of(value)
    if value.type.name == "char":
        made = f"rpad({made}, {value.type.precision}, ' ')"
    if not escape:
        return f"({made} LIKE {text.of(pattern)})"
    operands = (made, text.of(pattern), text.of(escape[0]))
    if _is_sound(pattern, escape[0]):
        return f"({operands[0]} LIKE {operands[1]} ESCAPE {operands[2]})"
    return text.python(_matches, (t.VARCHAR,) * 3, t.BOOLEAN, *operands, key="like")


def _matches(value: str, pattern: str, escape: str) -> bool:
    return like_pattern(pattern, escape).matches(value)


def _is_sound(pattern: Expr, escape: Expr) -> bool:
    """Whether both are known and right; DuckDB takes an escape of one byte."""
    if not isinstance(pattern, Constant) or not isinstance(escape, Constant):
        return False
    if pattern.value is None or escape.value is None or not escape.value.isascii():
        return False
    try:
        like_pattern(pattern.value, escape.value)
    except QueryError:
        return False
    return True
