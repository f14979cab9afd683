"""IN, of which Trino 476 overwrites the value while it computes an item.

InCodeGenerator makes the code of the items before it takes a variable for the value: what an item
keeps in a variable of the same Java type lands in that one, and the items that are asked behind it
are compared with that. No other Trino need do the same, so that such a list is refused.
"""

from collections.abc import Iterator, Sequence

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import ColumnRef, Expr, Lambda, Special, children, walk
from local_cloud.athena.sql.properties import has_try, is_constant
from local_cloud.athena.sql.types import Type

# Those of a long: their precision up to which they are one (Type.getJavaType).
_LONGS = {"decimal": 18, "timestamp": 6, "time": 12, "timestamp with time zone": 3}
_PRIMITIVES = ("long", "double", "boolean")


def refuse_overwritten(items: Sequence[Expr], value: Type) -> None:
    """The items of an IN, in Trino's order, which asks the last of them first."""
    # What is known before has a place of its own, as long as there is no null inside.
    asked = [one for one in items if one.type.args or has_try(one) or not is_constant(one)]
    kind = _java(value)
    for one in asked[1:]:
        if kind in _kept(one):
            raise not_supported("IN and OR of equalities whose value Trino overwrites")


def refuse_overwritten_by_or(terms: Sequence[Expr]) -> None:
    """The terms of an OR: equalities with one value are IN (NormalizeOrExpressionRewriter)."""
    items: dict[Expr, list[Expr]] = {}
    for one in _flat(terms):
        if isinstance(one, Special) and one.form in ("=", "in"):
            items.setdefault(one.operands[0], []).extend(one.operands[1:])
    for value, listed in items.items():
        refuse_overwritten(list(dict.fromkeys(listed)), value.type)


def _flat(terms: Sequence[Expr]) -> Iterator[Expr]:
    for one in terms:
        if isinstance(one, Special) and one.form == "or":
            yield from _flat(one.operands)
        else:
            yield one


def _kept(expr: Expr) -> Iterator[str]:
    """The Java types of what is kept in variables while `expr` is computed."""
    if isinstance(expr, Lambda) or (isinstance(expr, Special) and expr.form == "try"):
        # The body is a method of its own; what it takes from around it is kept in boxes.
        found = (_java(one.type) for one in walk(expr) if isinstance(one, ColumnRef))
        yield from (one for one in found if one not in _PRIMITIVES)
        return
    if isinstance(expr, Special):
        yield from _kept_by_form(expr)
    for one in children(expr):
        yield from _kept(one)


def _kept_by_form(expr: Special) -> Iterator[str]:
    if expr.form in ("between", "nullif") or (expr.form, expr.detail) == ("case", "simple"):
        yield from _operands(expr)[:1]
    elif expr.form == "in":
        yield from (_java(expr.operands[0].type), "boolean")
    elif expr.form == "or":
        yield from (_java(one.type) for one in _compared(expr))
    elif expr.form == "field":
        yield "row"
    elif expr.form in ("json_exists", "json_value", "json_query"):
        # What is passed to a path goes in a row; the input does not.
        yield from (_java(one.type) for one in expr.operands[1:] if not is_constant(one))
    elif expr.form in ("array", "row", "format", "json_object", "json_array"):
        yield from _operands(expr)


def _operands(expr: Special) -> list[str]:
    operands: Sequence[Expr] = expr.operands
    if expr.form == "case":
        # Its operand is in the conditions, of which some may test for null.
        conditions = (one for one in operands[:-1:2] if isinstance(one, Special))
        operands = [one.operands[0] for one in conditions]
    return [_java(one.type) for one in operands]


def _compared(expr: Special) -> Iterator[Expr]:
    return (
        one.operands[0]
        for one in _flat(expr.operands)
        if isinstance(one, Special) and one.form in ("=", "in")
    )


def _java(of: Type) -> str:
    """The Java type of a value (Type.getJavaType), by a name of ours."""
    if of.name in ("boolean", "unknown"):
        return "boolean"
    if of.name in _LONGS:
        short = (of.precision or 0) <= _LONGS[of.name]
        return "long" if short else f"long {of.name}"
    if of.name in (*t.INTEGERS, "real", "date") or of.name.startswith("interval"):
        return "long"
    return of.name if of.name in ("double", "array", "map", "row") else "slice"
