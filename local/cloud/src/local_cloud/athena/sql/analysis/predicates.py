"""Predicates and operators: comparisons, BETWEEN, IN, LIKE, arithmetic, subqueries."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import Context
from local_cloud.athena.sql.analysis.expressions import (
    RULES,
    analysed,
    coerced,
    field_of,
    negated_if,
    unified,
    wanted,
)
from local_cloud.athena.sql.analysis.failing import may_fail
from local_cloud.athena.sql.analysis.scope import Scope, clause
from local_cloud.athena.sql.analysis.type_names import can_cast, fine
from local_cloud.athena.sql.coercion import common_super_type
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import (
    Call,
    Constant,
    Expr,
    Special,
    Subquery,
    always_null,
    is_constant,
    is_deterministic,
)
from local_cloud.athena.sql.signatures.binding import resolve
from local_cloud.athena.sql.signatures.declared import OPERATORS, catalogue
from local_cloud.athena.sql.types import Type
from trino_sql import tree


@RULES.rule(tree.Arithmetic)
def _arithmetic(
    context: Context,
    scope: Scope,
    at: int,
    *,
    operator: str,
    left: tree.Expression,
    right: tree.Expression,
) -> Expr:
    values = (analysed(context, scope, left), analysed(context, scope, right))
    return called_operator(context, OPERATORS[operator], values, at, operator)


@RULES.rule(tree.Signed)
def _signed(
    context: Context, scope: Scope, at: int, *, negative: bool, value: tree.Expression
) -> Expr:
    inner = analysed(context, scope, value)
    if negative:
        return called_operator(context, "negation", (inner,), at, "-")
    if inner.type.name not in (*t.INTEGERS, "real", "double"):
        raise context.mismatch(f"Unary '+' operator cannot by applied to {inner.type} type", at)
    return inner


def called_operator(
    context: Context, name: str, values: tuple[Expr, ...], at: int, shown: str
) -> Expr:
    """A call of the declared operator that takes these operands."""
    full = f"$operator${name}"
    try:
        bound = resolve(full, catalogue()[full], [one.type for one in values], can_cast)
    except QueryError as error:
        if error.name != "FUNCTION_NOT_FOUND":
            raise context.error(error.name, error.message, at) from error
        kinds = f" {shown} ".join(str(one.type) for one in values)
        raise context.mismatch(f"Cannot apply operator: {kinds}", at) from error
    for kind in (bound.result, *bound.arguments):
        fine(kind)
    arguments = tuple(
        coerced(one, kind) for one, kind in zip(values, bound.arguments, strict=True)
    )
    return Call(bound.result, bound, arguments)


@RULES.rule(tree.Comparison)
def _comparison(
    context: Context,
    scope: Scope,
    at: int,
    *,
    operator: str,
    left: tree.Expression,
    right: tree.Expression,
) -> Expr:
    values = analysed(context, scope, left), analysed(context, scope, right)
    return compared(context, operator, *values, at)


def compared(context: Context, operator: str, left: Expr, right: Expr, at: int) -> Expr:
    """`left operator right`, both made one type that can be compared so."""
    common = common_super_type(left.type, right.type)
    allowed = t.is_comparable if operator in ("=", "<>", "distinct") else t.is_orderable
    fits = common is not None and allowed(common)
    if common is None or not fits:
        raise context.mismatch(
            f"Cannot apply operator: {left.type} {operator} {right.type}", at
        )
    return Special(t.BOOLEAN, operator, (coerced(left, common), coerced(right, common)))


@RULES.rule(tree.DistinctFrom)
def _distinct_from(
    context: Context,
    scope: Scope,
    at: int,
    *,
    left: tree.Expression,
    right: tree.Expression,
    negated: bool,
) -> Expr:
    values = analysed(context, scope, left), analysed(context, scope, right)
    return negated_if(compared(context, "distinct", *values, at), negated)


@RULES.rule(tree.IsNull)
def _is_null(
    context: Context, scope: Scope, at: int, *, value: tree.Expression, negated: bool
) -> Expr:
    inner = analysed(context, scope, value)
    return negated_if(Special(t.BOOLEAN, "is_null", (inner,)), negated)


@RULES.rule(tree.Between)
def _between(
    context: Context,
    scope: Scope,
    at: int,
    *,
    value: tree.Expression,
    lower: tree.Expression,
    upper: tree.Expression,
    negated: bool,
) -> Expr:
    values = [analysed(context, scope, one) for one in (value, lower, upper)]
    kind: Type | None = values[0].type
    for one in values[1:]:
        kind = common_super_type(kind, one.type) if kind is not None else None
    if kind is None or not t.is_orderable(kind):
        shown = f"{values[0].type} is BETWEEN {values[1].type} and {values[2].type}"
        raise context.mismatch(f"Cannot check if {shown}", at)
    made = tuple(coerced(one, kind) for one in values)
    return negated_if(_within(*made), negated)


def _within(value: Expr, low: Expr, high: Expr) -> Expr:
    """BETWEEN; with a null for an end it is false beyond the other end, else null.

    That is DesugarBetween of Trino: NaN is beyond no end, unless the value is a constant.
    """
    missing = [always_null(one) for one in (low, high)]
    if not any(missing):
        return Special(t.BOOLEAN, "between", (value, low, high))
    null = Constant(t.BOOLEAN, None)
    if all(missing):
        return null
    if is_constant(value):
        sides = (low, value) if missing[1] else (value, high)
        test = Special(t.BOOLEAN, "not", (Special(t.BOOLEAN, "<=", sides),))
    else:
        beyond = ("<", low) if missing[1] else (">", high)
        test = Special(t.BOOLEAN, beyond[0], (value, beyond[1]))
    return Special(t.BOOLEAN, "case", (test, Constant(t.BOOLEAN, False), null))


@RULES.rule(tree.Like)
def _like(
    context: Context,
    scope: Scope,
    at: int,
    *,
    value: tree.Expression,
    pattern: tree.Expression,
    escape: tree.Expression | None,
    negated: bool,
) -> Expr:
    operands = [analysed(context, scope, value)]
    if operands[0].type.name not in ("varchar", "char"):
        operands = [wanted(context, scope, value, t.VARCHAR, "Left side of LIKE expression")]
    for node, what in ((pattern, "Pattern"), (escape, "Escape")):
        if node is not None:
            operands.append(_varchar(context, scope, node, f"{what} for LIKE expression"))
    return negated_if(Special(t.BOOLEAN, "like", tuple(operands)), negated)


def _varchar(context: Context, scope: Scope, node: tree.Expression, what: str) -> Expr:
    found = analysed(context, scope, node)
    if found.type.name == "varchar":
        return found
    return wanted(context, scope, node, t.VARCHAR, what)


@RULES.rule(tree.InList)
def _in_list(
    context: Context,
    scope: Scope,
    at: int,
    *,
    value: tree.Expression,
    items: tuple[tree.Expression, ...],
    negated: bool,
) -> Expr:
    nodes = (value, *items)
    values = [analysed(context, scope, one) for one in nodes]
    made = unified(context, values, nodes, "IN value and list items")
    if not t.is_comparable(made[0].type):
        raise context.mismatch(f"{made[0].type} is not comparable", at)
    return negated_if(_among(context, made[0], made[1:]), negated)


def _among(context: Context, value: Expr, items: list[Expr]) -> Expr:
    """IN; a value is among others if it is one of them by its words (RemoveRedundantInItems).

    Then not even NaN is asked whether it is equal to itself.
    """
    value_, *items_ = map(context.plain, (value, *items))
    kept, seen = list[Expr](), set[Expr]()
    for item, one in zip(items, items_, strict=True):
        if one not in seen:
            kept.append(item)
        if is_deterministic(one):
            seen.add(one)

    def fails(item: Expr) -> bool:
        return may_fail(context.plain(item))

    if len(kept) < len(items):
        kept = sorted(kept, key=fails)
    if value_ in seen and not any(map(fails, kept)):
        unclear = Special(
            t.BOOLEAN, "indeterminate" if value.type.args else "is_null", (value,)
        )
        results = (unclear, Constant(t.BOOLEAN, None), Constant(t.BOOLEAN, True))
        return Special(t.BOOLEAN, "case", results)
    if len(kept) == 1:
        return Special(t.BOOLEAN, "=", (value, kept[0]))
    return Special(t.BOOLEAN, "in", (value, *kept))


# ---- subqueries -----------------------------------------------------------------------------


def subquery(context: Context, scope: Scope, query: tree.Query, at: int, use: str) -> Subquery:
    """The query of an expression, with the columns of `scope` visible in it.

    `use` is what is done with it: scalar, exists, in or quantified.
    """
    if scope.in_lambda:
        raise context.error("NOT_SUPPORTED", "Lambda expression cannot contain subqueries", at)
    # Equal queries in one place are one: GROUP BY finds its keys by comparing. The scope is
    # kept, so that its id stays its own.
    known = (id(scope), query, use)
    if known not in context.subqueries:
        boundary = Scope(parent=scope, boundary=True, use=use, narrows=query in scope.keeping)
        with clause(scope, "subquery"):
            made = context.query(query, boundary)
        context.subqueries[known] = (scope, made.as_subquery(boundary, use))
    return context.subqueries[known][1]


@RULES.rule(tree.ScalarSubquery)
def _scalar(context: Context, scope: Scope, at: int, *, query: tree.Query) -> Expr:
    inner = subquery(context, scope, query, at, "scalar")
    kind = inner.columns[0] if len(inner.columns) == 1 else inner.type
    return Special(kind, "scalar", (inner,))


@RULES.rule(tree.Exists)
def _exists(context: Context, scope: Scope, at: int, *, query: tree.Query) -> Expr:
    return Special(t.BOOLEAN, "exists", (subquery(context, scope, query, at, "exists"),))


@RULES.rule(tree.InSubquery)
def _in_subquery(
    context: Context,
    scope: Scope,
    at: int,
    *,
    value: tree.Expression,
    query: tree.Query,
    negated: bool,
) -> Expr:
    left, inner, common = _against_subquery(context, scope, value, query, at, "in")
    if not t.is_comparable(common):
        raise context.mismatch(f"{common} is not comparable", at)
    return negated_if(Special(t.BOOLEAN, "in_subquery", (left, inner), common), negated)


@RULES.rule(tree.QuantifiedComparison)
def _quantified(
    context: Context,
    scope: Scope,
    at: int,
    *,
    operator: str,
    quantifier: str,
    value: tree.Expression,
    query: tree.Query,
) -> Expr:
    left, inner, common = _against_subquery(context, scope, value, query, at, "quantified")
    allowed = t.is_comparable if operator in ("=", "<>") else t.is_orderable
    if not allowed(common):
        raise context.mismatch(
            f"Type [{common}] must be orderable or comparable in order to be used in "
            "quantified comparison",
            at,
        )
    return Special(t.BOOLEAN, quantifier.lower(), (left, inner), (operator, common))


def _against_subquery(
    context: Context,
    scope: Scope,
    value: tree.Expression,
    query: tree.Query,
    at: int,
    use: str,
) -> tuple[Expr, Subquery, Type]:
    """(the value as a row, the subquery, their common type) (analyzePredicateWithSubquery)."""
    left = analysed(context, scope, value)
    if left.type.name not in ("row", "unknown"):
        left = Special(t.row((left.type,)), "row", (left,))
    inner = subquery(context, scope, query, at, use)
    common = common_super_type(left.type, inner.type)
    if common is None:
        raise context.mismatch(
            "Value expression and result of subquery must be of the same type: "
            f"{left.type} vs {inner.type}",
            at,
        )
    return coerced(left, common), inner, common


# ---- constructors and access ----------------------------------------------------------------


@RULES.rule(tree.Row)
def _row(
    context: Context, scope: Scope, at: int, *, items: tuple[tree.Expression, ...]
) -> Expr:
    made = tuple(analysed(context, scope, one) for one in items)
    return Special(t.row(tuple(one.type for one in made)), "row", made)


@RULES.rule(tree.Array)
def _array(
    context: Context, scope: Scope, at: int, *, items: tuple[tree.Expression, ...]
) -> Expr:
    values = [analysed(context, scope, one) for one in items]
    made = unified(context, values, items, "All ARRAY elements")
    kind = made[0].type if made else t.UNKNOWN
    return Special(t.array(kind), "array", tuple(made))


@RULES.rule(tree.Subscript)
def _subscript(
    context: Context, scope: Scope, at: int, *, base: tree.Expression, index: tree.Expression
) -> Expr:
    value = analysed(context, scope, base)
    if value.type.name != "row":
        place = analysed(context, scope, index)
        return called_operator(context, "subscript", (value, place), at, "[]")
    if not isinstance(index, tree.IntegerLiteral):
        raise context.error(
            "EXPRESSION_NOT_CONSTANT",
            "Subscript expression on ROW requires a constant index",
            index.at,
        )
    if index.value >= 2**31:
        raise context.mismatch(
            "Subscript expression on ROW requires integer index, found bigint", index.at
        )
    if not 1 <= index.value <= len(value.type.args):
        raise context.error(
            "INVALID_FUNCTION_ARGUMENT", f"Invalid subscript index: {index.value}", index.at
        )
    return field_of(value, index.value - 1)
