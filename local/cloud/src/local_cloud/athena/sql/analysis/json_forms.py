"""JSON_EXISTS, JSON_VALUE, JSON_QUERY, JSON_OBJECT and JSON_ARRAY (ExpressionAnalyzer)."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import RULES, analysed, coerced
from local_cloud.athena.sql.analysis.json_inputs import (
    PASSED,
    PLAIN,
    TEXT,
    handed_in,
    invoked,
    refuse_lambda,
    written_format,
)
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.analysis.type_names import can_cast, type_of
from local_cloud.athena.sql.coercion import can_coerce
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import Cast, Constant, Expr, Special
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import java_text
from local_cloud.athena.sql.values.json_constructors import ArrayCall, ObjectCall
from local_cloud.athena.sql.values.json_functions import (
    Behaviour,
    ExistsCall,
    QueryCall,
    ValueCall,
)
from trino_sql import tree

# ---- what is returned -----------------------------------------------------------------------


def _returned(context: AnalysisContext, node: tree.DataType | None, at: int) -> Type:
    if node is None:
        return t.VARCHAR
    try:
        return type_of(node)
    except QueryError as error:
        if error.name == "NOT_SUPPORTED":
            raise
        raise context.error(error.name, error.message, at) from error


def _output(
    context: AnalysisContext, node: tree.DataType | None, format: str | None, at: int
) -> tuple[Type, Type, str]:
    """The type that is returned, that of the written JSON, and its encoding."""
    kind = _returned(context, node, at)
    written = t.VARCHAR if kind.name in TEXT else kind
    encoding = java_text.UTF8 if format in (None, "JSON") else str(format)
    if written == t.VARBINARY or (written == t.VARCHAR and format in (None, "JSON")):
        return kind, written, encoding
    shown = "JSON" if format in (None, "JSON") else f"JSON ENCODING {format}"
    raise context.mismatch(f"Cannot output JSON value as {kind} using formatting {shown}", at)


def _as_returned(value: Special, kind: Type) -> Expr:
    return value if value.type == kind else Cast(kind, value)


# ---- the forms ------------------------------------------------------------------------------


@RULES.rule(tree.JsonExists)
def _json_exists(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    input: tree.JsonInput,
    path: tree.JsonPath,
    parameters: tuple[tree.JsonParameter, ...],
    on_error: str | None,
) -> Expr:
    values, call, _ = invoked(context, scope, "JSON_EXISTS", input, path, parameters)
    return Special(t.BOOLEAN, "json_exists", values, ExistsCall(call, on_error or "FALSE"))


@RULES.rule(tree.JsonValue)
def _json_value(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    input: tree.JsonInput,
    path: tree.JsonPath,
    parameters: tuple[tree.JsonParameter, ...],
    returning: tree.DataType | None,
    on_empty: str | None,
    empty_default: tree.Expression | None,
    on_error: str | None,
    error_default: tree.Expression | None,
) -> Expr:
    values, call, found = invoked(context, scope, "JSON_VALUE", input, path, parameters)
    kind = _returned(context, returning, at)
    if kind.name not in PASSED:
        raise context.mismatch(f"Invalid return type of function JSON_VALUE: {kind}", at)
    if found is not None and not can_cast(found, kind):
        raise context.mismatch(
            f"Return type of JSON path: {found} incompatible with return type of function "
            f"JSON_VALUE: {kind}",
            at,
        )
    defaults = (
        _default(context, scope, empty_default, kind, "EMPTY"),
        _default(context, scope, error_default, kind, "ERROR"),
    )
    detail = ValueCall(call, kind, Behaviour(on_empty or "NULL"), Behaviour(on_error or "NULL"))
    return Special(kind, "json_value", (*values, *defaults), detail)


def _default(
    context: AnalysisContext, scope: Scope, node: tree.Expression | None, kind: Type, event: str
) -> Expr:
    if node is None:
        return Constant(kind, None)
    value = analysed(context, scope, node)
    if not can_coerce(value.type, kind):
        raise context.mismatch(
            f"Function JSON_VALUE default ON {event} result must evaluate to a {kind} "
            f"(actual: {value.type})",
            node.at,
        )
    return coerced(value, kind)


@RULES.rule(tree.JsonQuery)
def _json_query(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    input: tree.JsonInput,
    path: tree.JsonPath,
    parameters: tuple[tree.JsonParameter, ...],
    returning: tree.DataType | None,
    returning_format: str | None,
    wrapper: str | None,
    quotes: str | None,
    on_empty: str | None,
    on_error: str | None,
) -> Expr:
    values, call, _ = invoked(context, scope, "JSON_QUERY", input, path, parameters)
    if quotes is not None and wrapper in ("CONDITIONAL", "UNCONDITIONAL"):
        raise context.error(
            "INVALID_FUNCTION_ARGUMENT",
            f"{quotes} QUOTES behavior specified with WITH {wrapper} ARRAY WRAPPER behavior",
            at,
        )
    kind, written, encoding = _output(context, returning, returning_format, at)
    detail = QueryCall(
        call,
        wrapper or "WITHOUT",
        quotes == "OMIT",
        Behaviour(on_empty or "NULL"),
        Behaviour(on_error or "NULL"),
        encoding,
    )
    return _as_returned(Special(written, "json_query", values, detail), kind)


@RULES.rule(tree.JsonObject)
def _json_object(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    members: tuple[tree.JsonObjectMember, ...],
    null_on_null: bool,
    unique_keys: bool,
    returning: tree.DataType | None,
    returning_format: str | None,
) -> Expr:
    keys, values, inputs = [], [], []
    for one in members:
        key = analysed(context, scope, one.key)
        if key.type.name not in TEXT:
            raise context.error(
                "INVALID_FUNCTION_ARGUMENT",
                f"Invalid type of JSON object key: {key.type}",
                one.key.at,
            )
        refuse_lambda(context, one.value.value, "JSON object value")
        if unique_keys and written_format(one.value) is not None:
            analysed(context, scope, one.value.value)
            raise context.error(
                "NOT_SUPPORTED",
                "WITH UNIQUE KEYS behavior is not supported for JSON_OBJECT function when "
                "input expression has FORMAT",
                at,
            )
        what = "value passed to JSON_OBJECT function"
        value, how = handed_in(context, scope, one.value, PLAIN, what)
        keys.append(key)
        values.append(value)
        inputs.append(how)
    kind, written, encoding = _output(context, returning, returning_format, at)
    detail = ObjectCall(tuple(inputs), null_on_null, unique_keys, encoding)
    return _as_returned(Special(written, "json_object", (*keys, *values), detail), kind)


@RULES.rule(tree.JsonArray)
def _json_array(
    context: AnalysisContext,
    scope: Scope,
    at: int,
    *,
    items: tuple[tree.JsonInput, ...],
    null_on_null: bool,
    returning: tree.DataType | None,
    returning_format: str | None,
) -> Expr:
    values, inputs = [], []
    for one in items:
        refuse_lambda(context, one.value, "JSON array element")
        what = "value passed to JSON_ARRAY function"
        value, how = handed_in(context, scope, one, PLAIN, what)
        values.append(value)
        inputs.append(how)
    kind, written, encoding = _output(context, returning, returning_format, at)
    detail = ArrayCall(tuple(inputs), null_on_null, encoding)
    return _as_returned(Special(written, "json_array", tuple(values), detail), kind)
