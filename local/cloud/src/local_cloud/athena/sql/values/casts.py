"""CAST between values of any two types (the operators called $operator$cast)."""

import math
from collections.abc import Callable
from decimal import Decimal
from typing import Any

from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.types import DAY_INTERVAL, MONTH_INTERVAL, TIMED, Type, family
from local_cloud.athena.sql.values import compare, json_casts, moments, numbers, texts, zoned
from local_cloud.athena.sql.values.calendar import US_PER_DAY, joda_date_text

Caster = Callable[[Any], Any]


def caster(source: Type, to: Type) -> Caster:
    """A function of one value that is not null."""
    if source.name in ("varchar", "char"):
        return _from_text(source, to)
    if to.name == "json":
        return json_casts.writer(source)
    if source.name == "json":
        return json_casts.reader(to)
    if to.name in ("varchar", "char"):
        return _to_text(source, to)
    if source.name == to.name and source.args:
        return _nested(source, to)
    found = _CASTS.get((family(source), family(to)))
    if found is None:
        raise not_supported(f"cast({source} as {to})")
    return lambda value: found(value, source, to)


def _from_text(source: Type, to: Type) -> Caster:
    if to.name in ("varchar", "char"):
        return _text_to_text(source, to)
    if source.name == "char":
        length = source.precision or 0
        return lambda value: texts.from_text(value.ljust(length), to)
    return lambda value: texts.from_text(value, to)


def _text_to_text(source: Type, to: Type) -> Caster:
    if source.name == to.name == "char":
        return _cut_char(to)

    def cast(value: str) -> str:
        if source.name == "char":
            value = value.ljust(source.precision or 0)
        if to.precision is not None:
            value = value[: to.precision]
        return value.rstrip(" ") if to.name == "char" else value

    return cast


_UNCHECKED = ("boolean", *TIMED, DAY_INTERVAL.name, MONTH_INTERVAL.name)


def _cut_char(to: Type) -> Caster:
    def cast(value: str) -> str:
        found = value[: to.precision]
        if found.endswith(" "):
            # CharacterStringCasts leaves spaces at the cut, and cannot write such a char.
            raise not_supported(f"a char that is cut behind a space to make it a {to}")
        return found

    return cast


def _to_text(source: Type, to: Type) -> Caster:
    def cast(value: Any) -> str:
        text = joda_date_text(value) if source.name == "date" else texts.to_text(value, source)
        if to.precision is not None and len(text) > to.precision:
            if source.name in _UNCHECKED:
                # Trino makes a value too long for its type, and fails where that is looked at.
                raise not_supported(f"cast({source} as {to}) of a longer text")
            raise QueryError(
                "INVALID_CAST_ARGUMENT", f"Value {text} cannot be represented as {to}"
            )
        return text.rstrip(" ") if to.name == "char" else text

    return cast


def _nested(source: Type, to: Type) -> Caster:
    if to.name == "map" and to.args[0].name == "map":
        # MapToMapCast has no code for such keys.
        raise not_supported(f"cast({source} as {to})")
    inner = [_optional(a, b) for a, b in zip(source.args, to.args, strict=True)]
    if source.name == "array":
        return lambda value: [inner[0](one) for one in value]
    if source.name == "row":
        return lambda value: tuple(cast(one) for cast, one in zip(inner, value, strict=True))

    def cast(value: list[tuple[Any, Any]]) -> list[tuple[Any, Any]]:
        made = [(inner[0](k), inner[1](v)) for k, v in value]
        if any(key is None for key, _ in made):
            raise QueryError("INVALID_CAST_ARGUMENT", "map key is null")
        keys = {compare.hashable(key, to.args[0]) for key, _ in made}
        if len(keys) != len(made):
            raise QueryError("INVALID_CAST_ARGUMENT", "duplicate keys")
        return made

    return cast


def _optional(source: Type, to: Type) -> Caster:
    if source == to:
        return lambda value: value
    if source.name == "unknown":
        return lambda _: None
    inner = caster(source, to)
    return lambda value: None if value is None else inner(value)


# ---- numbers --------------------------------------------------------------------------------


def _to_integer(value: int, _: Type, to: Type) -> int:
    return numbers.in_range(value, to.name)


def _decimal_to_integer(value: Decimal, _: Type, to: Type) -> int:
    found = int(numbers.half_up(value, 0))
    if not numbers.fits(found, numbers.BITS[to.name]):
        raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast '{found}' to {to.name.upper()}")
    return found


def _double_to_integer(value: float, source: Type, to: Type) -> int:
    if math.isnan(value):
        raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast {source} NaN to {to}")
    if math.isfinite(value):
        found = numbers.round_double(value)
        if numbers.fits(found, numbers.BITS[to.name]):
            return found
    if (source.name, to.name) == ("real", "bigint"):
        # RealOperators.castToLong has no check: Java's (long) ends at the largest.
        return 2**63 - 1 if value > 0 else -(2**63)
    # DoubleOperators: only the cast to bigint calls it an invalid argument.
    code = "INVALID_CAST_ARGUMENT" if to.name == "bigint" else "NUMERIC_VALUE_OUT_OF_RANGE"
    raise QueryError(code, f"Out of range for {to}: {numbers.java_double(value)}")


