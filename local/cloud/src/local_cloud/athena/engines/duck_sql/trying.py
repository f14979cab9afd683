"""TRY: null in place of an error.

A Python function inside of TRY gives null for a value that it fails on, and DuckDB's own TRY sees
to what fails in DuckDB itself; an error of Python's inside of that ends DuckDB's process. So the
null has to reach the top: what could stop it on the way is refused.
"""

from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.short_circuit import strict_places
from local_cloud.athena.engines.duck_sql.text import Text, form
from local_cloud.athena.engines.duck_sql.udf import PREFIX
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import Aggregate, BoundCall, Cast, Expr, Special, Subquery, walk
from local_cloud.athena.sql.properties import is_constant

# Forms whose result is null where one of these operands is; -1 is the last.
_STRICT = frozenset(("=", "<>", "<", "<=", ">", ">=", "not", "like", "field"))


@form("try")
def _try(text: Text, expr: Special) -> str:
    (inner,) = expr.operands
    if any(isinstance(one, (Subquery, Aggregate)) for one in walk(inner)):
        raise not_supported("TRY around a subquery or an aggregate")
    with text.nulls_for_errors():
        made = text.of(inner)
    if PREFIX in made and not _hands_on(inner):
        raise not_supported("TRY around what makes something else of a null inside")
    sql = f"TRY({made})"
    return text.unfolded(sql, expr.type) if is_constant(inner) else sql


def _hands_on(expr: Expr) -> bool:
    """Whether a null that stands for an error anywhere in `expr` makes null of all of it."""
    if isinstance(expr, Cast):
        return _hands_on(expr.value)
    if isinstance(expr, BoundCall):
        return _all_hand_on(expr.arguments, strict_places(expr))
    if isinstance(expr, Special):
        return _all_hand_on(expr.operands, _strict_operands(expr))
    return not can_fail(expr)


def _all_hand_on(parts: tuple[Expr, ...], strict: list[bool]) -> bool:
    return all(
        not can_fail(one) or (flag and _hands_on(one))
        for one, flag in zip(parts, strict, strict=True)
    )


def _strict_operands(expr: Special) -> list[bool]:
    count = len(expr.operands)
    if expr.form in _STRICT:
        return [True] * count
    if expr.form == "case":
        # Conditions and results take turns; a result behind them all is ELSE.
        return [index % 2 == 1 or index == count - 1 for index in range(count)]
    if expr.form == "coalesce":
        return [index == count - 1 for index in range(count)]
    if expr.form in ("in", "try"):
        return [index == 0 for index in range(count)]
    return [False] * count
