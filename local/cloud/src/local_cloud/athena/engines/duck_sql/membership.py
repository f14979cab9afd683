"""IN over a list: its items are compared as Trino orders them, where one of them may fail."""

from local_cloud.athena.engines.duck_sql import comparing
from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.overwriting import refuse_overwritten
from local_cloud.athena.engines.duck_sql.text import Text, form
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import Expr, Special
from local_cloud.athena.sql.properties import is_constant


@form("in")
def _in(text: Text, expr: Special) -> str:
    value, *items = expr.operands
    refuse_overwritten(items, value.type)
    if any(can_fail(one) for one in items):
        _refuse_failing(text, items)
        return _one_by_one(text, value, _in_trinos_order(items))
    if comparing.is_plain(value.type):
        listed = ", ".join(text.of(one) for one in items)
        return f"({text.of(value)} IN ({listed}))"
    tests = tuple(Special(t.BOOLEAN, "=", (value, one)) for one in items)
    return text.of(tests[0] if len(tests) == 1 else Special(t.BOOLEAN, "or", tests))


def _one_by_one(text: Text, value: Expr, items: list[Expr]) -> str:
    """The items in their order, up to the first that is met: DuckDB knows of no order in OR."""
    *before, made = (text.of(Special(t.BOOLEAN, "=", (value, one))) for one in items)
    for test in reversed(before):
        made = f"(CASE WHEN {test} THEN TRUE ELSE {test} OR {made} END)"
    return made


def _refuse_failing(text: Text, items: list[Expr]) -> None:
    """One that fails ends a query over VALUES always, a query over a table where it is asked."""
    for one in items:
        if is_constant(one) and can_fail(one) and text.fails(one):
            raise not_supported("IN over a constant that fails")


def _in_trinos_order(items: list[Expr]) -> list[Expr]:
    """Constants first, the others from the last one on (InCodeGenerator.buildInCase).

    Where an item stands twice, those that may fail come behind the others before that
    (RemoveRedundantInItems).
    """
    once = list(dict.fromkeys(items))
    if len(once) < len(items):
        once = sorted(once, key=can_fail)
    early = [one for one in once if is_constant(one)]
    return early + [one for one in reversed(once) if one not in early]
