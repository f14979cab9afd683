"""Operands that Trino does not come to: behind a null, what would fail does not.

A call evaluates its arguments from left to right, and the first null where none is taken is the
end of it (BytecodeUtils.generateInvocation); `a > b` is `b < a` (IrExpressions to RowExpressions:
SqlToRowExpressionTranslator). DuckDB evaluates all operands.
"""

from collections.abc import Callable
from dataclasses import replace

from local_cloud.athena.engines.duck_sql.casting import is_total
from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.coercion import PATTERNS
from local_cloud.athena.sql.ir import BoundCall, Cast, Constant, Expr, Lambda, Special, walk
from local_cloud.athena.sql.properties import has_try, is_constant, sees_nulls

_IN_ORDER = ("=", "<>", "<", "<=", "like", "at_time_zone", "between", "in")
_BACKWARDS = (">", ">=")
# Operators that give null for nothing but a null.
_NEVER_NULL = tuple(
    f"$operator${name}"
    for name in ("add", "subtract", "multiply", "divide", "modulus", "negation")
)
# An operand that is larger is not written a second time.
_MOST = 60


def strict_places(expr: BoundCall) -> list[bool]:
    """Of which arguments a null makes null of the call."""
    return [not seen for seen in sees_nulls(expr)]


def without_the_late(expr: Expr, fails: Callable[[Expr], bool]) -> Expr:
    """`expr`, in which an operand that may fail is not evaluated behind a null.

    `fails` says of an expression of constants that it fails: another needs no guard.
    """

    def is_late(one: Expr) -> bool:
        takes_guard = not isinstance(one, (Lambda, Constant)) and one.type.name not in PATTERNS
        return takes_guard and can_fail(one) and (not is_constant(one) or fails(one))

    if isinstance(expr, BoundCall):
        places = list(range(len(expr.arguments)))
        found = _guarded(expr.arguments, places, strict_places(expr), is_late)
        return expr if found is None else replace(expr, arguments=found)
    if isinstance(expr, Special):
        count = len(expr.operands)
        if expr.form in _IN_ORDER:
            # Of IN and BETWEEN it is the value alone that ends it.
            strict = [True] + [expr.form not in ("between", "in")] * (count - 1)
            found = _guarded(expr.operands, list(range(count)), strict, is_late)
        elif expr.form in _BACKWARDS:
            found = _guarded(expr.operands, [1, 0], [True, True], is_late)
        else:
            return expr
        return expr if found is None else replace(expr, operands=found)
    return expr


def _guarded(
    parts: tuple[Expr, ...],
    order: list[int],
    strict: list[bool],
    is_late: Callable[[Expr], bool],
) -> tuple[Expr, ...] | None:
    made, tests, changed = list(parts), list[Expr](), False
    for place in order:
        one = parts[place]
        if tests and is_late(one):
            made[place] = _unless(tests, one)
            changed = True
        if strict[place]:
            tests += [test for test in _null_tests(one) if test not in tests]
    return tuple(made) if changed else None


def _unless(tests: list[Expr], value: Expr) -> Expr:
    test = tests[0] if len(tests) == 1 else Special(t.BOOLEAN, "or", tuple(tests))
    return Special(value.type, "case", (test, Constant(value.type, None), value))


def _null_tests(expr: Expr) -> list[Expr]:
    """Conditions one of which is true where `expr` is null."""
    if isinstance(expr, (Constant, Lambda)):
        return []
    if isinstance(expr, Cast) and not expr.safe and is_total(expr):
        return _null_tests(expr.value)
    if isinstance(expr, BoundCall) and expr.bound.declared.name in _NEVER_NULL:
        return [test for one in expr.arguments for test in _null_tests(one)]
    # Behind a null that comes out of TRY, Trino goes on.
    if has_try(expr) or expr.type.name in PATTERNS or sum(1 for _ in walk(expr)) > _MOST:
        return []
    return [Special(t.BOOLEAN, "is_null", (expr,))]
