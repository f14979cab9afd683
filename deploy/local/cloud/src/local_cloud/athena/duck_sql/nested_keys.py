"""Joins by arrays and rows: Trino's fail where one of the keys has a null inside.

For a join of kind INNER or RIGHT it looks for the least and the greatest key of one side, which
one is up to its statistics (DynamicFilterSourceOperator), and such values have no order. So the
key is refused, on either side.
"""

from dataclasses import replace

from local_cloud.athena import types as t
from local_cloud.athena.duck_sql import comparing
from local_cloud.athena.duck_sql.text import Text, form
from local_cloud.athena.failures import not_supported
from local_cloud.athena.ir import Expr, Special, is_constant


def checked(condition: Expr) -> Expr:
    """The condition of a join, whose keys must have no null inside."""
    if not isinstance(condition, Special):
        return condition
    if condition.form == "and":
        return Special(condition.type, "and", tuple(map(checked, condition.operands)))
    kind = condition.operands[0].type if condition.operands else t.UNKNOWN
    if condition.form == "=" and kind.name == "real":
        return _without_negative_zero(condition)
    if condition.form != "=" or not kind.args or not t.is_orderable(kind):
        return condition
    keys = tuple(Special(kind, "join_key", (one,)) for one in condition.operands)
    return Special(t.BOOLEAN, "=", keys)


def without_negative_zeros(condition: Expr) -> Expr:
    """The condition of a join, whose real keys must not be -0.0.

    Trino finds 0.0 beside it or not, by its plan.
    """
    if isinstance(condition, Special) and condition.form == "and":
        return replace(
            condition, operands=tuple(map(without_negative_zeros, condition.operands))
        )
    if isinstance(condition, Special) and condition.form == "=":
        return _without_negative_zero(condition)
    return condition


def _without_negative_zero(condition: Special) -> Expr:
    kind = condition.operands[0].type
    if kind.name != "real" or any(map(is_constant, condition.operands)):
        return condition
    keys = tuple(Special(kind, "real_key", (one,)) for one in condition.operands)
    return Special(t.BOOLEAN, "=", keys)


@form("real_key")
def _real_key(text: Text, expr: Special) -> str:
    made = text.of(expr.operands[0])
    refused = text.raised(not_supported("joins by -0.0"), expr.type, (made, expr.type))
    return f"(CASE WHEN {made} = 0 AND signbit({made}) THEN {refused} ELSE {made} END)"


@form("join_key", fails=True)
def _join_key(text: Text, expr: Special) -> str:
    return comparing.whole(text, text.of(expr.operands[0]), expr.type)
