"""Sums, differences, products and quotients of intervals.

trino-main: IntervalDayTimeOperators and IntervalYearMonthOperators, whose longs wrap around.
"""

from local_cloud.athena.engines.duck_functions.date_parts import DAYS, MONTHS
from local_cloud.athena.engines.duck_functions.fallback import common, guarded
from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql.failures import invalid_argument, not_supported
from local_cloud.athena.sql.ir import BoundCall, Constant
from local_cloud.athena.sql.types import MONTH_INTERVAL, Type
from local_cloud.athena.sql.values import numbers


def _interval(value: int, of: Type) -> int:
    """`value` as Java's long; months that need more than 32 bits fail only where they are stored."""
    found = (value + 2**63) % 2**64 - 2**63
    if of.name == "interval year to month" and not -(2**31) <= found < 2**31:
        raise not_supported("intervals of so many months")
    return found


@python(f"$operator$add({DAYS},{DAYS})", f"$operator$add({MONTHS},{MONTHS})")
def _add(a: int, b: int, types: Signature) -> int:
    return _interval(a + b, types.result)


@python(f"$operator$subtract({DAYS},{DAYS})", f"$operator$subtract({MONTHS},{MONTHS})")
def _subtract(a: int, b: int, types: Signature) -> int:
    return _interval(a - b, types.result)


@python(f"$operator$negation({DAYS})", f"$operator$negation({MONTHS})")
def _negate(a: int, types: Signature) -> int:
    return _interval(-a, types.result)


@sql(
    *(f"$operator$multiply({kind},bigint)" for kind in (DAYS, MONTHS)),
    *(f"$operator$multiply(bigint,{kind})" for kind in (DAYS, MONTHS)),
)
def _multiply(a: str, b: str, call: BoundCall, text: Text) -> str:
    """By DuckDB for the numbers with which a constant interval stays a common one."""
    of = call.type
    slow = text.python(
        lambda x, y: _interval(x * y, of),
        call.bound.arguments,
        of,
        *(a, b),
        key=("multiply", of, call.bound.arguments),
    )
    length, count = sorted(call.arguments, key=lambda one: one.type.name == "bigint")
    if not isinstance(length, Constant) or not length.value:
        return slow
    limit = (2**31 - 1 if of == MONTH_INTERVAL else 2**62) // abs(length.value)
    within = common(b if count is call.arguments[1] else a, count, limit)
    return guarded(cast(f"({a} * {b})", of), slow, within)


@python(
    *(f"$operator$multiply({kind},double)" for kind in (DAYS, MONTHS)),
    *(f"$operator$multiply(double,{kind})" for kind in (DAYS, MONTHS)),
)
def _multiply_double(a: float, b: float, types: Signature) -> int:
    if a != a or b != b:
        raise invalid_argument("Cannot multiply by double NaN")
    return _interval(_long(float(a) * float(b)), types.result)


@python(*(f"$operator$divide({kind},double)" for kind in (DAYS, MONTHS)))
def _divide(a: int, b: float, types: Signature) -> int:
    if b != b or b == 0:
        raise invalid_argument(f"Cannot divide by double {numbers.java_double(b)}")
    return _interval(_long(float(a) / b), types.result)


def _long(value: float) -> int:
    """A double as Java casts it to a long."""
    if value != value:
        return 0
    if abs(value) < 2.0**63:
        return int(value)
    return 2**63 - 1 if value > 0 else -(2**63)
