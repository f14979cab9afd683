"""Expressions: the rule of each node gives a typed expression (ExpressionAnalyzer)."""

from collections.abc import Sequence
from dataclasses import replace

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import Context
from local_cloud.athena.sql.analysis.rules import Rules
from local_cloud.athena.sql.analysis.scope import Field, Scope
from local_cloud.athena.sql.coercion import can_coerce, common_super_type
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.ir import (
    Cast,
    Constant,
    Expr,
    Special,
    always_null,
    columns_of,
    is_constant,
    is_deterministic,
)
from local_cloud.athena.sql.types import Type
from trino_sql import tree

RULES: Rules[Expr] = Rules("an expression")


def analysed(context: Context, scope: Scope, node: tree.Expression) -> Expr:
    """The typed expression of a node, its names looked up in `scope`."""
    return RULES.apply(node, context, scope)


def coerced(value: Expr, to: Type) -> Expr:
    """`value` as a `to`, which the caller knows to be possible."""
    if value.type == to:
        return value
    if isinstance(value, Constant) and value.value is None:
        return Constant(to, None)
    return Cast(to, value)


def wanted(context: Context, scope: Scope, node: tree.Expression, to: Type, what: str) -> Expr:
    """The node as a value of type `to`; TYPE_MISMATCH where it cannot silently become one."""
    value = analysed(context, scope, node)
    if not can_coerce(value.type, to):
        raise context.mismatch(
            f"{what} must evaluate to a {to} (actual: {value.type})", node.at
        )
    return coerced(value, to)


def condition(context: Context, scope: Scope, node: tree.Expression, what: str) -> Expr:
    return wanted(context, scope, node, t.BOOLEAN, what)


def unified(
    context: Context, values: Sequence[Expr], nodes: Sequence[tree.Expression], what: str
) -> list[Expr]:
    """All values coerced to their one type (coerceToSingleType)."""
    kind = t.UNKNOWN
    for value, node in zip(values, nodes, strict=True):
        common = common_super_type(kind, value.type)
        if common is None:
            raise context.mismatch(
                f"{what} must be the same type or coercible to a common type. "
                f"Cannot find common type between {kind} and {value.type}",
                node.at,
            )
        kind = common
    for value, node in zip(values, nodes, strict=True):
        if not can_coerce(value.type, kind):
            raise context.mismatch(f"{what}: cannot coerce {value.type} to {kind}", node.at)
    return [coerced(value, kind) for value in values]


# ---- names ----------------------------------------------------------------------------------


@RULES.rule(tree.Identifier)
def _identifier(context: Context, scope: Scope, at: int, *, name: str, quoted: bool) -> Expr:
    del quoted  # Trino resolves both kinds of names without regard to case.
    found = resolved(context, scope, (name.lower(),), at)
    if found is None:
        raise _missing(context, (name,), at)
    return found.column


def resolved(context: Context, scope: Scope, parts: tuple[str, ...], at: int) -> Field | None:
    """The column that a dotted name means, where it means one as a whole."""
    try:
        return scope.resolve(parts)
    except QueryError as error:
        raise context.error(error.name, error.message, at) from error


def _missing(context: Context, parts: Sequence[str], at: int) -> QueryError:
    if parts[-1].startswith("$"):
        # "$path" and its kin (Trino's Hive connector): there in Athena, and not here.
        return not_supported(f"the hidden column {parts[-1]}")
    return context.error(
        "COLUMN_NOT_FOUND",
        f"Column '{'.'.join(parts)}' cannot be resolved or requester is not authorized "
        "to access requested resources",
        at,
    )


def dotted(node: tree.Expression) -> tuple[str, ...] | None:
    """The parts of `a.b.c`, or None for what is no chain of names."""
    if isinstance(node, tree.Identifier):
        return (node.name.lower(),)
    if isinstance(node, tree.Dereference):
        base = dotted(node.base)
        return None if base is None else (*base, node.field.name.lower())
    return None


@RULES.rule(tree.Dereference)
def _dereference(
    context: Context, scope: Scope, at: int, *, base: tree.Expression, field: tree.Identifier
) -> Expr:
    parts = dotted(tree.Dereference(base, field))
    if parts is not None:
        found = resolved(context, scope, parts, at)
        if found is not None:
            return found.column
        if not scope.is_column_reference(parts):
            raise _missing(context, parts, at)
    value = analysed(context, scope, base)
    if value.type.name != "row":
        raise context.mismatch("Expression is not of type ROW", base.at)
    matching = [
        index
        for index, name in enumerate(value.type.fields)
        if name is not None and name.lower() == field.name.lower()
    ]
    if len(matching) > 1:
        raise context.error(
            "AMBIGUOUS_NAME", f"Ambiguous row field reference: {field.name}", field.at
        )
    if not matching:
        raise context.error(
            "INVALID_COLUMN_REFERENCE",
            f"Column '{'.'.join(parts or (field.name,))}' cannot be resolved",
            at,
        )
    return field_of(value, matching[0])


def field_of(value: Expr, index: int) -> Expr:
    """A field of a row, by its place from 0."""
    return Special(value.type.args[index], "field", (value,), index)


# ---- logic ----------------------------------------------------------------------------------


@RULES.rule(tree.Not)
def _not(context: Context, scope: Scope, at: int, *, value: tree.Expression) -> Expr:
    inner = condition(context, scope, value, "Value of logical NOT expression")
    return negation(inner)


def negation(value: Expr) -> Expr:
    return Special(t.BOOLEAN, "not", (value,))


def negated_if(value: Expr, negated: bool) -> Expr:
    """A predicate, or its opposite where NOT was written in it."""
    return negation(value) if negated else value


