"""The operators + - * / % and the minus sign (trino-main: io.trino.type.*Operators)."""

from decimal import Decimal
from typing import Any

from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import BoundCall, Cast, Constant
from local_cloud.athena.sql.types import INTEGERS, Type
from local_cloud.athena.sql.values.numbers import EXACT, unscaled


def _pairs(name: str, *kinds: str) -> tuple[str, ...]:
    return tuple(f"$operator${name}({kind},{kind})" for kind in kinds)


# ---- whole numbers: DuckDB raises where they overflow -----------------------------------------
# Not so where it rewrites `x + 1 > 2` as `x > 1` (its MoveConstantsRule): that rule knows the
# operators by their signs, not by their names.


@sql(*_pairs("add", *INTEGERS))
def _add(a: str, b: str) -> str:
    return f"add({a}, {b})"


@sql(*_pairs("subtract", *INTEGERS))
def _subtract(a: str, b: str) -> str:
    return f"subtract({a}, {b})"


@sql(*_pairs("multiply", *INTEGERS))
def _multiply(a: str, b: str) -> str:
    return f"multiply({a}, {b})"


DIVISION_BY_ZERO = QueryError("DIVISION_BY_ZERO", "Division by zero")


def _is_nonzero(call: BoundCall) -> bool:
    last = call.arguments[1]
    while isinstance(last, Cast) and last.value.type.name in t.INTEGERS:
        last = last.value
    return isinstance(last, Constant) and last.value not in (None, 0)


def _nonzero(
    text: Text,
    call: BoundCall,
    divisor: str,
    dividend: str,
    result: str,
    error: QueryError = DIVISION_BY_ZERO,
) -> str:
    """`result`, unless the divisor is zero. Of a null nothing is asked."""
    if _is_nonzero(call):
        return result
    first, last = call.arguments
    failing = text.raised(error, call.type, (divisor, last.type))
    known = isinstance(first, Constant) and first.value is not None
    there = "" if known else f" AND {dividend} IS NOT NULL"
    return f"(CASE WHEN {divisor} = 0{there} THEN {failing} ELSE {result} END)"


@sql(*_pairs("divide", *INTEGERS))
def _divide(a: str, b: str, text: Text, call: BoundCall) -> str:
    made = f"({a} // {b})"
    last = call.arguments[1]
    harmless = isinstance(last, Constant) and last.value != -1
    if not harmless and (beyond := _BEYOND.get(call.type.name)) is not None:
        smallest, said = beyond
        of = call.type

        def failing(dividend: int, divisor: int) -> Any:
            # Asked of other rows too: DuckDB may evaluate what CASE does not choose.
            if (dividend, divisor) == (smallest, -1):
                raise QueryError("GENERIC_INTERNAL_ERROR", said)

        failed = text.python(failing, (of, of), of, a, b, key=("quotient beyond", of))
        made = f"(CASE WHEN {b} = -1 AND {a} = {smallest} THEN {failed} ELSE {made} END)"
    return _nonzero(text, call, b, a, made)


# The one quotient that does not fit. Trino computes it and fails to store it (writeLong of
# IntegerType, SmallintType and TinyintType); its division of bigint looks for it.
_BEYOND = {
    "tinyint": (-(2**7), "Value 128 exceeds MAX_BYTE"),
    "smallint": (-(2**15), "Value 32768 exceeds MAX_SHORT for type smallint"),
    "integer": (-(2**31), "Value 2147483648 exceeds MAX_INT for type integer"),
}


def remainder(a: str, b: str, text: Text, call: BoundCall, error: QueryError) -> str:
    # A divisor of -1 would overflow where the dividend is the smallest number.
    made = f"(CASE WHEN {b} = -1 THEN {a} - {a} ELSE {a} % {b} END)"
    return _nonzero(text, call, b, a, made, error)


@sql(*_pairs("modulus", *INTEGERS), total=_is_nonzero)
def _modulus(a: str, b: str, text: Text, call: BoundCall) -> str:
    return remainder(a, b, text, call, DIVISION_BY_ZERO)


@sql(*(f"$operator$negation({kind})" for kind in (*INTEGERS, "double", "real", "decimal(p,s)")))
def _negation(a: str) -> str:
    return f"(-{a})"


# ---- floating point: as IEEE 754 has it -------------------------------------------------------


@sql(*_pairs("add", "double", "real"), total=True)
def _add_floats(a: str, b: str) -> str:
    return f"({a} + {b})"


@sql(*_pairs("subtract", "double", "real"), total=True)
def _subtract_floats(a: str, b: str) -> str:
    return f"({a} - {b})"


@sql(*_pairs("multiply", "double", "real"), total=True)
def _multiply_floats(a: str, b: str) -> str:
    return f"({a} * {b})"


@sql(*_pairs("divide", "double", "real"), total=True)
def _divide_floats(a: str, b: str) -> str:
    return f"({a} / {b})"


@sql(*_pairs("modulus", "double", "real"), total=True)
def _modulus_floats(a: str, b: str) -> str:
    return f"({a} % {b})"


# ---- decimals ---------------------------------------------------------------------------------

DECIMALS = "decimal(a_precision,a_scale),decimal(b_precision,b_scale)"


def _sum(a: str, operator: str, b: str, of: Type) -> str:
    # Both sides in the result's type: below 38 digits DuckDB has a wider one of its own for a sum.
    return cast(f"({cast(a, of)} {operator} {cast(b, of)})", of)


@sql(f"$operator$add({DECIMALS})")
def _add_decimals(a: str, b: str, types: Signature) -> str:
    return _sum(a, "+", b, types.result)


@sql(f"$operator$subtract({DECIMALS})")
def _subtract_decimals(a: str, b: str, types: Signature) -> str:
    return _sum(a, "-", b, types.result)


@sql(f"$operator$multiply({DECIMALS})")
def _multiply_decimals(a: str, b: str, types: Signature) -> str:
    return cast(f"({a} * {b})", types.result)


@python(f"$operator$divide({DECIMALS})")
def _divide_decimals(a: Decimal, b: Decimal, types: Signature) -> Decimal:
    """Rounded half up to the result's scale (DecimalOperators.divide)."""
    if b == 0:
        raise DIVISION_BY_ZERO
    of = types.result
    above = abs(unscaled(a, types.arguments[0].scale))
    below = abs(unscaled(b, types.arguments[1].scale))
    shift = of.scale + types.arguments[1].scale - types.arguments[0].scale
    if shift >= 38:
        # Int128Math.divideRoundUp does not shift so far, whatever the digits are.
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    whole, rest = divmod(above * 10**shift, below)
    whole += 2 * rest >= below
    return decimal_of(-whole if (a < 0) != (b < 0) else whole, of)


@python(f"$operator$modulus({DECIMALS})")
def remainder_of_decimals(a: Decimal, b: Decimal, types: Signature) -> Decimal:
    if b == 0:
        raise DIVISION_BY_ZERO
    scale = types.result.scale
    whole, rest = divmod(abs(unscaled(a, scale)), abs(unscaled(b, scale)))
    if whole >= 2**127:
        # Int128Math.remainder computes the quotient too.
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    return decimal_of(-rest if a < 0 else rest, types.result)


def decimal_of(value: int, of: Type) -> Decimal:
    """The decimal of these digits. NUMERIC_VALUE_OUT_OF_RANGE beyond 38 of them."""
    if abs(value) >= 10**38:
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    return Decimal(value).scaleb(-of.scale, EXACT)
