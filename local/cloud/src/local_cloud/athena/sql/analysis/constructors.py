"""ROW and ARRAY."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import RULES, analysed, unified
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.ir import Expr, Special
from trino_sql import tree


@RULES.rule(tree.Row)
def _row(
    context: AnalysisContext, scope: Scope, at: int, *, items: tuple[tree.Expression, ...]
) -> Expr:
    made = tuple(analysed(context, scope, one) for one in items)
    return Special(t.row(tuple(one.type for one in made)), "row", made)


@RULES.rule(tree.Array)
def _array(
    context: AnalysisContext, scope: Scope, at: int, *, items: tuple[tree.Expression, ...]
) -> Expr:
    values = [analysed(context, scope, one) for one in items]
    made = unified(context, values, items, "All ARRAY elements")
    kind = made[0].type if made else t.UNKNOWN
    return Special(t.array(kind), "array", tuple(made))
