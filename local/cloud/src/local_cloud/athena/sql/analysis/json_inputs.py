"""What JSON forms are handed: documents, paths and their parameters (analyzeJsonPathInvocation)."""

from collections.abc import Sequence

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import AnalysisContext
from local_cloud.athena.sql.analysis.expressions import analysed, coerced
from local_cloud.athena.sql.analysis.json_paths import Found, PathTypes
from local_cloud.athena.sql.analysis.scope import Scope
from local_cloud.athena.sql.analysis.type_names import can_cast, fine
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import Expr
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import json_path_parser
from local_cloud.athena.sql.values.json_functions import HandedIn, PathCall
from local_cloud.athena.sql.values.json_path_tree import JsonPath
from trino_sql import tree

_JSON_FORMS = (tree.JsonQuery, tree.JsonObject, tree.JsonArray)
TEXT = ("varchar", "char")


def _read_type(context: AnalysisContext, of: Type, format: str, at: int) -> Type:
    """The type that the function reads which makes JSON of this format (getInputFunction)."""
    unknown, bytes_only = of == t.UNKNOWN, format != "JSON"
    if of.name == "varbinary" or (unknown and bytes_only):
        return t.VARBINARY
    if (of.name == "varchar" or unknown) and not bytes_only:
        return t.VARCHAR
    shown = f"JSON ENCODING {format}" if bytes_only else format
    raise context.mismatch(
        f"Cannot read input of type {of} as JSON using formatting {shown}", at
    )


def written_format(node: tree.JsonInput) -> str | None:
    """What is written, or what a form that makes JSON implies."""
    implied = "JSON" if isinstance(node.value, _JSON_FORMS) else None
    return node.format or implied


def refuse_lambda(context: AnalysisContext, node: tree.Expression, what: str) -> None:
    if isinstance(node, tree.Lambda):
        raise context.error(
            "NOT_SUPPORTED", f"LambdaExpression is not supported as {what}", node.at
        )


def handed_in(
    context: AnalysisContext,
    scope: Scope,
    node: tree.JsonInput,
    plain: tuple[str, ...],
    what: str,
) -> tuple[Expr, HandedIn]:
    """A value of JSON_OBJECT, JSON_ARRAY or PASSING.

    Values of the `plain` types stay as they are; without FORMAT the others become varchar.
    """
    value = analysed(context, scope, node.value)
    format = written_format(node)
    if format is not None:
        value = coerced(value, _read_type(context, value.type, format, node.value.at))
        return value, HandedIn(value.type, format)
    if value.type.name in plain:
        return value, HandedIn(fine(value.type))
    if value.type.name == "varbinary" or not can_cast(value.type, t.VARCHAR):
        raise context.error(
            "NOT_SUPPORTED", f"Unsupported type of {what}: {value.type}", node.value.at
        )
    return coerced(value, t.VARCHAR), HandedIn(t.VARCHAR)


PLAIN = (*TEXT, "boolean", *t.NUMERIC)
PASSED = (*PLAIN, "date", *t.TIMED)


def invoked(
    context: AnalysisContext,
    scope: Scope,
    function: str,
    source: tree.JsonInput,
    path: tree.JsonPath,
    parameters: Sequence[tree.JsonParameter],
) -> tuple[tuple[Expr, ...], PathCall, Found]:
    """Input and parameters, how the path is called, and its type (analyzeJsonPathInvocation)."""
    if path.name is not None:
        raise context.error(
            "INVALID_PATH",
            f"JSON path name is not allowed in {function} function",
            path.name.at,
        )
    value = analysed(context, scope, source.value)
    format = source.format or "JSON"
    kind = _read_type(context, value.type, format, source.value.at)
    values, inputs = [coerced(value, kind)], [HandedIn(kind, format)]
    names: list[str] = []
    for one in parameters:
        name = one.name.name if one.name.quoted else one.name.name.upper()
        if name in names:
            raise context.error(
                "DUPLICATE_PARAMETER_NAME",
                f"{name} JSON path parameter is specified more than once",
                one.name.at,
            )
        refuse_lambda(context, one.input.value, "JSON path parameter")
        passed, how = handed_in(context, scope, one.input, PASSED, "JSON path parameter")
        names.append(name)
        values.append(passed)
        inputs.append(how)
    parsed, found = _analysed_path(context, path, dict(zip(names, inputs[1:], strict=True)))
    return tuple(values), PathCall(parsed, tuple(names), tuple(inputs)), found


def _analysed_path(
    context: AnalysisContext, path: tree.JsonPath, parameters: dict[str, HandedIn]
) -> tuple[JsonPath, Found]:
    try:
        parsed = json_path_parser.parse(path.text)
    except QueryError as error:
        raise context.error(error.name, error.message, path.at) from error

    def wrong(name: str, message: str) -> QueryError:
        return context.error(name, message, path.at)

    kinds = {name: None if one.format else one.type for name, one in parameters.items()}
    return parsed, PathTypes(kinds, wrong).of(parsed.root)
