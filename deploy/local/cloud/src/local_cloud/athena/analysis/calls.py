"""Calls: functions, aggregates, windows, lambdas, and the forms with a syntax of their own."""

from collections.abc import Sequence

from coinlake.sql import tree
from local_cloud.athena import types as t
from local_cloud.athena.analysis.context import Context
from local_cloud.athena.analysis.expressions import RULES, analysed, coerced, condition
from local_cloud.athena.analysis.scope import Field, Scope
from local_cloud.athena.analysis.type_names import MAX_FRACTION, can_cast, fine, type_of
from local_cloud.athena.analysis.windows import Over, over, sort_keys
from local_cloud.athena.failures import QueryError, not_supported
from local_cloud.athena.functions.binding import Argument, Bound, LambdaType, resolve
from local_cloud.athena.functions.declared import AGGREGATE, WINDOW, catalogue
from local_cloud.athena.ir import (
    Aggregate,
    Call,
    Cast,
    Constant,
    Expr,
    Grouping,
    Lambda,
    SortKey,
    Special,
    Window,
    walk,
)
from local_cloud.athena.types import Type
from local_cloud.athena.values.moments import rounded

MAX_ARGUMENTS = 127


@RULES.rule(tree.FunctionCall)
def _function_call(
    context: Context,
    scope: Scope,
    at: int,
    *,
    name: tree.QualifiedName,
    arguments: tuple[tree.Expression, ...],
    star: bool,
    star_label: tree.Identifier | None,
    distinct: bool,
    order: tuple[tree.SortItem, ...],
    filter: tree.Expression | None,
    nulls: str | None,
    window: tree.WindowReference | tree.WindowSpecification | None,
) -> Expr:
    if star_label is not None:
        raise context.error(
            "INVALID_FUNCTION_ARGUMENT",
            "label.* syntax is only supported as the only argument of row pattern count function",
            at,
        )
    if star and name.text != "count":
        raise context.error(
            "FUNCTION_NOT_FOUND", f"Unexpected parameters (*) for function {name.text}", at
        )
    candidates = catalogue().get(name.text, ())
    if len(name.parts) > 1:
        raise not_supported(f"functions with a schema ({name.text})")
    kinds = {one.kind for one in candidates}
    if nulls is not None and name.text not in _TREATS_NULLS:
        raise context.error(
            "NULL_TREATMENT_NOT_ALLOWED",
            f"Cannot specify null treatment clause for {name.text} function",
            at,
        )
    opened = over(context, scope, window) if window is not None else None
    if distinct and opened is None and AGGREGATE not in kinds:
        raise context.error(
            "FUNCTION_NOT_AGGREGATE",
            "DISTINCT is not supported for non-aggregation functions",
            at,
        )
    where = condition(context, scope, filter, "Filter expression") if filter else None
    bound, values = call_arguments(context, scope, name.text, arguments, at)
    keys = sort_keys(context, scope, order, "an aggregate's ORDER BY")
    kind = bound.declared.kind
    if distinct and not all(t.is_comparable(one) for one in bound.arguments):
        raise context.mismatch("DISTINCT can only be applied to comparable types", at)
    if kind == WINDOW and opened is not None and (distinct or order):
        raise not_supported(f"DISTINCT or ORDER BY in {name.text}(…) OVER")
    for present, what in ((bool(order), "ORDER BY"), (filter is not None, "FILTER")):
        if present and kind != AGGREGATE:
            raise context.error(
                "FUNCTION_NOT_AGGREGATE",
                f"{what} is only valid for aggregation functions",
                at,
            )
    if opened is not None:
        if kind not in (AGGREGATE, WINDOW):
            raise context.error(
                "FUNCTION_NOT_WINDOW", f"Not a window function: {name.text}", at
            )
        try:
            _check_window(context, bound, opened, filter is not None, at)
        except QueryError as error:
            context.late.append(error)
        for one in keys:
            if any(isinstance(part, Window) for part in walk(one.value)):
                raise context.error("NESTED_WINDOW", "Cannot nest window functions", at)
        return Window(
            bound.result,
            bound,
            values,
            distinct,
            keys,
            where,
            opened.partition,
            opened.order,
            opened.frame,
            nulls == "IGNORE",
        )
    if kind == WINDOW:
        raise context.error(
            "MISSING_OVER", f"Window function {name.text} requires an OVER clause", at
        )
    if kind == AGGREGATE:
        in_arguments = all(
            one.key in arguments or key.value in values
            for one, key in zip(order, keys, strict=True)
        )
        if distinct and not in_arguments:
            raise context.error(
                "EXPRESSION_NOT_IN_DISTINCT",
                "For aggregate function with DISTINCT, ORDER BY expressions must appear in "
                "arguments",
                at,
            )
        return _aggregate(context, bound, values, distinct, keys, where, at)
    return _of_session(context, bound) or Call(bound.result, bound, values)


