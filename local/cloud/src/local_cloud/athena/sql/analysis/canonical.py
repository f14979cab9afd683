"""Expressions that Trino takes for one, made one: only to compare them, not to compute them."""

from collections.abc import Callable
from dataclasses import replace
from typing import TypeGuard

from local_cloud.athena.sql.ir import BoundCall, Cast, ColumnRef, Expr, Special
from local_cloud.athena.sql.properties import is_constant
from local_cloud.athena.sql.substitution import rewritten

_FLIPPED = {"=": "=", "<>": "<>", "<": ">", "<=": ">=", ">": "<", ">=": "<="}
_SUM, _PRODUCT, _NEGATION = (f"$operator${one}" for one in ("add", "multiply", "negation"))


def canonical(expr: Expr, first: Callable[[ColumnRef], ColumnRef]) -> Expr:
    """`expr` without what undoes itself, its constants on the right.

    (CanonicalizeExpressionRewriter, SimplifyRedundantCast, SimplifyStackedNot,
    SimplifyStackedArithmeticNegation.) `first` tells which column another one is.
    """

    def change(part: Expr) -> Expr | None:
        if isinstance(part, ColumnRef):
            return first(part)
        found = _without_undone(part)
        if found is part:
            found = _with_constant_behind(part)
        return None if found is part else canonical(found, first)

    return rewritten(expr, change)


def _without_undone(part: Expr) -> Expr:
    if isinstance(part, Cast) and not part.safe and part.type == part.value.type:
        return part.value
    if isinstance(part, Special) and part.form == "not":
        (inner,) = part.operands
        if isinstance(inner, Special) and inner.form == "not":
            return inner.operands[0]
    if _is_call(part, _NEGATION):
        (inner,) = part.arguments
        if _is_call(inner, _NEGATION):
            return inner.arguments[0]
    return part


def _with_constant_behind(part: Expr) -> Expr:
    if isinstance(part, Special) and part.form in _FLIPPED:
        left, right = part.operands
        if is_constant(left) and not is_constant(right):
            return replace(part, form=_FLIPPED[part.form], operands=(right, left))
    if _is_call(part, _SUM) or _is_call(part, _PRODUCT):
        left, right = part.arguments
        if is_constant(left) and not is_constant(right):
            bound = replace(part.bound, arguments=part.bound.arguments[::-1])
            return replace(part, bound=bound, arguments=(right, left))
    return part


def _is_call(part: Expr, name: str) -> TypeGuard[BoundCall]:
    return isinstance(part, BoundCall) and part.bound.declared.name == name
