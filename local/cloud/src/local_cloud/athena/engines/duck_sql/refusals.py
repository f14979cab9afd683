"""Expressions that Trino refuses in some plans and computes in others: they are not answered."""

from collections.abc import Callable, Iterator
from dataclasses import replace

from local_cloud.athena.engines.duck_sql.failing import is_order_of_nested
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import (
    BoundCall,
    ColumnRef,
    Constant,
    Expr,
    Special,
    children,
    walk,
)
from local_cloud.athena.sql.properties import columns_of, has_try, is_constant
from local_cloud.athena.sql.types import BOOLEAN

# Columns of VALUES in which an array or row with a null inside is written out, and columns of
# queries inside that are comparisons of arrays, maps or rows.
NULL_INSIDE, COMPARES_NESTED = "null inside", "compares nested"


def refuse_unordered(
    expr: Expr, fails: Callable[[Expr], bool], is_marked: Callable[[ColumnRef, str], bool]
) -> None:
    """Trino compares constants before it plans, and fails on nulls inside of them there."""
    for part in walk(expr):
        if not is_order_of_nested(part):
            continue
        first, *others = part.operands
        for other in others:
            test = Special(BOOLEAN, "<=", (first, other))
            if is_constant(test) and fails(test):
                raise not_supported("the order of constants with nulls inside")
    for part in filter(is_order_of_nested, _perhaps_unasked(expr)):
        if any(is_marked(one, NULL_INSIDE) for one in columns_of(part)):
            # It does so with those of VALUES in the place of columns, too, whether a row
            # would ask for it or not (InlineProjectIntoValues).
            raise not_supported("the order of VALUES with nulls inside, in an expression")


def _perhaps_unasked(expr: Expr) -> Iterator[Expr]:
    """The parts that a part before them can make needless."""
    first, *others = (*children(expr), None)
    for one in others:
        if one is not None:
            yield from walk(one)
    if first is not None:
        yield from _perhaps_unasked(first)


def refuse_failing_pattern(expr: BoundCall, fails: Callable[[Expr], bool]) -> None:
    """A pattern that is none, beside a text that TRY gives.

    In some queries Trino computes both before it sees that the text is null
    (IrExpressionInterpreter).
    """
    texts = [has_try(one) and one.type.name == "varchar" for one in expr.arguments]
    others = [one for one, is_text in zip(expr.arguments, texts, strict=True) if not is_text]
    if not any(texts) or any(map(fails, others)):
        return
    tried = tuple(
        Constant(one.type, "") if is_text else one
        for one, is_text in zip(expr.arguments, texts, strict=True)
    )
    if fails(replace(expr, arguments=tried)):
        raise not_supported("a pattern that is none beside TRY")
