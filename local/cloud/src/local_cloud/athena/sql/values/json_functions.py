"""What JSON_EXISTS, JSON_VALUE, JSON_QUERY, JSON_OBJECT and JSON_ARRAY compute.

Ported from Json*Function and ParameterUtil of trino-main 476 (io.trino.operator.scalar.json).
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from local_cloud.athena.sql.failures import QueryError, not_supported
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import (
    java_text,
    json_nodes,
    json_path_accessors,
    json_path_methods,
    json_path_predicates,
)
from local_cloud.athena.sql.values.casts import caster
from local_cloud.athena.sql.values.json_evaluation import (
    Evaluation,
    Operators,
    PathError,
    Place,
    is_refusal,
)
from local_cloud.athena.sql.values.json_items import Item, TypedValue, as_node, scalar
from local_cloud.athena.sql.values.json_nodes import Node
from local_cloud.athena.sql.values.json_path_tree import JsonPath

# These register what they evaluate when they are imported.
REGISTERED = (json_path_accessors, json_path_methods, json_path_predicates)


@dataclass(frozen=True, slots=True)
class HandedIn:
    """How a value is handed in: as itself, or with a `format` (JSON, UTF8, …) to be read."""

    type: Type
    format: str | None = None


@dataclass(frozen=True, slots=True)
class PathCall:
    """A path, the names of its variables, and how the input and they are handed in."""

    path: JsonPath
    names: tuple[str, ...]
    inputs: tuple[HandedIn, ...]


def as_json(value: Any, of: HandedIn) -> Node:
    """The JSON that a text or bytes hold. JSON_INPUT_CONVERSION_ERROR where they hold none."""
    text = value
    if isinstance(value, bytes):
        encoding = java_text.UTF8 if of.format == "JSON" else str(of.format)
        text = java_text.decoded(value, encoding)
    try:
        return json_nodes.read(text)
    except ValueError as error:
        raise QueryError(
            "JSON_INPUT_CONVERSION_ERROR", "conversion to JSON failed: "
        ) from error


def is_fragile(value: Any, of: HandedIn) -> bool:
    """Whether the JSON is another one after a way through text (Json2016Type)."""
    try:
        node = as_json(value, of)
    except QueryError:
        return False
    return bool(node != json_nodes.stored(node))


def sequence(call: PathCall, values: Sequence[Any], operators: Operators) -> list[Item]:
    """The items that the path finds: `values` are its input and then its variables."""
    source, *passed = values
    node = as_json(source, call.inputs[0])
    parameters = {
        name: _parameter(value, of)
        for name, value, of in zip(call.names, passed, call.inputs[1:], strict=True)
    }
    run = Evaluation(call.path.lax, node, parameters, operators)
    try:
        return run.of(call.path.root, Place())
    except RecursionError as error:
        raise json_nodes.too_deep() from error


def _parameter(value: Any, of: HandedIn) -> list[Item]:
    """Null as JSON is no item, as a value the JSON null."""
    if of.format is not None:
        return [] if value is None else [json_nodes.stored(as_json(value, of))]
    return [None if value is None else TypedValue(of.type, value)]


_EXPECTED = ("JSON_INPUT_CONVERSION_ERROR", "PATH_EVALUATION_ERROR")


def is_about_json(error: QueryError) -> bool:
    """Whether ON ERROR decides what follows."""
    return isinstance(error, PathError) or error.name in _EXPECTED


# ---- JSON_EXISTS ----------------------------------------------------------------------------

_TRUTHS = {"TRUE": True, "FALSE": False, "UNKNOWN": None}


@dataclass(frozen=True, slots=True)
class ExistsCall:
    """JSON_EXISTS; `on_error` is TRUE, FALSE, UNKNOWN or ERROR."""

    path: PathCall
    on_error: str


def exists(call: ExistsCall, values: Sequence[Any], operators: Operators) -> bool | None:
    try:
        return bool(sequence(call.path, values, operators))
    except QueryError as error:
        if call.on_error == "ERROR" or not is_about_json(error):
            raise
        return _TRUTHS[call.on_error]


# ---- JSON_VALUE -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Behaviour:
    """ON EMPTY or ON ERROR: `kind` is NULL, ERROR, DEFAULT, EMPTY ARRAY or EMPTY OBJECT."""

    kind: str

    def decide(self, error: QueryError, default: Any = None) -> Any:
        if self.kind == "ERROR":
            raise error
        return {"DEFAULT": default, "EMPTY ARRAY": [], "EMPTY OBJECT": {}}.get(self.kind)


def no_scalar(why: str) -> QueryError:
    return QueryError("JSON_VALUE_RESULT_ERROR", f"cannot extract SQL scalar from JSON: {why}")


CanCast = Callable[[Type, Type], bool]


@dataclass(frozen=True, slots=True)
class ValueCall:
    """JSON_VALUE: the type it returns and what it does instead of a value."""

    path: PathCall
    returning: Type
    on_empty: Behaviour
    on_error: Behaviour


def value(
    call: ValueCall,
    values: Sequence[Any],
    defaults: tuple[Any, Any],
    operators: Operators,
    can_cast: CanCast,
) -> Any:
    """`defaults` are those ON EMPTY and ON ERROR."""
    try:
        items = sequence(call.path, values, operators)
    except QueryError as error:
        if not is_about_json(error):
            raise
        return call.on_error.decide(error, defaults[1])
    if not items:
        return call.on_empty.decide(no_scalar("JSON path found no items"), defaults[0])
    try:
        return _returned(items, call.returning, can_cast)
    except QueryError as error:
        if error.name != "JSON_VALUE_RESULT_ERROR":
            raise
        return call.on_error.decide(error, defaults[1])


def _returned(items: list[Item], returning: Type, can_cast: CanCast) -> Any:
    if len(items) > 1:
        raise no_scalar("JSON path found multiple items")
    (item,) = items
    if item is None:
        return None
    found = item if isinstance(item, TypedValue) else _scalar(item)
    if found.type == returning:
        return found.value
    uncastable = no_scalar(f"Cannot cast value of type {found.type} to {returning}")
    if not can_cast(found.type, returning):
        raise uncastable
    cast = caster(found.type, returning)
    try:
        return cast(found.value)
    except QueryError as error:
        if is_refusal(error):
            raise
        if error.name == "GENERIC_INTERNAL_ERROR":
            # A boolean as a varchar too short: Trino has no check, and fails later, or not at all.
            raise not_supported(f"JSON_VALUE of {found.type} as {returning}") from error
        raise uncastable from error


def _scalar(node: Node) -> TypedValue:
    try:
        found = scalar(node)
    except ValueError as error:
        raise no_scalar(str(error)) from error
    if found is None:
        raise no_scalar("JSON path found an item that cannot be converted to an SQL value")
    return found


# ---- JSON_QUERY -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class QueryCall:
    """JSON_QUERY; `wrapper` is WITHOUT, CONDITIONAL or UNCONDITIONAL."""

    path: PathCall
    wrapper: str
    omit_quotes: bool
    on_empty: Behaviour
    on_error: Behaviour
    encoding: str


def no_json(why: str = "") -> QueryError:
    return QueryError("JSON_OUTPUT_CONVERSION_ERROR", f"conversion from JSON failed: {why}")


_NOTHING = object()


def query(call: QueryCall, values: Sequence[Any], operators: Operators) -> bytes | None:
    """The JSON's text in the call's encoding."""
    node = _queried(call, values, operators)
    if node is _NOTHING:
        return None
    if call.omit_quotes and isinstance(node, str):
        return java_text.encoded(node, call.encoding)
    try:
        return json_nodes.output(node, call.encoding)
    except ValueError as error:
        found = call.on_error.decide(no_json(str(error)))
        # ContainerNode.asText of an empty array or object: an empty text.
        return None if found is None else b""


def _queried(call: QueryCall, values: Sequence[Any], operators: Operators) -> Any:
    try:
        items = sequence(call.path, values, operators)
    except QueryError as error:
        if not is_about_json(error):
            raise
        return _decided(call.on_error, error)
    if not items:
        return _decided(call.on_empty, no_json("JSON path found no items"))
    try:
        nodes = [as_node(one) if isinstance(one, TypedValue) else one for one in items]
    except LookupError as error:
        return _decided(call.on_error, no_json(f"a value of type {error.args[0]}"))
    single = len(nodes) == 1 and isinstance(nodes[0], (list, dict))
    if call.wrapper == "UNCONDITIONAL" or (call.wrapper == "CONDITIONAL" and not single):
        return nodes
    if len(nodes) == 1:
        return nodes[0]
    return _decided(call.on_error, no_json("JSON path found multiple items"))


def _decided(behaviour: Behaviour, error: QueryError) -> Any:
    found = behaviour.decide(error)
    return _NOTHING if found is None else found