def _of_session(context: Context, bound: Bound) -> Expr | None:
    """What does not change within a statement."""
    if bound.declared.key == "now()":
        return Constant(bound.result, (rounded(context.session.now_us, 3), "UTC"))
    return None


_TREATS_NULLS = ("lag", "lead", "first_value", "last_value", "nth_value")
_RANKING = (
    "lag", "lead", "row_number", "rank", "dense_rank", "percent_rank", "cume_dist", "ntile",
)  # fmt: skip


def _check_window(
    context: Context, bound: Bound, opened: Over, filtered: bool, at: int
) -> None:
    """What a window function may not have (StatementAnalyzer.analyzeWindowFunctions)."""
    if filtered:
        raise context.error(
            "NOT_SUPPORTED", "FILTER is not yet supported for window functions", at
        )
    name = bound.declared.name
    if bound.declared.kind == AGGREGATE:
        return
    if name in ("lag", "lead") and not opened.order:
        raise context.error(
            "MISSING_ORDER_BY", f"{name} function requires an ORDER BY window clause", at
        )
    if name in _RANKING and opened.frame is not None:
        raise context.error(
            "INVALID_WINDOW_FRAME", f"Cannot specify window frame for {name} function", at
        )


def _aggregate(
    context: Context,
    bound: Bound,
    values: tuple[Expr, ...],
    distinct: bool,
    keys: tuple[SortKey, ...],
    where: Expr | None,
    at: int,
) -> Expr:
    inside = [*values, *(one.value for one in keys), *([where] if where else [])]
    for one in inside:
        for part in walk(one):
            if isinstance(part, Aggregate):
                raise context.error(
                    "NESTED_AGGREGATION",
                    f"Cannot nest aggregations inside aggregation '{bound.declared.name}'",
                    at,
                )
            if isinstance(part, Window):
                raise context.error(
                    "NESTED_WINDOW",
                    "Cannot nest window functions or row pattern measures inside aggregation "
                    f"'{bound.declared.name}'",
                    at,
                )
    return Aggregate(bound.result, bound, values, distinct, keys, where)


def call_arguments(
    context: Context, scope: Scope, name: str, nodes: Sequence[tree.Expression], at: int
) -> tuple[Bound, tuple[Expr, ...]]:
    """The declared function that a call means, and its arguments of the types it takes."""
    if len(nodes) > MAX_ARGUMENTS:
        raise context.error(
            "TOO_MANY_ARGUMENTS", f"Too many arguments for function call {name}()", at
        )
    values: list[Expr | None] = [
        None if isinstance(one, tree.Lambda) else analysed(context, scope, one) for one in nodes
    ]
    return bound_call(context, scope, name, nodes, values, at)


