"""Statements that hold a query: its text, its parameters, CREATE VIEW, CTAS and UNLOAD."""

from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from local_cloud.athena.failures import QueryError, not_supported, syntax_error
from local_cloud.athena.statements import Reader, tokens

MAX_DEPTH = 200


@dataclass(frozen=True, slots=True)
class CreateView:
    database: str | None
    name: str
    replace: bool
    sql: str


@dataclass(frozen=True, slots=True)
class CreateTableAs:
    database: str | None
    name: str
    if_not_exists: bool
    properties: dict[str, str]
    sql: str


@dataclass(frozen=True, slots=True)
class Unload:
    sql: str
    target: str
    properties: dict[str, str]


def parsed(sql: str, parameters: list[str] | None = None) -> exp.Expression:
    """One query as a tree, with each `?` replaced by its parameter's expression."""
    sql = _bound(sql, parameters or [])
    _refuse_bombs(sql)
    try:
        found = [one for one in sqlglot.parse(sql, read="athena") if one is not None]
    except (SqlglotError, RecursionError) as error:
        raise syntax_error(f"line 1:1: {_first_line(error)}") from error
    if len(found) != 1:
        raise syntax_error("Only one sql statement is allowed")
    tree = found[0]
    if not isinstance(tree, (exp.Select, exp.SetOperation, exp.Subquery, exp.Values)):
        raise not_supported(f"the statement {tree.key.upper()}")
    return tree


def _first_line(error: Exception) -> str:
    # sqlglot underlines the place with terminal codes.
    return (
        (str(error).splitlines() or ["cannot be parsed"])[0]
        .replace("\x1b[4m", "")
        .replace("\x1b[0m", "")
    )


def _refuse_bombs(sql: str) -> None:
    """Brackets nested so deeply that the parser's own stack would end."""
    depth = deepest = 0
    for char in sql:
        depth += (char == "(") - (char == ")")
        deepest = max(deepest, depth)
    if deepest > MAX_DEPTH:
        raise syntax_error(f"brackets nested deeper than {MAX_DEPTH}")


def _bound(sql: str, parameters: list[str]) -> str:
    """The text with its `?` marks, in reading order, replaced by constant expressions."""
    places = [one.at for one in tokens(sql) if one.text == "?"]
    if len(places) != len(parameters):
        raise QueryError(
            "INVALID_PARAMETER_USAGE",
            f"Incorrect number of parameters: expected {len(places)} but found {len(parameters)}",
            error_type=1006,
        )
    for at, text in reversed(list(zip(places, parameters, strict=True))):
        sql = f"{sql[:at]} {_parameter(text)} {sql[at + 1 :]}"
    return sql


def _parameter(text: str) -> str:
    """An ExecutionParameter is an SQL expression of constants."""
    _refuse_bombs(text)
    try:
        found = sqlglot.parse_one(f"SELECT ({text})", read="athena")
    except (SqlglotError, RecursionError) as error:
        raise QueryError(
            "INVALID_PARAMETER_USAGE", f"not an expression: {_first_line(error)}"
        ) from error
    allowed = isinstance(found, exp.Select) and {
        key for key, value in found.args.items() if value
    } <= {"expressions"}
    inner = found.expressions[0] if allowed and len(found.expressions) == 1 else None
    if not isinstance(inner, exp.Paren) or inner.find(exp.Column, exp.Query, exp.Placeholder):
        raise QueryError("INVALID_PARAMETER_USAGE", "a parameter must be a constant expression")
    # Written anew from the tree: a comment or a stray bracket in the text has no effect.
    plain = inner.this if isinstance(inner.this, exp.Literal) else inner
    return str(plain.sql(dialect="athena", comments=False))


def create_view(sql: str) -> CreateView | None:
    """CREATE [OR REPLACE] VIEW name AS query; None for other statements."""
    reader = Reader(sql)
    replace = reader.accept("CREATE", "OR", "REPLACE", "VIEW")
    if not replace and not reader.accept("CREATE", "VIEW"):
        return None
    database, name = reader.qualified()
    reader.expect("AS")
    return CreateView(database, name, replace, reader.rest())


def create_table_as(sql: str) -> CreateTableAs | None:
    """CREATE TABLE name [WITH (…)] AS query; None for other statements."""
    reader = Reader(sql)
    if not reader.accept("CREATE", "TABLE"):
        return None
    missing = reader.accept("IF", "NOT", "EXISTS")
    database, name = reader.qualified()
    properties = _with(reader)
    reader.expect("AS")
    return CreateTableAs(database, name, missing, properties, reader.rest())


def unload(sql: str) -> Unload | None:
    """UNLOAD (query) TO 's3://…' WITH (format = 'PARQUET'); None for other statements."""
    reader = Reader(sql)
    if not reader.accept("UNLOAD", "("):
        return None
    first = reader.peek()
    depth = 1
    while depth:
        token = reader.take()
        depth += {"(": 1, ")": -1}.get(token.text, 0)
    if first is None:
        raise syntax_error("UNLOAD needs a query")
    query = sql.strip()[first.at : token.at]
    reader.expect("TO")
    target = reader.string()
    properties = _with(reader)
    reader.end()
    return Unload(query, target, properties)


def _with(reader: Reader) -> dict[str, str]:
    """WITH (name = 'value', …); values that are no strings are kept as text."""
    found: dict[str, str] = {}
    if not reader.accept("WITH", "("):
        return found
    while True:
        name = reader.name()
        reader.expect("=")
        token = reader.peek()
        found[name] = reader.string() if token and token.kind == "text" else reader.take().text
        if found[name].upper() == "ARRAY":
            raise not_supported(f"the property {name}")
        if not reader.accept(","):
            break
    reader.expect(")")
    return found


def check_syntax(sql: str, substatement: str) -> None:
    """What Athena refuses at once: text that is no query. Names and types come later."""
    if substatement != "SELECT":
        return
    marks = sum(1 for one in tokens(sql) if one.text == "?")
    parsed(sql, ["1"] * marks)
