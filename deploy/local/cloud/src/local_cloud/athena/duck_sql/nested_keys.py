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
from local_cloud.athena.types import Type


def checked(condition: Expr, *, nested: bool) -> Expr:
    """The condition of a join: a real key must not be -0.0, beside which Trino finds 0.0 or not,
    by its plan; `nested`: a key that is an array or a row must have no null inside.
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
        return _keyed(condition, kind, "real_key")
    if nested and kind.args and t.is_orderable(kind):
        return _keyed(condition, kind, "join_key")
    return condition


def _keyed(condition: Special, kind: Type, form_: str) -> Expr:
    keys = tuple(Special(kind, form_, (one,)) for one in condition.operands)
    return replace(condition, operands=keys)


@form("real_key")
def _real_key(text: Text, expr: Special) -> str:
    made = text.of(expr.operands[0])
    refused = text.raised(not_supported("joins by -0.0"), expr.type, (made, expr.type))
    return f"(CASE WHEN {made} = 0 AND signbit({made}) THEN {refused} ELSE {made} END)"


@form("join_key", fails=True)
def _join_key(text: Text, expr: Special) -> str:
    return comparing.whole(text, text.of(expr.operands[0]), expr.type)
