"""Comparisons: DuckDB's own where they mean the same, else a form that means what Trino's does."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from local_cloud.athena import types as t
from local_cloud.athena.duck_sql.representation import cast
from local_cloud.athena.ir import Constant, Expr, Special, Subquery
from local_cloud.athena.types import Type
from local_cloud.athena.values import compare

if TYPE_CHECKING:
    from local_cloud.athena.duck_sql.text import Text

_FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def is_plain(of: Type) -> bool:
    """Whether DuckDB's own comparison is Trino's: no NaN, no padding, no zone, nothing inside."""
    return not of.args and of.name not in (
        "double", "real", "char", "timestamp with time zone",
    )  # fmt: skip


def key(sql: str, of: Type) -> str:
    """SQL of a plain value in which values of this type are equal and ordered as they are."""
    if of.name == "timestamp with time zone":
        return f"struct_extract({sql}, 'f0')"
    if of.name == "char":
        # Missing characters count as spaces (CharType compares padded values).
        return f"({sql} || ' ')"
    return sql


def compared(
    text: "Text", operator: str, left: str, right: str, of: Type, operands: Sequence[Expr]
) -> str:
    """`left operator right`, both of type `of`."""
    if of.args:
        return _nested(text, operator, left, right, of)
    if of.name in ("double", "real"):
        return _floating(operator, left, right, operands)
    left, right = key(left, of), key(right, of)
    if operator == "distinct":
        return f"({left} IS DISTINCT FROM {right})"
    return f"({left} {operator} {right})"


def _nested(text: "Text", operator: str, left: str, right: str, of: Type) -> str:
    if operator in ("=", "<>"):
        made = text.python(
            lambda a, b: compare.equal(a, b, of), (of, of), t.BOOLEAN, left, right, key=("=", of)
        )
        return made if operator == "=" else f"(NOT {made})"
    if operator == "distinct":
        return "(NOT " + text.python(
            lambda a, b: compare.identical(a, b, of),
            (of, of),
            t.BOOLEAN,
            left,
            right,
            key=("identical", of),
            nullable=True,
        ) + ")"
    if operator in (">", ">="):
        left, right, operator = right, left, _FLIPPED[operator]
    or_equal = operator == "<="
    return text.python(
        lambda a, b: compare.less(a, b, of, or_equal),
        (of, of),
        t.BOOLEAN,
        left,
        right,
        key=(operator, of),
    )


def _may_be_nan(operand: Expr) -> bool:
    return not (isinstance(operand, Constant) and operand.value == operand.value)


def _floating(operator: str, left: str, right: str, operands: Sequence[Expr]) -> str:
    """NaN equals and compares with nothing; DuckDB takes it for the largest number."""
    a, b = operands
    if operator == "distinct":
        return f"({left} IS DISTINCT FROM {right})"
    if operator in (">", ">="):
        left, right, a, b = right, left, b, a
        operator = _FLIPPED[operator]
    if operator in ("=", "<>"):
        found = f"({left} = {right})"
        if _may_be_nan(a) and _may_be_nan(b):
            found = f"({found} AND (NOT isnan({left}) OR {right} IS NULL))"
        return found if operator == "=" else f"(NOT {found})"
    found = f"({left} {operator} {right})"
    if _may_be_nan(b):
        found = f"({found} AND (NOT isnan({right}) OR {left} IS NULL))"
    return found


# ---- against the rows of a query ------------------------------------------------------------


def _unpacked(value: Expr) -> tuple[Expr, ...] | None:
    """The parts of a row that is written out."""
    if isinstance(value, Special) and value.form == "row":
        return value.operands
    return None


def in_subquery(text: "Text", expr: Special) -> str:
    value, inner = expr.operands
    assert isinstance(inner, Subquery)
    kinds: tuple[Type, ...] = expr.detail.args
    if len(kinds) == 1 and not kinds[0].args:
        kind = kinds[0]
        left = key(cast(text.of(_single(value)), kind), kind)
        right = key(cast(inner.names[0], kind), kind)
        where = f" WHERE {right} IS NULL OR NOT isnan({right})" if kind.name in ("double", "real") else ""
        return f"({left} IN (SELECT {right} FROM ({inner.sql}){where}))"
    return _any(text, value, inner, expr.detail, "=", True)


def _single(value: Expr) -> Expr:
    parts = _unpacked(value)
    if parts is not None:
        return parts[0]
    from local_cloud.athena.ir import Cast

    if isinstance(value, Cast):
        inner = _unpacked(value.value)
        if inner is not None:
            return inner[0]
    return Special(value.type.args[0], "field", (value,), 0)


def quantified(text: "Text", expr: Special) -> str:
    value, inner = expr.operands
    assert isinstance(inner, Subquery)
    operator, common = expr.detail
    return _any(text, value, inner, common, operator, expr.form == "any")


def _any(
    text: "Text", value: Expr, inner: Subquery, of: Type, operator: str, some: bool
) -> str:
    """Whether the comparison holds for some row, or for all: null where only nulls decide."""
    kind = of.args[0] if len(of.args) == 1 else of
    if len(of.args) == 1:
        left = cast(text.of(_single(value)), kind)
        right = cast(inner.names[0], kind)
    else:
        left = cast(text.of(value), of)
        packed = ", ".join(f"f{i} := {name}" for i, name in enumerate(inner.names))
        right = cast(f"struct_pack({packed})", of)
    dummy = (Special(kind, "", ()), Special(kind, "", ()))
    test = compared(text, operator, left, right, kind, dummy)
    # bool_or and bool_and pass over nulls; over no rows they are null.
    holds, otherwise = ("bool_or", "TRUE") if some else ("bool_and", "FALSE")
    return (
        f"(SELECT CASE WHEN count(*) = 0 THEN {'FALSE' if some else 'TRUE'} "
        f"WHEN {holds}(q) = {otherwise} THEN {otherwise} "
        f"WHEN count(q) < count(*) THEN NULL ELSE {holds}(q) END "
        f"FROM (SELECT {test} AS q FROM ({inner.sql})))"
    )
