"""Statements that hold a query: its text, its parameters, CREATE VIEW, CTAS and UNLOAD."""

from collections.abc import Iterator
from dataclasses import dataclass

from local_cloud.athena.sql.failures import QueryError, not_supported, syntax_error
from local_cloud.athena.sql.parsing import expression as parse_expression
from local_cloud.athena.sql.parsing import query as parse_query
from local_cloud.athena.sql.statement_reader import StatementReader
from trino_sql import tree


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
    with_data: bool


@dataclass(frozen=True, slots=True)
class Unload:
    sql: str
    target: str
    properties: dict[str, str]


def parameter(sql: str) -> tree.Expression:
    """An ExecutionParameter as the constant expression that it is.

    Raises INVALID_PARAMETER_USAGE for anything that is no constant.
    """
    try:
        found = parse_expression(sql)
    except QueryError as error:
        raise QueryError("INVALID_PARAMETER_USAGE", f"not an expression: {error}") from error
    if not _is_constant(found):
        raise QueryError("INVALID_PARAMETER_USAGE", "a parameter must be a constant expression")
    return found


def _is_constant(node: tree.Node) -> bool:
    if isinstance(node, (tree.Query, tree.Dereference, tree.Lambda, tree.Parameter)):
        return False
    if isinstance(node, tree.Identifier):
        return False
    return all(_is_constant(one) for one in _inside(node))


def _inside(node: tree.Node) -> Iterator[tree.Node]:
    for name, value in tree.parts(node).items():
        # Names of functions, types and fields are no columns.
        if name not in ("name", "type", "field"):
            for one in value if isinstance(value, tuple) else (value,):
                if isinstance(one, tree.Node):
                    yield one


def create_view(sql: str) -> CreateView | None:
    """CREATE [OR REPLACE] VIEW name AS query; None for other statements."""
    reader = StatementReader(sql)
    replace = reader.accept("CREATE", "OR", "REPLACE", "VIEW")
    if not replace and not reader.accept("CREATE", "VIEW"):
        return None
    database, name = reader.qualified()
    reader.expect("AS")
    return CreateView(database, name, replace, reader.rest())


def create_table_as(sql: str) -> CreateTableAs | None:
    """CREATE TABLE name [WITH (…)] AS query [WITH [NO] DATA]; None for other statements."""
    reader = StatementReader(sql)
    if not reader.accept("CREATE", "TABLE"):
        return None
    missing = reader.accept("IF", "NOT", "EXISTS")
    database, name = reader.qualified()
    properties = _with(reader)
    reader.expect("AS")
    empty = reader.accept_last("WITH", "NO", "DATA")
    if not empty:
        # What is said anyway where nothing is said.
        reader.accept_last("WITH", "DATA")
    return CreateTableAs(database, name, missing, properties, reader.rest(), not empty)


def unload(sql: str) -> Unload | None:
    """UNLOAD (query) TO 's3://…' WITH (format = 'PARQUET'); None for other statements."""
    reader = StatementReader(sql)
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


def _with(reader: StatementReader) -> dict[str, str]:
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
    try:
        parse_query(sql)
    except QueryError as error:
        # What Trino knows and this engine does not is for the execution to say.
        if error.name != "NOT_SUPPORTED":
            raise
