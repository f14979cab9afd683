"""Which expressions may fail, so that DuckDB must not compute them too early."""

from typing import TypeGuard

from local_cloud.athena.engines.duck_sql import casting
from local_cloud.athena.engines.duck_sql.registry import IMPLEMENTATIONS, SqlFunction
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import BoundCall, Cast, Constant, Expr, Special, walk
from local_cloud.athena.sql.values.like import like_pattern

_ORDERED = ("<", "<=", ">", ">=", "between")
# Forms that may raise by themselves, whatever their operands are.
FAILING: set[str] = set()


def is_order_of_nested(expr: Expr) -> TypeGuard[Special]:
    """Whether it compares the order of arrays or rows, which fails where a null is inside."""
    return (
        isinstance(expr, Special) and expr.form in _ORDERED and bool(expr.operands[0].type.args)
    )


def can_fail(expr: Expr) -> bool:
    """Whether evaluating it could raise, so that it must not be evaluated too early."""
    return any(_raises(one) for one in walk(expr))


def _raises(one: Expr) -> bool:
    if isinstance(one, Cast):
        return not casting.is_total(one)
    if isinstance(one, BoundCall):
        found = IMPLEMENTATIONS.get(one.bound.declared.key)
        return not (isinstance(found, SqlFunction) and found.never_fails(one))
    if isinstance(one, Special):
        # A scalar subquery may give two rows; nested values may not be comparable.
        if one.form == "scalar" or one.form in FAILING:
            return True
        if one.form == "like" and len(one.operands) > 2:
            return not _is_right(*one.operands[1:])
        return is_order_of_nested(one)
    return False


def _is_right(pattern: Expr, escape: Expr) -> bool:
    """Whether a pattern of LIKE and its escape are known, and fit each other."""
    if not isinstance(pattern, Constant) or not isinstance(escape, Constant):
        return False
    if pattern.value is None or escape.value is None:
        return True
    try:
        like_pattern(pattern.value, escape.value)
    except QueryError:
        return False
    return True