def bound_call(
    context: Context,
    scope: Scope,
    name: str,
    nodes: Sequence[tree.Expression],
    values: Sequence[Expr | None],
    at: int,
) -> tuple[Bound, tuple[Expr, ...]]:
    actual: list[Argument] = []
    for node, value in zip(nodes, values, strict=True):
        if value is not None:
            actual.append(value.type)
        else:
            assert isinstance(node, tree.Lambda)
            actual.append(_lambda_type(context, scope, node))
    try:
        bound = resolve(name, catalogue().get(name, ()), actual, can_cast)
    except QueryError as error:
        if error.name == "NOT_SUPPORTED" or error.message.startswith("line "):
            raise
        raise context.error(error.name, error.message, at) from error
    if name == "array_join" and not can_cast(bound.arguments[0].args[0], t.VARCHAR):
        # A dependency of the function, which is looked up before any value is.
        of = bound.arguments[0].args[0]
        raise context.error("OPERATOR_NOT_FOUND", f"Cannot cast {of} to varchar", at)
    made: list[Expr] = []
    for node, value, kind in zip(nodes, values, bound.arguments, strict=True):
        if value is not None:
            fine(kind)
            made.append(coerced(value, kind))
        else:
            assert isinstance(node, tree.Lambda)
            made.append(_lambda(context, scope, node, kind))
    fine(bound.result)
    return bound, tuple(made)


def _lambda_type(context: Context, scope: Scope, node: tree.Lambda) -> LambdaType:
    def made(kinds: tuple[Type, ...]) -> Type:
        return _opened(context, scope, node, kinds).body.type

    return made


def _opened(
    context: Context, scope: Scope, node: tree.Lambda, kinds: tuple[Type, ...]
) -> Lambda:
    if len(kinds) != len(node.parameters):
        raise context.error(
            "INVALID_PARAMETER_USAGE",
            f"Expected a lambda that takes {len(kinds)} argument(s) but got "
            f"{len(node.parameters)}",
            node.at,
        )
    columns = tuple(context.names.column(kind) for kind in kinds)
    fields = tuple(
        Field(one.name, column) for one, column in zip(node.parameters, columns, strict=True)
    )
    body = analysed(context, Scope(fields, scope, is_lambda=True), node.body)
    for part in walk(body):
        if isinstance(part, (Aggregate, Window, Grouping)):
            raise context.error(
                "EXPRESSION_NOT_SCALAR",
                "Lambda expression cannot contain aggregations, window functions or grouping "
                "operations",
                node.at,
            )
    return Lambda(t.function(kinds, body.type), columns, body)


def _lambda(context: Context, scope: Scope, node: tree.Lambda, kind: Type) -> Lambda:
    opened = _opened(context, scope, node, kind.args[:-1])
    body = coerced(opened.body, kind.args[-1])
    return Lambda(kind, opened.parameters, body)


@RULES.rule(tree.Lambda)
def _stray_lambda(
    context: Context,
    scope: Scope,
    at: int,
    *,
    parameters: tuple[tree.Identifier, ...],
    body: tree.Expression,
) -> Expr:
    raise context.mismatch(
        f"Lambda expression of {len(parameters)} should always be used inside a function, "
        f"also {type(body).__name__}",
        at,
    )


@RULES.rule(tree.ListAgg)
def _list_agg(
    context: Context,
    scope: Scope,
    at: int,
    *,
    value: tree.Expression,
    separator: str,
    distinct: bool,
    overflow: str,
    filler: str,
    with_count: bool,
    order: tuple[tree.SortItem, ...],
    filter: tree.Expression | None,
    window: tree.WindowReference | tree.WindowSpecification | None,
) -> Expr:
    inner = analysed(context, scope, value)
    if inner.type.name != "varchar":
        raise context.mismatch(
            f"Expected expression of varchar, but it has {inner.type} type", at
        )
    nodes: tuple[tree.Expression, ...] = (
        value,
        tree.StringLiteral(separator),
        tree.BooleanLiteral(overflow == "ERROR"),
        tree.StringLiteral(filler),
        tree.BooleanLiteral(with_count),
    )
    name = tree.QualifiedName((tree.Identifier("listagg"),))
    return _function_call(
        context,
        scope,
        at,
        name=name,
        arguments=nodes,
        star=False,
        star_label=None,
        distinct=distinct,
        order=order,
        filter=filter,
        nulls=None,
        window=window,
    )


