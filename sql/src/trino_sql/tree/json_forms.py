"""The SQL standard's JSON functions."""

from dataclasses import dataclass

from trino_sql.tree.node import DataType, Expression, Identifier, Node


@dataclass(frozen=True, slots=True)
class JsonInput(Node):
    """`value [FORMAT JSON [ENCODING UTF8]]`; `format` is None where FORMAT is not written."""

    value: Expression
    format: str | None


@dataclass(frozen=True, slots=True)
class JsonParameter(Node):
    """`PASSING input AS name`."""

    input: JsonInput
    name: Identifier


@dataclass(frozen=True, slots=True)
class JsonPath(Node):
    """A path's text; its `name` matters to JSON_TABLE's plans only."""

    text: str
    name: Identifier | None


@dataclass(frozen=True, slots=True)
class JsonExists(Expression):
    input: JsonInput
    path: JsonPath
    parameters: tuple[JsonParameter, ...]
    on_error: str | None


@dataclass(frozen=True, slots=True)
class JsonValue(Expression):
    input: JsonInput
    path: JsonPath
    parameters: tuple[JsonParameter, ...]
    returning: DataType | None
    on_empty: str | None
    empty_default: Expression | None
    on_error: str | None
    error_default: Expression | None


@dataclass(frozen=True, slots=True)
class JsonQuery(Expression):
    input: JsonInput
    path: JsonPath
    parameters: tuple[JsonParameter, ...]
    returning: DataType | None
    returning_format: str | None
    wrapper: str | None
    quotes: str | None
    on_empty: str | None
    on_error: str | None


@dataclass(frozen=True, slots=True)
class JsonObjectMember(Node):
    key: Expression
    value: JsonInput


@dataclass(frozen=True, slots=True)
class JsonObject(Expression):
    members: tuple[JsonObjectMember, ...]
    null_on_null: bool
    unique_keys: bool
    returning: DataType | None
    returning_format: str | None


@dataclass(frozen=True, slots=True)
class JsonArray(Expression):
    items: tuple[JsonInput, ...]
    null_on_null: bool
    returning: DataType | None
    returning_format: str | None
