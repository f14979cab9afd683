"""Trino's operators on the values of a JSON path, whose types are known row by row."""

import math
from collections.abc import Callable
from decimal import Decimal
from functools import lru_cache
from typing import Any

from local_cloud.athena.engines.duck_functions.arithmetic import DIVISION_BY_ZERO, decimal_of
from local_cloud.athena.engines.duck_sql.registry import (
    IMPLEMENTATIONS,
    PythonFunction,
    Signature,
)
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.json_paths import bound_operator
from local_cloud.athena.sql.coercion import common_super_type
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.signatures.binding import Bound
from local_cloud.athena.sql.signatures.declared import OPERATORS
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import compare, numbers
from local_cloud.athena.sql.values.casts import caster
from local_cloud.athena.sql.values.json_evaluation import Operator
from local_cloud.athena.sql.values.numbers import EXACT, unscaled


class PathOperators:
    """What `values.json_evaluation` asks for (io.trino.json.CachingResolver)."""

    def arithmetic(
        self, operator: str, left: Type, right: Type
    ) -> tuple[Operator, Type] | None:
        return _arithmetic(operator, left, right)

    def comparison(self, operator: str, left: Type, right: Type) -> Operator | None:
        return _comparison(operator, left, right)


@lru_cache(maxsize=1000)
def _arithmetic(operator: str, left: Type, right: Type) -> tuple[Operator, Type] | None:
    bound = bound_operator(OPERATORS[operator], left, right)
    if bound is None:
        return None
    first, second = bound.arguments
    compute = _computed(bound, operator)
    return _converted(compute, (left, first), (right, second)), bound.result


@lru_cache(maxsize=1000)
def _comparison(operator: str, left: Type, right: Type) -> Operator | None:
    kind = common_super_type(left, right)
    allowed = t.is_comparable if operator == "=" else t.is_orderable
    if kind is None or not allowed(kind):
        return None
    return _converted(_compared(operator, kind), (left, kind), (right, kind))


def _compared(operator: str, kind: Type) -> Operator:
    if operator == "=":
        return lambda a, b: compare.equal(a, b, kind)
    return lambda a, b: compare.less(a, b, kind, operator == "<=")


def _converted(
    compute: Operator, left: tuple[Type, Type], right: tuple[Type, Type]
) -> Operator:
    first, second = (
        caster(source, to) if source != to else None for source, to in (left, right)
    )
    return lambda a, b: compute(first(a) if first else a, second(b) if second else b)


def _computed(bound: Bound, operator: str) -> Operator:
    found = IMPLEMENTATIONS.get(bound.declared.key)
    types = Signature(bound.arguments, bound.result)
    if isinstance(found, PythonFunction):
        function = found.function
        if found.wants_types:
            return lambda a, b: function(a, b, types=types)
        return function
    name = bound.result.name
    if name == "decimal" and operator in _EXACT:
        return _decimals(_EXACT[operator], bound.result)
    if name in t.INTEGERS:
        whole = _INTEGERS[operator]
        return lambda a, b: _in_range(whole(a, b), name, operator)
    if name == "double":
        return _FLOATS[operator]
    if name == "real":
        exact = _FLOATS[operator]
        return lambda a, b: numbers.single(exact(a, b))
    raise not_supported(f"{bound.declared.key} in a JSON path")


def _decimals(compute: Callable[[Decimal, Decimal], Decimal], result: Type) -> Operator:
    return lambda a, b: decimal_of(unscaled(compute(a, b), result.scale), result)


_EXACT: dict[str, Callable[[Decimal, Decimal], Decimal]] = {
    "+": EXACT.add,
    "-": EXACT.subtract,
    "*": EXACT.multiply,
}


def _in_range(value: int, of: str, operator: str) -> int:
    if operator == "/" and of != "bigint" and value == 2 ** (numbers.BITS[of] - 1):
        # IntegerOperators.divide has no check: the value leaves its type and fails, or not, later.
        raise not_supported(f"the smallest {of} divided by -1")
    return numbers.in_range(value, of)


def _quotient(a: int, b: int) -> int:
    if b == 0:
        raise DIVISION_BY_ZERO
    whole = abs(a) // abs(b)
    return -whole if (a < 0) != (b < 0) else whole


_INTEGERS: dict[str, Callable[[int, int], int]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _quotient,
    "%": lambda a, b: a - b * _quotient(a, b),
}


def _float_quotient(a: float, b: float) -> float:
    if b != 0:
        return a / b
    if a == 0 or a != a:
        return math.nan
    return math.copysign(math.inf, a) * math.copysign(1, b)


def _float_rest(a: float, b: float) -> float:
    return math.nan if b == 0 or math.isinf(a) else math.fmod(a, b)


_FLOATS: dict[str, Callable[[Any, Any], float]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "*": lambda a, b: a * b,
    "/": _float_quotient,
    "%": _float_rest,
}
