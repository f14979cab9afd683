"""What Trino takes for something that may fail, and so asks late (IrExpressions)."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.coercion import can_coerce
from local_cloud.athena.sql.ir import (
    BoundCall,
    Cast,
    ColumnRef,
    Constant,
    Expr,
    Lambda,
    Special,
)

_NEVER_FAIL = (
    "length",
    "substring",
    "trim",
    "ltrim",
    "rtrim",
    "replace",
    "reverse",
    "lower",
    "upper",
    "to_utf8",
)
# Forms that are columns: of a row, and of the join that a query has become.
_COLUMNS = ("field", "scalar", "exists", "in_subquery", "any", "all")
# Forms that are calls there; IS NOT DISTINCT FROM is a comparison.
_CALLS = ("try", "like", "format", "not", "distinct")


def may_fail(expr: Expr) -> bool:
    """Whether Trino takes it for something that may fail (IrExpressions.mayFail)."""
    if isinstance(expr, (Constant, ColumnRef, Lambda)):
        return False
    if isinstance(expr, Cast) and expr.safe:
        # TRY_CAST is a call like any other there.
        return True
    if isinstance(expr, Cast):
        harmless = can_coerce(expr.value.type, expr.type) or expr.type == t.VARCHAR
        return not harmless or may_fail(expr.value)
    if isinstance(expr, Special) and not _is_call(expr):
        if expr.form == "not" and isinstance(expr.operands[0], Special):
            return any(map(may_fail, expr.operands[0].operands))
        return expr.form not in _COLUMNS and any(map(may_fail, expr.operands))
    if isinstance(expr, BoundCall) and expr.bound.declared.name in _NEVER_FAIL:
        return any(map(may_fail, expr.arguments))
    return True


def _is_call(expr: Special) -> bool:
    if expr.form == "not":
        (inner,) = expr.operands
        return not (isinstance(inner, Special) and inner.form == "distinct")
    return expr.form in _CALLS or expr.form.startswith("json_")
