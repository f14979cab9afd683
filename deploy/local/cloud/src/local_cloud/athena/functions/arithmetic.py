"""The operators + - * / % and the minus sign (trino-main: io.trino.type.*Operators)."""

from decimal import Context, Decimal

from local_cloud.athena.duck_sql.representation import cast
from local_cloud.athena.duck_sql.text import Text
from local_cloud.athena.failures import QueryError
from local_cloud.athena.functions.registry import Signature, python, sql
from local_cloud.athena.ir import Call, Constant
from local_cloud.athena.types import Type

EXACT = Context(prec=120)
_INTEGERS = ("tinyint", "smallint", "integer", "bigint")


def _pairs(name: str, *kinds: str) -> tuple[str, ...]:
    return tuple(f"$operator${name}({kind},{kind})" for kind in kinds)


# ---- whole numbers: DuckDB raises where they overflow -----------------------------------------


@sql(*_pairs("add", *_INTEGERS))
def _add(a: str, b: str) -> str:
    return f"({a} + {b})"


@sql(*_pairs("subtract", *_INTEGERS))
def _subtract(a: str, b: str) -> str:
    return f"({a} - {b})"


@sql(*_pairs("multiply", *_INTEGERS))
def _multiply(a: str, b: str) -> str:
    return f"({a} * {b})"


DIVISION_BY_ZERO = QueryError("DIVISION_BY_ZERO", "Division by zero")


def _nonzero(
    text: Text,
    call: Call,
    divisor: str,
    dividend: str,
    result: str,
    error: QueryError = DIVISION_BY_ZERO,
) -> str:
    """`result`, unless the divisor is zero. Of a null nothing is asked."""
    first, last = call.arguments
    if isinstance(last, Constant) and last.value not in (None, 0):
        return result
    failing = text.raised(error, call.type, (divisor, last.type))
    known = isinstance(first, Constant) and first.value is not None
    there = "" if known else f" AND {dividend} IS NOT NULL"
    return f"(CASE WHEN {divisor} = 0{there} THEN {failing} ELSE {result} END)"


@sql(*_pairs("divide", *_INTEGERS))
def _divide(a: str, b: str, text: Text, call: Call) -> str:
    return _nonzero(text, call, b, a, f"({a} // {b})")


def remainder(a: str, b: str, text: Text, call: Call, error: QueryError) -> str:
    # A divisor of -1 would overflow where the dividend is the smallest number.
    made = f"(CASE WHEN {b} = -1 THEN {a} - {a} ELSE {a} % {b} END)"
    return _nonzero(text, call, b, a, made, error)


@sql(*_pairs("modulus", *_INTEGERS))
def _modulus(a: str, b: str, text: Text, call: Call) -> str:
    return remainder(a, b, text, call, DIVISION_BY_ZERO)


@sql(
    *(f"$operator$negation({kind})" for kind in (*_INTEGERS, "double", "real", "decimal(p,s)"))
)
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

_DECIMALS = "decimal(a_precision,a_scale),decimal(b_precision,b_scale)"


def _sum(a: str, operator: str, b: str, of: Type) -> str:
    # Both sides in the result's type: at 38 digits DuckDB would not add at all, below it widens.
    return cast(f"({cast(a, of)} {operator} {cast(b, of)})", of)


@sql(f"$operator$add({_DECIMALS})")
def _add_decimals(a: str, b: str, types: Signature) -> str:
    return _sum(a, "+", b, types.result)


@sql(f"$operator$subtract({_DECIMALS})")
def _subtract_decimals(a: str, b: str, types: Signature) -> str:
    return _sum(a, "-", b, types.result)


@sql(f"$operator$multiply({_DECIMALS})")
def _multiply_decimals(a: str, b: str, types: Signature) -> str:
    return cast(f"({a} * {b})", types.result)


@python(f"$operator$divide({_DECIMALS})")
def _divide_decimals(a: Decimal, b: Decimal, types: Signature) -> Decimal:
    """Rounded half up to the result's scale (DecimalOperators.divide)."""
    if b == 0:
        raise DIVISION_BY_ZERO
    of = types.result
    above = abs(int(a.scaleb(types.arguments[0].scale, EXACT)))
    below = abs(int(b.scaleb(types.arguments[1].scale, EXACT)))
    shift = of.scale + types.arguments[1].scale - types.arguments[0].scale
    whole, rest = divmod(above * 10**shift, below)
    whole += 2 * rest >= below
    return unscaled(-whole if (a < 0) != (b < 0) else whole, of)


@python(f"$operator$modulus({_DECIMALS})")
def remainder_of_decimals(a: Decimal, b: Decimal, types: Signature) -> Decimal:
    if b == 0:
        raise DIVISION_BY_ZERO
    scale = types.result.scale
    whole, rest = divmod(abs(int(a.scaleb(scale, EXACT))), abs(int(b.scaleb(scale, EXACT))))
    if whole >= 2**127:
        # Int128Math.remainder computes the quotient too.
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    return unscaled(-rest if a < 0 else rest, types.result)


def unscaled(value: int, of: Type) -> Decimal:
    """The decimal of these digits. NUMERIC_VALUE_OUT_OF_RANGE beyond 38 of them."""
    if abs(value) >= 10**38:
        raise QueryError("NUMERIC_VALUE_OUT_OF_RANGE", "Decimal overflow")
    return Decimal(value).scaleb(-of.scale, EXACT)