@RULES.rule(tree.Logical)
def _logical(
    context: Context,
    scope: Scope,
    at: int,
    *,
    operator: str,
    terms: tuple[tree.Expression, ...],
) -> Expr:
    made = tuple(condition(context, scope, one, "Logical expression term") for one in terms)
    return Special(t.BOOLEAN, operator.lower(), made)


# ---- conditional forms ----------------------------------------------------------------------


@RULES.rule(tree.If)
def _if(
    context: Context,
    scope: Scope,
    at: int,
    *,
    condition: tree.Expression,
    then: tree.Expression,
    otherwise: tree.Expression | None,
) -> Expr:
    when = wanted(context, scope, condition, t.BOOLEAN, "IF condition")
    if otherwise is None:
        value = analysed(context, scope, then)
        return Special(value.type, "case", (when, value))
    values = [analysed(context, scope, one) for one in (then, otherwise)]
    common = common_super_type(values[0].type, values[1].type)
    if common is None:
        raise context.mismatch(
            f"Result types for IF must be the same: {values[0].type} vs {values[1].type}", at
        )
    return Special(common, "case", (when, *(coerced(one, common) for one in values)))


@RULES.rule(tree.SearchedCase)
def _searched_case(
    context: Context,
    scope: Scope,
    at: int,
    *,
    whens: tuple[tree.When, ...],
    default: tree.Expression | None,
) -> Expr:
    conditions = [condition(context, scope, one.operand, "CASE WHEN clause") for one in whens]
    results = _results(context, scope, whens, default)
    return _case(conditions, results)


@RULES.rule(tree.SimpleCase)
def _simple_case(
    context: Context,
    scope: Scope,
    at: int,
    *,
    operand: tree.Expression,
    whens: tuple[tree.When, ...],
    default: tree.Expression | None,
) -> Expr:
    value = analysed(context, scope, operand)
    others = [analysed(context, scope, one.operand) for one in whens]
    kind = value.type
    for other, when in zip(others, whens, strict=True):
        common = common_super_type(kind, other.type)
        if common is None:
            raise context.mismatch(
                "CASE operand type does not match WHEN clause operand type: "
                f"{value.type} vs {other.type}",
                when.operand.at,
            )
        kind = common
    left = coerced(value, kind)
    if kind.name == "decimal" and left != value and any(map(always_null, others)):
        # Trino makes the type of the operand before it looks at what it is compared with.
        raise not_supported("CASE WHEN NULL with an operand of another type")
    conditions = [_same_as(context, left, coerced(one, kind)) for one in others]
    results = _results(context, scope, whens, default)
    if not isinstance(left, Constant) and any(map(_may_be_null, others)):
        # It is computed whatever it is compared with (SwitchCodeGenerator); null meets nothing.
        otherwise = results[len(whens)] if default is not None else None
        conditions = [Special(t.BOOLEAN, "is_null", (left,)), *conditions]
        results = [otherwise or Constant(results[0].type, None), *results]
    return replace(_case(conditions, results), detail="simple")


def _may_be_null(constant: Expr) -> bool:
    known = isinstance(constant, Constant) and constant.value is not None
    return is_constant(constant) and not known


def _same_as(context: Context, left: Expr, right: Expr) -> Expr:
    """The condition of a WHEN; a value is the same as itself even if it is null or NaN.

    (RemoveRedundantSwitchClauses of Trino. Constants are compared before it.)
    """
    left_, right_ = map(context.plain, (left, right))
    if left_ == right_ and is_deterministic(left_) and not is_constant(left_):
        return Constant(t.BOOLEAN, True)
    if left.type == t.BOOLEAN and left_ != right_ and _share_columns(left_, right_):
        # There are many ways in which Trino makes one condition of two.
        raise not_supported("CASE of a condition with a condition for WHEN")
    return Special(t.BOOLEAN, "=", (left, right))


def _share_columns(left: Expr, right: Expr) -> bool:
    return bool(columns_of(left) & columns_of(right))


def _results(
    context: Context,
    scope: Scope,
    whens: tuple[tree.When, ...],
    default: tree.Expression | None,
) -> list[Expr]:
    nodes = [one.result for one in whens] + ([default] if default is not None else [])
    values = [analysed(context, scope, one) for one in nodes]
    return unified(context, values, nodes, "All CASE results")


def _case(conditions: list[Expr], results: list[Expr]) -> Special:
    operands: list[Expr] = []
    for when, then in zip(conditions, results, strict=False):
        operands += [when, then]
    operands += results[len(conditions) :]
    return Special(results[0].type, "case", tuple(operands))


@RULES.rule(tree.Coalesce)
def _coalesce(
    context: Context, scope: Scope, at: int, *, items: tuple[tree.Expression, ...]
) -> Expr:
    values = [analysed(context, scope, one) for one in items]
    made = unified(context, values, items, "All COALESCE operands")
    return Special(made[0].type, "coalesce", tuple(made))


@RULES.rule(tree.NullIf)
def _null_if(
    context: Context, scope: Scope, at: int, *, first: tree.Expression, second: tree.Expression
) -> Expr:
    left, right = analysed(context, scope, first), analysed(context, scope, second)
    common = common_super_type(left.type, right.type)
    if common is None or not t.is_comparable(common):
        raise context.mismatch(
            f"Types are not comparable with NULLIF: {left.type} vs {right.type}", at
        )
    compared = Special(t.BOOLEAN, "=", (coerced(left, common), coerced(right, common)))
    return Special(left.type, "nullif", (left, compared))


@RULES.rule(tree.Try)
def _try(context: Context, scope: Scope, at: int, *, value: tree.Expression) -> Expr:
    inner = analysed(context, scope, value)
    return Special(inner.type, "try", (inner,))
