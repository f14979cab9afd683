"""Functions of dates, times and intervals."""

from sqlglot import exp

from local_cloud.athena import types as t
from local_cloud.athena.casts import cast
from local_cloud.athena.compile_expr import Expressions, named, rule
from local_cloud.athena.failures import not_supported
from local_cloud.athena.functions_text import no_extras, text, whole
from local_cloud.athena.scope import Scope
from local_cloud.athena.typed import Typed, cast_text, coerced, quoted, require, unified

MOMENTS = ("date", "timestamp", "timestamp with time zone")
UNITS = {"MILLISECOND", "SECOND", "MINUTE", "HOUR", "DAY", "WEEK", "MONTH", "QUARTER", "YEAR"}
# MySQL's patterns that mean the same in DuckDB's strftime.
FORMATS = {"%Y", "%m", "%d", "%H", "%M", "%S", "%y", "%j", "%b", "%B", "%a", "%%", "%p", "%I"}


def unit_of(node: exp.Expression) -> str:
    unit = node.args.get("unit")
    name = unit.name.upper() if unit is not None else "DAY"
    if name not in UNITS:
        raise not_supported(f"the unit {name.lower()}")
    return name


@rule(exp.CurrentTimestamp)
def _now(_: Expressions, node: exp.Expression, __: Scope) -> Typed:
    no_extras(node)
    return Typed("date_trunc('millisecond', now())", t.TIMESTAMP_TZ)


@rule(exp.Localtimestamp)
def _local(_: Expressions, node: exp.Expression, __: Scope) -> Typed:
    no_extras(node)
    return Typed("CAST(date_trunc('millisecond', now()) AS TIMESTAMP)", t.TIMESTAMP)


@rule(exp.CurrentDate)
def _today(_: Expressions, node: exp.Expression, __: Scope) -> Typed:
    no_extras(node)
    return Typed("current_date", t.DATE)


@rule(exp.TimestampTrunc, exp.DateTrunc)
def _trunc(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    no_extras(node, "this", "unit")
    value = require(self.arg(node, "this", scope), MOMENTS, "function date_trunc")
    sql = f"date_trunc({quoted(unit_of(node).lower())}, {value.sql})"
    return Typed(cast_text(sql, value.type), value.type)


@rule(exp.DateAdd)
def _add(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), MOMENTS, "function date_add")
    amount, unit = whole(self, node, "expression", scope), unit_of(node)
    if unit == "QUARTER":
        amount, unit = f"(3 * {amount})", "MONTH"
    if value.type.name == "date" and unit in ("MILLISECOND", "SECOND", "MINUTE", "HOUR"):
        raise not_supported(f"date_add('{unit.lower()}', …) on a date, as in Trino")
    function = f"to_{unit.lower()}s"
    count = (
        amount if unit in ("MILLISECOND", "HOUR", "MINUTE") else f"CAST({amount} AS INTEGER)"
    )
    return Typed(cast_text(f"({value.sql} + {function}({count}))", value.type), value.type)


