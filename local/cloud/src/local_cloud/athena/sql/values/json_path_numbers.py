"""What a JSON path does with one number (PathEvaluationVisitor of trino-main 476).

These raise QueryError where Trino's operators do.
"""

import math
from decimal import ROUND_CEILING, ROUND_FLOOR, Decimal
from typing import Any

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import numbers
from local_cloud.athena.sql.values.casts import caster
from local_cloud.athena.sql.values.json_items import TypedValue


def absolute(of: TypedValue) -> TypedValue:
    value: Any = of.value
    if of.type.name in t.INTEGERS:
        return TypedValue(of.type, numbers.in_range(abs(value), of.type.name))
    if of.type.name == "double" and value == 0:
        # Not below zero, so it is left alone, and its sign with it; a real's is not.
        return of
    if of.type.name == "decimal":
        # abs() and the sign would round to 28 digits.
        return TypedValue(of.type, value.copy_abs())
    return TypedValue(of.type, abs(value))


def negative(of: TypedValue) -> TypedValue:
    value: Any = of.value
    if of.type.name in t.INTEGERS:
        return TypedValue(of.type, numbers.in_range(-value, of.type.name))
    if of.type.name == "decimal":
        return TypedValue(of.type, value.copy_negate() if value else value)
    return TypedValue(of.type, -value)


def ceiling(of: TypedValue) -> TypedValue:
    return _rounded(of, math.ceil, ROUND_CEILING)


def floor(of: TypedValue) -> TypedValue:
    return _rounded(of, math.floor, ROUND_FLOOR)


def _rounded(of: TypedValue, whole: Any, rounding: str) -> TypedValue:
    value: Any = of.value
    if of.type.name in t.INTEGERS:
        return of
    if of.type.name == "decimal":
        found = value.quantize(Decimal(1), rounding, numbers.EXACT)
        return TypedValue(_whole_digits(of.type), found if found else found.copy_abs())
    if not math.isfinite(value):
        return of
    # Java keeps the sign of a zero.
    return TypedValue(of.type, math.copysign(float(whole(value)), value))


def _whole_digits(of: Type) -> Type:
    return t.decimal((of.precision or 0) - of.scale + min(of.scale, 1), 0)


def double(of: TypedValue) -> TypedValue:
    if of.type == t.DOUBLE:
        return of
    # A char is read without the spaces at its end.
    source = t.VARCHAR if of.type.name == "char" else of.type
    return TypedValue(t.DOUBLE, caster(source, t.DOUBLE)(of.value))


def index(of: TypedValue) -> int:
    """A number as an array's index, rounded as a cast to bigint rounds."""
    if of.type.name in t.INTEGERS:
        return int(of.value)
    return int(caster(of.type, t.BIGINT)(of.value))


def node_index(node: int | float) -> int | None:
    """A JSON number as an index: cut off, not rounded; None where a long does not hold it."""
    if not -(2**63) <= node <= 2**63 or (isinstance(node, int) and node == 2**63):
        return None
    return min(int(node), 2**63 - 1)


IS_NUMBER = frozenset((*t.INTEGERS, "decimal", "real", "double"))