def _to_decimal(value: Decimal | int, _: Type, to: Type) -> Decimal:
    found = numbers.fitted(Decimal(value), to.precision or 0, to.scale)
    if found is None:
        raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast {value} to {to}")
    return found


def _boolean_to_decimal(value: bool, source: Type, to: Type) -> Decimal:
    if value and to.precision == to.scale:
        # BooleanToDecimal has no check: Trino's answer is a 1 that the type does not hold.
        raise not_supported(f"cast(true as {to})")
    return _to_decimal(int(value), source, to)


def _double_to_decimal(value: float, source: Type, to: Type) -> Decimal:
    if not math.isfinite(value):
        raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast {source} {value} to {to}")
    digits = numbers.single_digits(value) if source.name == "real" else repr(value)
    found = numbers.fitted(Decimal(digits), to.precision or 0, to.scale)
    if found is None:
        raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast {source} '{value}' to {to}")
    return found


# ---- dates and times ------------------------------------------------------------------------


def _midnight(value: int, _: Type, __: Type) -> int:
    return moments.checked_timestamp(value * US_PER_DAY)


def _midnight_utc(value: int, _: Type, __: Type) -> zoned.Zoned:
    return zoned.checked(value * US_PER_DAY), "UTC"


def _less_fine(value: int, source: Type, to: Type) -> int:
    fewer = (source.precision or 0) > (to.precision or 0)
    return moments.rounded(value, to.precision or 0) if fewer else value


def _in_utc(value: int, source: Type, to: Type) -> zoned.Zoned:
    """In the session's zone; up to milliseconds Trino rounds twice."""
    precision = to.precision or 0
    if precision > 3:
        return zoned.checked(_less_fine(value, source, to)), "UTC"
    found = moments.rounded(moments.rounded(value, 3), precision)
    if not zoned.fits(found):
        raise QueryError(
            "INVALID_CAST_ARGUMENT",
            f"Out of range for timestamp with time zone: {found // 1000}",
        )
    return found, "UTC"


def _shown(value: zoned.Zoned, _: Type, to: Type) -> int:
    return moments.rounded(zoned.to_local(*value), to.precision or 0)


def _zoned_less_fine(value: zoned.Zoned, source: Type, to: Type) -> zoned.Zoned:
    return zoned.checked(_less_fine(value[0], source, to)), value[1]


_CASTS: dict[tuple[str, str], Callable[[Any, Type, Type], Any]] = {
    ("integer", "integer"): _to_integer,
    ("integer", "decimal"): _to_decimal,
    ("integer", "double"): lambda value, _, __: float(value),
    ("integer", "real"): lambda value, _, __: numbers.single(float(value)),
    ("integer", "boolean"): lambda value, _, __: value != 0,
    ("decimal", "integer"): _decimal_to_integer,
    ("decimal", "decimal"): _to_decimal,
    ("decimal", "double"): lambda value, source, _: numbers.decimal_to_double(value, source),
    ("decimal", "real"): lambda value, source, _: numbers.decimal_to_single(value, source),
    ("decimal", "boolean"): lambda value, _, __: value != 0,
    ("double", "integer"): _double_to_integer,
    ("double", "decimal"): _double_to_decimal,
    ("double", "real"): lambda value, _, __: numbers.single(value),
    ("double", "boolean"): lambda value, _, __: value != 0,
    ("real", "integer"): _double_to_integer,
    ("real", "decimal"): _double_to_decimal,
    ("real", "double"): lambda value, _, __: value,
    ("real", "boolean"): lambda value, _, __: value != 0,
    ("boolean", "integer"): lambda value, _, __: int(value),
    ("boolean", "double"): lambda value, _, __: float(value),
    ("boolean", "real"): lambda value, _, __: float(value),
    ("boolean", "decimal"): _boolean_to_decimal,
    ("date", "timestamp"): _midnight,
    ("date", "timestamp with time zone"): _midnight_utc,
    ("timestamp", "date"): lambda value, _, __: value // US_PER_DAY,
    ("timestamp", "timestamp"): _less_fine,
    ("timestamp", "timestamp with time zone"): _in_utc,
    ("timestamp", "time"): lambda value, _, to: moments.time_of_day(value, to.precision or 0),
    ("timestamp with time zone", "date"): lambda value, _, __: zoned.day(*value),
    ("timestamp with time zone", "timestamp"): _shown,
    ("timestamp with time zone", "timestamp with time zone"): _zoned_less_fine,
    ("timestamp with time zone", "time"): lambda value, _, to: (
        moments.rounded(zoned.to_local(*value) % US_PER_DAY, to.precision or 0) % US_PER_DAY
    ),
    ("time", "time"): lambda value, source, to: _less_fine(value, source, to) % US_PER_DAY,
}