@rule(exp.DateDiff)
def _diff(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    # sqlglot keeps date_diff(unit, a, b) as this=b, expression=a.
    later = require(self.arg(node, "this", scope), MOMENTS, "function date_diff")
    earlier = require(self.arg(node, "expression", scope), MOMENTS, "function date_diff")
    (a, b), _ = unified([earlier, later], "date_diff")
    # Whole units that have passed (date_sub), not boundaries crossed (DuckDB's date_diff).
    return Typed(f"date_sub('{unit_of(node).lower()}', {a.sql}, {b.sql})", t.BIGINT)


_FIELDS = {
    exp.Year: "year",
    exp.Quarter: "quarter",
    exp.Month: "month",
    exp.Day: "day",
    exp.DayOfMonth: "day",
    exp.DayOfYear: "dayofyear",
    exp.DayOfWeekIso: "isodow",
    exp.WeekOfYear: "week",
    exp.Week: "week",
    exp.Hour: "hour",
    exp.Minute: "minute",
    exp.Second: "second",
}
_EXTRACTS = {
    **{name.upper(): name for name in ("year", "quarter", "month", "week", "day")},
    **{name.upper(): name for name in ("hour", "minute", "second")},
    "DOW": "isodow",
    "DAY_OF_WEEK": "isodow",
    "DOY": "dayofyear",
    "DAY_OF_YEAR": "dayofyear",
}


def _part(field: str, value: Typed) -> Typed:
    require(value, MOMENTS, f"function {field}")
    return Typed(f"CAST(date_part('{field}', {value.sql}) AS BIGINT)", t.BIGINT)


@rule(*_FIELDS)
def _field(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    return _part(_FIELDS[type(node)], self.arg(node, "this", scope))


@rule(exp.Extract)
def _extract(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    field = _EXTRACTS.get(node.this.name.upper())
    if field is None:
        raise not_supported(f"extract({node.this.name.lower()} from …)")
    return _part(field, self.arg(node, "expression", scope))


@named("millisecond")
def _millisecond(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.typed(node.expressions[0], scope), MOMENTS[1:], "function millisecond")
    return Typed(f"CAST(date_part('millisecond', {value.sql}) % 1000 AS BIGINT)", t.BIGINT)


@rule(exp.Date)
def _date(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    no_extras(node, "this")
    return cast(self.arg(node, "this", scope), t.DATE, safe=False)


def _format(node: exp.Expression) -> str:
    form = node.args["format"]
    if not (isinstance(form, exp.Literal) and form.is_string):
        raise not_supported("a date format that is no literal")
    # sqlglot has put the pattern from MySQL's letters (%i, %s) into strftime's (%M, %S).
    codes = [form.name[i : i + 2] for i, char in enumerate(form.name) if char == "%"]
    if any(code not in FORMATS for code in codes):
        raise not_supported(f"the date format {form.name}")
    return quoted(form.name)


@rule(exp.TimeToStr)
def _date_format(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), MOMENTS, "function date_format")
    return Typed(f"strftime({value.sql}, {_format(node)})", t.VARCHAR)


@rule(exp.StrToTime)
def _date_parse(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    return Typed(f"strptime({text(self, node, 'this', scope)}, {_format(node)})", t.TIMESTAMP)


@rule(exp.UnixToTime)
def _from_unixtime(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    no_extras(node, "this")
    value = coerced(self.arg(node, "this", scope), t.DOUBLE, "from_unixtime")
    millis = f"CAST(round({value.sql} * 1000) AS BIGINT)"
    return Typed(f"make_timestamptz({millis} * 1000)", t.TIMESTAMP_TZ)


@rule(exp.TimeToUnix)
def _to_unixtime(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = require(self.arg(node, "this", scope), MOMENTS, "function to_unixtime")
    return Typed(f"epoch({cast_text(value.sql, t.TIMESTAMP_TZ)})", t.DOUBLE)


@rule(exp.FromISO8601Timestamp)
def _iso(self: Expressions, node: exp.Expression, scope: Scope) -> Typed:
    value = text(self, node, "this", scope)
    form = quoted(
        r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2}(\.[0-9]{1,3})?)?"
        r"(Z|[+-][0-9]{2}:?[0-9]{2})?)?"
    )
    parsed = f"CAST(replace({value}, 'T', ' ') AS TIMESTAMP WITH TIME ZONE)"
    failing = (
        f"CAST(concat('<<INVALID_FUNCTION_ARGUMENT: Invalid format: >>', {value}) AS BIGINT)"
    )
    failed = f"make_timestamptz({failing})"
    return Typed(
        f"(CASE WHEN {value} IS NULL OR regexp_full_match({value}, {form}) "
        f"THEN {parsed} ELSE {failed} END)",
        t.TIMESTAMP_TZ,
    )
