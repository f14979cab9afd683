"""IN over a list: its items are compared as Trino orders them, where one of them may fail."""

from local_cloud.athena import types as t
from local_cloud.athena.duck_sql import comparing
from local_cloud.athena.duck_sql.json_casting import is_constant
from local_cloud.athena.duck_sql.text import Text, can_fail, form
from local_cloud.athena.failures import not_supported
from local_cloud.athena.ir import Expr, Special


@form("in")
def _in(text: Text, expr: Special) -> str:
    value, *items = expr.operands
    if any(can_fail(one) for one in items):
        items = _in_trinos_order(items)
    elif comparing.is_plain(value.type):
        listed = ", ".join(text.of(one) for one in items)
        return f"({text.of(value)} IN ({listed}))"
    tests = tuple(Special(t.BOOLEAN, "=", (value, one)) for one in items)
    return text.of(tests[0] if len(tests) == 1 else Special(t.BOOLEAN, "or", tests))


def _in_trinos_order(items: list[Expr]) -> list[Expr]:
    """Constants first, the others from the last one on (InCodeGenerator.buildInCase).

    Where an item stands twice, those that may fail come behind the others before that
    (RemoveRedundantInItems).
    """
    once = list(dict.fromkeys(items))
    if len(once) < len(items):
        once = sorted(once, key=can_fail)
    early = [one for one in once if is_constant(one) and not can_fail(one)]
    late = [one for one in reversed(once) if one not in early]
    failing = [one for one in late if can_fail(one)]
    if any(is_constant(one) for one in failing) and not all(map(is_constant, failing)):
        # Whether it is a constant for Trino hangs on whether it fails.
        raise not_supported("IN over constants and columns that may both fail")
    return early + late