@RULES.rule(tree.Grouping)
def _grouping(
    context: Context, scope: Scope, at: int, *, columns: tuple[tree.Expression, ...]
) -> Expr:
    keys = tuple(analysed(context, scope, one) for one in columns)
    if len(keys) > 63:
        raise context.error(
            "TOO_MANY_ARGUMENTS", "GROUPING supports up to 63 column arguments", at
        )
    # Analysis.GROUPING: a bit for each argument.
    return Grouping(t.INTEGER if len(keys) < 32 else t.BIGINT, keys)


# ---- forms with a syntax of their own -------------------------------------------------------


@RULES.rule(tree.Cast)
def _cast(
    context: Context,
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
    inner = analysed(context, scope, value)
    if not can_cast(inner.type, kind):
        raise context.mismatch(f"Cannot cast {inner.type} to {kind}", at)
    if isinstance(inner, Constant) and inner.value is None:
        return Constant(kind, None)
    return Cast(kind, inner, safe)


@RULES.rule(tree.Trim)
def _trim(
    context: Context,
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
    return Call(bound.result, bound, values)


@RULES.rule(tree.Format)
def _format(
    context: Context, scope: Scope, at: int, *, items: tuple[tree.Expression, ...]
) -> Expr:
    values = tuple(analysed(context, scope, one) for one in items)
    if values[0].type.name != "varchar":
        raise context.mismatch(
            f"Type of first argument to format() must be VARCHAR (actual: {values[0].type})", at
        )
    return Special(t.VARCHAR, "format", values)


_EXTRACTED: dict[str, tuple[str, ...]] = {
    **dict.fromkeys(("YEAR", "MONTH"), ("date", "timestamp", "interval year to month")),
    "DAY": ("date", "timestamp", "interval day to second"),
    **dict.fromkeys(
        (
            "QUARTER", "WEEK", "DAY_OF_MONTH", "DAY_OF_WEEK", "DOW", "DAY_OF_YEAR", "DOY",
            "YEAR_OF_WEEK", "YOW",
        ),
        ("date", "timestamp"),
    ),
    **dict.fromkeys(
        ("HOUR", "MINUTE", "SECOND"), ("timestamp", "time", "interval day to second")
    ),
    **dict.fromkeys(("TIMEZONE_MINUTE", "TIMEZONE_HOUR"), ()),
}  # fmt: skip
# The function that a field stands for (TranslationMap.translate of Extract).
_FIELD_FUNCTIONS = {
    "DAY_OF_MONTH": "day",
    "DOW": "day_of_week",
    "DOY": "day_of_year",
    "YOW": "year_of_week",
}


@RULES.rule(tree.Extract)
def _extract(
    context: Context, scope: Scope, at: int, *, field: str, value: tree.Expression
) -> Expr:
    inner = analysed(context, scope, value)
    plain = inner.type.name.removesuffix(" with time zone")
    zoned = plain != inner.type.name
    if plain not in (_EXTRACTED[field] or (("timestamp", "time") if zoned else ())):
        raise context.mismatch(f"Cannot extract {field} from {inner.type}", at)
    name = _FIELD_FUNCTIONS.get(field, field.lower())
    bound, values = bound_call(context, scope, name, (value,), (inner,), at)
    return Call(bound.result, bound, values)


@RULES.rule(tree.AtTimeZone)
def _at_time_zone(
    context: Context, scope: Scope, at: int, *, value: tree.Expression, zone: tree.Expression
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
    return Call(bound.result, bound, values)


@RULES.rule(tree.CurrentTime)
def _current_time(
    context: Context, scope: Scope, at: int, *, kind: str, precision: int | None
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
def _current_name(context: Context, scope: Scope, at: int, *, kind: str) -> Expr:
    session = context.session
    found = {
        "CURRENT_CATALOG": session.catalog,
        "CURRENT_SCHEMA": session.database,
        "CURRENT_USER": session.user,
        "CURRENT_PATH": "",
    }[kind]
    return Constant(t.VARCHAR, found)
