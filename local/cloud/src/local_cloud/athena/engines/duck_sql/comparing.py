"""Comparisons: DuckDB's own where they mean the same, else a form that means what Trino's does."""

from collections.abc import Sequence
from decimal import Decimal
from typing import Any

from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import Cast, Constant, Expr, Special
from local_cloud.athena.sql.properties import is_constant, is_random
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import compare, numbers

_FLIPPED = {">": "<", ">=": "<=", "<": ">", "<=": ">="}


def is_plain(of: Type) -> bool:
    """Whether DuckDB's own comparison is Trino's: no NaN, no padding, no zone, nothing inside."""
    return not of.args and of.name not in (
        "double",
        "real",
        "char",
        "timestamp with time zone",
    )


def key(sql: str, of: Type) -> str:
    """SQL of a plain value in which values of this type are equal and ordered as they are."""
    if of.name == "timestamp with time zone":
        return f"struct_extract({sql}, 'f0')"
    if of.name == "char":
        # Missing characters count as spaces (CharType compares padded values).
        return f"({sql} || ' ')"
    return sql


def compared(
    text: Text, operator: str, left: str, right: str, of: Type, operands: Sequence[Expr]
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


def _nested(text: Text, operator: str, left: str, right: str, of: Type) -> str:
    if operator in ("=", "<>"):
        made = text.python(
            lambda a, b: compare.equal(a, b, of),
            (of, of),
            t.BOOLEAN,
            left,
            right,
            key=("=", of),
        )
        return made if operator == "=" else f"(NOT {made})"
    if operator == "distinct":
        return (
            "(NOT "
            + text.python(
                lambda a, b: compare.identical(a, b, of),
                (of, of),
                t.BOOLEAN,
                left,
                right,
                key=("identical", of),
                nullable=True,
            )
            + ")"
        )
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


def refuse_unrounded(text: Text, operand: Expr, constant: Expr) -> None:
    """A decimal beside a constant that, rounded to its scale, has a digit too many.

    Trino rounds it so to compare without the cast, and fails (UnwrapCastInComparison of 476).
    """
    if isinstance(operand, Special) and operand.form == "case":
        # Perhaps it waits for the constant (`short_circuit`).
        operand = operand.operands[-1]
    if isinstance(operand, Cast) and operand.value.type.name in ("decimal", *t.INTEGERS):
        kind = operand.value.type
        whole = t.decimal(t.MAX_DECIMAL, 0)
        _refuse_rounded(text, kind if kind.name == "decimal" else whole, constant, operand.type)


def refuse_extreme(text: Text, constant: Expr, common: Type) -> None:
    """The same, where nothing is known of what a constant is compared with."""
    _refuse_rounded(text, t.decimal(t.MAX_DECIMAL, 0), constant, common)


def _refuse_rounded(text: Text, to: Type, constant: Expr, common: Type) -> None:
    if common.name != "decimal" or not is_constant(constant):
        return
    constant = text.without_the_unneeded(constant)
    while isinstance(constant, Cast) and constant.type.name == "decimal":
        constant = constant.value
    if not isinstance(constant, Constant) or not isinstance(constant.value, Decimal):
        return
    rounded = numbers.fitted(constant.value, to.precision or 0, to.scale)
    if (
        rounded is not None
        and numbers.fitted(rounded, common.precision or 0, common.scale) is None
    ):
        raise not_supported("comparing a decimal with a constant that its type rounds up")


def _may_be_nan(operand: Expr) -> bool:
    if isinstance(operand, Cast) and operand.value.type.name in ("decimal", *t.INTEGERS):
        return False
    if is_random(operand):
        # A random number is one.
        return False
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


def whole(text: Text, sql: str, of: Type) -> str:
    """SQL of a nested value; refused where it has a null inside (see `nested_keys`)."""

    def checked(value: Any) -> Any:
        if compare.has_null_inside(value, of):
            raise not_supported(f"joins by values of type {of} with nulls inside")
        return value

    return text.python(checked, (of,), of, sql, key=("whole", of))
