"""Calls with a syntax of their own: CAST, EXTRACT, TRIM, FORMAT and what asks for the session."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.arguments import bound_call, call_arguments
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import RULES, analysed, coerced
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.analysis.type_names import MAX_FRACTION, can_cast, fine, type_of
from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.ir import BoundCall, Cast, Constant, Expr, Special
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values.moments import rounded
from trino_sql import tree


@RULES.rule(tree.Cast)
def _cast(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    value: tree.Expression,
    type: tree.DataType,
    safe: bool,
) -> Expr:
    try:
        kind = type_of(type)
    except QueryError as error:
        if error.name == "NOT_SUPPORTED":
            raise
        raise context.error(error.name, error.message, at) from error
    if kind == t.UNKNOWN:
        raise context.mismatch("UNKNOWN is not a valid type", at)
    inner = analysed(context, scope, value)
    if not can_cast(inner.type, kind):
        raise context.mismatch(f"Cannot cast {inner.type} to {kind}", at)
    if isinstance(inner, Constant) and inner.value is None:
        return Constant(kind, None)
    return Cast(kind, inner, safe)


@RULES.rule(tree.Trim)
def _trim(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    side: str,
    value: tree.Expression,
    characters: tree.Expression | None,
) -> Expr:
    name = {"BOTH": "trim", "LEADING": "ltrim", "TRAILING": "rtrim"}[side]
    nodes = (value,) if characters is None else (value, characters)
    bound, values = call_arguments(context, scope, name, nodes, at)
    return BoundCall(bound.result, bound, values)


# What FormatFunction.addDependencies takes.
_FORMATTED = (
    *t.INTEGERS,
    *("unknown", "boolean", "real", "double", "decimal", "char", "varchar", "json", "uuid"),
    *("date", "time", "timestamp", "timestamp with time zone"),
    *("interval day to second", "interval year to month"),
)


@RULES.rule(tree.Format)
def _format(
    context: AnalysisContext, scope: Scope, at: int, *, items: tuple[tree.Expression, ...]
) -> Expr:
    values = tuple(analysed(context, scope, one) for one in items)
    if values[0].type.name != "varchar":
        raise context.mismatch(
            f"Type of first argument to format() must be VARCHAR (actual: {values[0].type})", at
        )
    for node, value in zip(items[1:], values[1:], strict=True):
        if value.type.name not in _FORMATTED:
            shown = f"Type not supported for formatting: {value.type}"
            raise context.error("NOT_SUPPORTED", shown, node.at)
    return Special(t.VARCHAR, "format", values)


_EXTRACTED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("YEAR", "MONTH"), ("date", "timestamp", "interval year to month")),
    "DAY": ("date", "timestamp", "interval day to second"),
    **dict.fromkeys(
        (
            "QUARTER",
            "WEEK",
            "DAY_OF_MONTH",
            "DAY_OF_WEEK",
            "DOW",
            "DAY_OF_YEAR",
            "DOY",
            "YEAR_OF_WEEK",
            "YOW",
        ),
        ("date", "timestamp"),
    ),
    **dict.fromkeys(
        ("HOUR", "MINUTE", "SECOND"), ("timestamp", "time", "interval day to second")
    ),
    **dict.fromkeys(("TIMEZONE_MINUTE", "TIMEZONE_HOUR"), ()),
}


# The function that a field stands for (TranslationMap.translate of Extract).
_FIELD_FUNCTIONS = {
    "DAY_OF_MONTH": "day",
    "DOW": "day_of_week",
    "DOY": "day_of_year",
    "YOW": "year_of_week",
}


@RULES.rule(tree.Extract)
def _extract(
    context: AnalysisContext, scope: Scope, at: int, *, field: str, value: tree.Expression
) -> Expr:
    inner = analysed(context, scope, value)
    plain = inner.type.name.removesuffix(" with time zone")
    zoned = plain != inner.type.name
    if plain not in (_EXTRACTED[field] or (("timestamp", "time") if zoned else ())):
        raise context.mismatch(f"Cannot extract {field} from {inner.type}", at)
    name = _FIELD_FUNCTIONS.get(field, field.lower())
    bound, values = bound_call(context, scope, name, (value,), (inner,), at)
    return BoundCall(bound.result, bound, values)


@RULES.rule(tree.AtTimeZone)
def _at_time_zone(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    value: tree.Expression,
    zone: tree.Expression,
) -> Expr:
    inner, place = analysed(context, scope, value), analysed(context, scope, zone)
    if not inner.type.name.startswith("time"):
        raise context.mismatch(
            "Type of value must be a time or timestamp with or without time zone "
            f"(actual {inner.type})",
            at,
        )
    name = inner.type.name.removesuffix(" with time zone") + " with time zone"
    made = coerced(inner, fine(Type(name, precision=inner.type.precision)))
    bound, values = bound_call(context, scope, "at_timezone", (value, zone), (made, place), at)
    return BoundCall(bound.result, bound, values)


@RULES.rule(tree.CurrentTime)
def _current_time(
    context: AnalysisContext, scope: Scope, at: int, *, kind: str, precision: int | None
) -> Expr:
    now = context.session.now_us
    digits = 3 if precision is None else precision
    if kind == "CURRENT_DATE":
        return Constant(t.DATE, now // 86_400_000_000)
    if digits > MAX_FRACTION:
        name = "TIME" if "TIMESTAMP" not in kind else "TIMESTAMP"
        zoned = " WITH TIME ZONE" if kind.startswith("CURRENT") else ""
        raise QueryError(
            "NUMERIC_VALUE_OUT_OF_RANGE",
            f"{name}{zoned} precision must be in range [0, {MAX_FRACTION}]: {digits}",
        )
    cut = rounded(now, min(digits, 6))
    if kind == "CURRENT_TIMESTAMP":
        made = fine(Type("timestamp with time zone", precision=digits))
        return Constant(made, (cut, "UTC"))
    if kind == "LOCALTIMESTAMP":
        return Constant(fine(t.timestamp(digits)), cut)
    if kind == "LOCALTIME":
        return Constant(fine(Type("time", precision=digits)), cut % 86_400_000_000)
    raise not_supported("time with time zone")


@RULES.rule(tree.CurrentName)
def _current_name(context: AnalysisContext, scope: Scope, at: int, *, kind: str) -> Expr:
    session = context.session
    found = {
        "CURRENT_CATALOG": session.catalog,
        "CURRENT_SCHEMA": session.database,
        "CURRENT_USER": session.user,
        "CURRENT_PATH": "",
    }[kind]
    return Constant(t.VARCHAR, found)
