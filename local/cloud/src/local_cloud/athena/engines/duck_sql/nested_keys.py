"""Joins by arrays and rows: Trino's may fail where a table has one with a null inside.

It looks for the least and the greatest key of one side, which one is up to its statistics
(DynamicFilterSourceOperator), asks the other side's tables for rows between them, also for those
that a condition leaves out, and such values have no order. An outer join is an inner one where a
condition around it is true of no missing row. So such a key is refused.
"""

from dataclasses import replace

from local_cloud.athena.engines.duck_sql.text import Text, form
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import Expr, Special
from local_cloud.athena.sql.properties import is_constant
from local_cloud.athena.sql.types import Type


def checked(condition: Expr, *, nested: bool) -> Expr:
    """The condition of a join: a real key must not be -0.0, beside which Trino finds 0.0 or not,
    by its plan; `nested`: a key must be no array and no row.
    """
    if not isinstance(condition, Special):
        return condition
    if condition.form == "and":
        terms = tuple(checked(one, nested=nested) for one in condition.operands)
        return replace(condition, operands=terms)
    if condition.form != "=":
        return condition
    kind = condition.operands[0].type
    if kind.name == "real" and not any(map(is_constant, condition.operands)):
        keys = tuple(Special(kind, "real_key", (one,)) for one in condition.operands)
        return replace(condition, operands=keys)
    if nested:
        refuse_nested(kind)
    return condition


def refuse_nested(key: Type) -> None:
    if key.args and t.is_orderable(key):
        raise not_supported("joins of tables by arrays or rows")


@form("real_key")
def _real_key(text: Text, expr: Special) -> str:
    made = text.of(expr.operands[0])
    refused = text.raised(not_supported("joins by -0.0"), expr.type, (made, expr.type))
    return f"(CASE WHEN {made} = 0 AND signbit({made}) THEN {refused} ELSE {made} END)"
