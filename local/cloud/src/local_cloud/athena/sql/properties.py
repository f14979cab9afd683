"""What follows from a typed expression's parts: its columns, whether it is constant or random."""

from collections.abc import Iterator

from local_cloud.athena.sql.ir import (
    Aggregate,
    BoundCall,
    Cast,
    ColumnRef,
    Constant,
    Expr,
    Grouping,
    Lambda,
    Special,
    Subquery,
    WindowFunction,
    walk,
)


def sees_nulls(of: BoundCall | Aggregate | WindowFunction) -> tuple[bool, ...]:
    """Of each argument, whether the function is called where that is null (Declared.sees_null)."""
    return tuple(map(of.bound.declared.sees_null, range(len(of.arguments))))


def terms_of(condition: Expr) -> tuple[Expr, ...]:
    """The terms of an AND, or the one that a condition is."""
    if isinstance(condition, Special) and condition.form == "and":
        return condition.operands
    return (condition,)


def all_terms(condition: Expr) -> Iterator[Expr]:
    """The terms of an AND, those of an AND inside of it too."""
    if isinstance(condition, Special) and condition.form == "and":
        for one in condition.operands:
            yield from all_terms(one)
    else:
        yield condition


def is_random(expr: Expr) -> bool:
    """Whether it calls what gives another value each time; what is inside of it is not asked."""
    return isinstance(expr, BoundCall) and not expr.bound.declared.deterministic


def is_null(expr: Expr) -> bool:
    """Whether it is a null that is written out."""
    return isinstance(expr, Constant) and expr.value is None


def is_deterministic(of: Expr) -> bool:
    """Whether it is the same each time: no chance in it."""
    return not any(map(is_random, walk(of)))


def is_plain(of: Expr) -> bool:
    """Whether no query and no chance is in it: it may stand wherever its columns do."""
    return is_deterministic(of) and not any(isinstance(one, Subquery) for one in walk(of))


def always_null(expr: Expr) -> bool:
    """Whether a null that is written out makes null of it.

    Trino's IrExpressionOptimizer then evaluates nothing else of it, not even what would fail.
    """
    if isinstance(expr, Constant):
        return expr.value is None
    if isinstance(expr, Cast):
        return always_null(expr.value)
    if not isinstance(expr, BoundCall):
        return False
    return any(
        always_null(one) and not seen
        for one, seen in zip(expr.arguments, sees_nulls(expr), strict=True)
    )


def columns_of(value: Expr) -> frozenset[ColumnRef]:
    """The columns that it uses, those inside of its queries from around them included."""
    found: set[ColumnRef] = set()
    for part in walk(value):
        if isinstance(part, ColumnRef):
            found.add(part)
        if isinstance(part, Subquery):
            found.update(part.outer)
    return frozenset(found)


def has_try(expr: Expr) -> bool:
    """Whether it asks for a null in the place of an error, anywhere in it."""
    return any(isinstance(one, Special) and one.form == "try" for one in walk(expr))


def is_constant(expr: Expr) -> bool:
    """Whether it is the same for every row: no column, query or chance in it."""
    bound: set[str] = set()
    for one in walk(expr):
        if isinstance(one, Lambda):
            bound |= {parameter.name for parameter in one.parameters}
        if isinstance(one, (Subquery, Aggregate, WindowFunction, Grouping)):
            return False
        if isinstance(one, ColumnRef) and one.name not in bound:
            return False
    return is_deterministic(expr)
