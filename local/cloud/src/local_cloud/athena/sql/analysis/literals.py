"""Literals: their types come from how they are written (ExpressionAnalyzer, LiteralInterpreter)."""

import re
from decimal import Decimal
from typing import Any

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import RULES, analysed
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.analysis.type_names import MAX_FRACTION, fine, named_type
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import Constant, Expr
from local_cloud.athena.sql.values import intervals, json_text, moments, zoned
from local_cloud.athena.sql.values.casts import caster
from trino_sql import tree


@RULES.rule(tree.Null)
def _null(context: AnalysisContext, scope: Scope, at: int) -> Expr:
    return Constant(t.UNKNOWN, None)


@RULES.rule(tree.BooleanLiteral)
def _boolean(context: AnalysisContext, scope: Scope, at: int, *, value: bool) -> Expr:
    return Constant(t.BOOLEAN, value)


@RULES.rule(tree.StringLiteral)
def _string(context: AnalysisContext, scope: Scope, at: int, *, value: str) -> Expr:
    return Constant(t.varchar(len(value)), value)


@RULES.rule(tree.BinaryLiteral)
def _binary(context: AnalysisContext, scope: Scope, at: int, *, value: bytes) -> Expr:
    return Constant(t.VARBINARY, value)


@RULES.rule(tree.IntegerLiteral)
def _integer(context: AnalysisContext, scope: Scope, at: int, *, value: int) -> Expr:
    kind = t.INTEGER if -(2**31) <= value < 2**31 else t.BIGINT
    return Constant(kind, value)


@RULES.rule(tree.DoubleLiteral)
def _double(context: AnalysisContext, scope: Scope, at: int, *, text: str) -> Expr:
    return Constant(t.DOUBLE, float(text))


@RULES.rule(tree.DecimalLiteral)
def _decimal(context: AnalysisContext, scope: Scope, at: int, *, text: str) -> Expr:
    try:
        return _decimal_of(text)
    except ValueError as error:
        raise context.error(
            "INVALID_LITERAL", f"'{text}' is not a valid DECIMAL literal", at
        ) from error


_DIGITS = r"[0-9](?:_?[0-9])*"
_DECIMAL = re.compile(rf"([+-]?)({_DIGITS})?(?:\.({_DIGITS})?)?")


def _decimal_of(text: str) -> Expr:
    """Precision and scale are what is written, leading zeros aside (Decimals.parse)."""
    found = _DECIMAL.fullmatch(text)
    if found is None or not (found[2] or found[3]):
        raise ValueError(text)
    whole, fraction = ((found[part] or "").replace("_", "") for part in (2, 3))
    precision = max(1, len(whole.lstrip("0")) + len(fraction))
    if precision > t.MAX_DECIMAL:
        raise ValueError(text)
    # Trino's decimals have no negative zero.
    value = Decimal(f"{found[1]}{whole or 0}.{fraction}")
    return Constant(t.decimal(precision, len(fraction)), value or abs(value))


@RULES.rule(tree.IntervalLiteral)
def _interval(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    value: str,
    negative: bool,
    start: str,
    end: str | None,
) -> Expr:
    months = start in ("YEAR", "MONTH")
    try:
        found = (intervals.months if months else intervals.milliseconds)(value, start, end)
    except ValueError as error:
        raise context.error(
            "INVALID_LITERAL", f"'{value}' is not a valid INTERVAL literal", at
        ) from error
    kind = t.MONTH_INTERVAL if months else t.DAY_INTERVAL
    return Constant(kind, -found if negative else found)


@RULES.rule(tree.TypedLiteral)
def _typed(context: AnalysisContext, scope: Scope, at: int, *, type: str, value: str) -> Expr:
    name = type.lower()
    try:
        return _literal(name, value)
    except ValueError as error:
        shown = name.upper()
        raise context.error(
            "INVALID_LITERAL", f"'{value}' is not a valid {shown} literal", at
        ) from error
    except QueryError as error:
        if error.name == "TYPE_MISMATCH":
            raise context.error(
                "TYPE_NOT_FOUND", f"Unknown resolvedType: {type}", at
            ) from error
        if error.name == "INVALID_CAST_ARGUMENT":
            raise context.error(
                "INVALID_LITERAL", f"'{value}' is not a valid {name.upper()} literal", at
            ) from error
        raise


def _literal(name: str, value: str) -> Expr:
    made: Any
    if name == "char":
        # As Java counts: a character beyond the BMP is two.
        length = len(value.encode("utf-16-le", "surrogatepass")) // 2
        return Constant(t.char(length), value.rstrip(" "))
    if name == "decimal":
        return _decimal_of(value)
    if name == "timestamp":
        return _timestamp(value)
    if name == "time":
        precision, with_zone = moments.time_digits(value)
        _check_digits("TIME", precision)
        kind = t.Type("time with time zone" if with_zone else "time", precision=precision)
        return Constant(fine(kind), moments.parse_time(value, precision))
    kind = named_type(name)
    if kind.name == "json":
        return Constant(kind, json_text.canonical(value))
    if kind.name == "varchar":
        return Constant(kind, value if kind.precision is None else value[: kind.precision])
    made = caster(t.VARCHAR, kind)(value)
    return Constant(kind, made)


def _timestamp(value: str) -> Expr:
    found = moments.matched(value)
    precision = len(found["fraction"] or "")
    _check_digits("TIMESTAMP", precision)
    if found["zone"] is None:
        kind = fine(t.timestamp(precision))
        return Constant(kind, moments.parse_timestamp_literal(value, precision))
    kind = fine(t.Type("timestamp with time zone", precision=precision))
    return Constant(kind, zoned.parse_literal(value, precision))


def _check_digits(kind: str, precision: int) -> None:
    if precision > MAX_FRACTION:
        raise QueryError(
            "NUMERIC_VALUE_OUT_OF_RANGE",
            f"{kind} precision must be in range [0, {MAX_FRACTION}]: {precision}",
        )


@RULES.rule(tree.Parameter)
def _parameter(context: AnalysisContext, scope: Scope, at: int, *, index: int) -> Expr:
    if index >= len(context.parameters):
        raise context.error("INVALID_PARAMETER_USAGE", "No value provided for parameter", at)
    return analysed(context, Scope(), context.parameters[index])
