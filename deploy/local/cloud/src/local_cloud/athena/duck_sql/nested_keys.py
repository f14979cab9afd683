"""Joins by arrays and rows: Trino's fail where one of the keys has a null inside.

For a join of kind INNER or RIGHT it looks for the least and the greatest key of one side, which
one is up to its statistics (DynamicFilterSourceOperator), and such values have no order. So the
key is refused, on either side.
"""

from local_cloud.athena import types as t
from local_cloud.athena.duck_sql import comparing
from local_cloud.athena.duck_sql.text import Text, form
from local_cloud.athena.ir import Expr, Special


def checked(condition: Expr) -> Expr:
    """The condition of a join, whose keys must have no null inside."""
    if not isinstance(condition, Special):
        return condition
    if condition.form == "and":
        return Special(condition.type, "and", tuple(map(checked, condition.operands)))
    kind = condition.operands[0].type if condition.operands else t.UNKNOWN
    if condition.form != "=" or not kind.args or not t.is_orderable(kind):
        return condition
    keys = tuple(Special(kind, "join_key", (one,)) for one in condition.operands)
    return Special(t.BOOLEAN, "=", keys)


@form("join_key", fails=True)
def _join_key(text: Text, expr: Special) -> str:
    return comparing.whole(text, text.of(expr.operands[0]), expr.type)
