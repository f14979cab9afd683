"""The guard of ad-hoc SQL: one read-only query over the lake's own tables, by allow-list.

Pure. The statement is read by Trino's grammar, which is Athena's; each form of it was judged
(`allowed`), and what is sent is the client's own text with the tables' full names and the cap
of rows put in. Callers run it in a process that they can kill (`adapters/guard.py`). The real
walls are IAM and the workgroup.
"""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from query_api.core.allowed import CATALOG, CLOCKS, GROUPINGS, NODES, TABLE_NAMES
from query_api.core.allowed import REFUSED as REFUSED_FORMS
from query_api.core.dependence import UNKNOWN_DEPENDENCE, Dependence
from query_api.core.functions import ALLOWED, REFUSED
from query_api.core.growth import check_growth
from query_api.core.information_schema import SCHEMA, TABLES_OF_IT, inlined
from query_api.core.lake_columns import columns_of_table
from query_api.core.nesting import check_nesting
from query_api.core.problems import RefusedSqlError
from query_api.core.read_sources import Read
from query_api.core.reads import reads_of
from query_api.core.sent import Edit, assembled, end_of
from query_api.core.sql_text import check_text, read_tokens
from query_api.core.terms import children
from trino_sql import tree
from trino_sql.failures import NOT_SUPPORTED, SqlError, TooDeepError
from trino_sql.lexer import DECIMAL, DOLLAR_STRING, INTEGER, Token
from trino_sql.query_parser import parse_query

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
# What an alias may be called. Columns that are not in a table's schema begin with a dollar sign.
_COLUMN = re.compile(r"[\w .,/%()+-]{1,128}")
_PLAIN_NUMBER = re.compile(r"[0-9]*\.?[0-9]*")
_PLACE = re.compile(r"line \d+:\d+: ")
# What a query begins with (SqlBase.g4, query): anything else is another statement.
_FIRST_WORDS = ("WITH", "SELECT", "VALUES", "TABLE", "(")
_MAX_TABLES = 16
_MAX_NODES = 4000


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement that passed: the text to send, and the lake's tables that it reads.

    `depends`: what its rows depend on, by `core/dependence.py`; nothing known where nobody looked.
    """

    sql: str
    tables: tuple[str, ...]
    depends: Dependence = UNKNOWN_DEPENDENCE
    # Of the client's text, before the cap of rows: for the dry run, and no part of what was checked.
    reads: tuple[Read, ...] | None = field(default=None, compare=False)


def check(sql: str, database: str, max_rows: int) -> Checked:
    """Check a statement and make the text that Athena gets. Raises RefusedSqlError.

    The text has its tables fully qualified and is cut to one row more than `max_rows`; it is
    checked once more, so that no edit can carry something past the guard.
    """
    check_text(sql)
    try:
        first = _checked(sql, database, max_rows)
        again = _checked(first.sql, database, max_rows + 1)
    except RecursionError:
        raise RefusedSqlError("too_complex", "the statement is nested too deeply") from None
    if again != first:
        raise RefusedSqlError(
            "unstable", "the rewritten statement does not pass the same check"
        )
    # The text is ours from here on: what stands for information_schema need not be checked.
    return replace(first, sql=inlined(first.sql, database))


def _checked(sql: str, database: str, max_rows: int) -> Checked:
    read = read_tokens(sql)
    check_nesting(read)
    query = _parsed(sql)
    for token in read:
        _check_token(token)
    if not isinstance(query.body, (tree.Select, tree.SetOperation)):
        raise RefusedSqlError("statement", "only SELECT queries are allowed")
    for count, node in enumerate(_walk(query)):
        if count > _MAX_NODES:
            raise RefusedSqlError("too_complex", "the statement is too long")
        _check_node(node)
    check_growth(query)
    tables = list(_tables(query, frozenset(), database))
    if len(tables) > _MAX_TABLES:
        raise RefusedSqlError("too_complex", f"at most {_MAX_TABLES} tables are allowed")
    edits = [
        Edit(name.at, end_of(sql, name.parts[-1].at), f'"{schema}"."{table}"')
        for name, schema, table in tables
    ]
    sent = assembled(sql, [*edits, *_cap(sql, query, max_rows)])
    lake = {table for _, schema, table in tables if schema == database}
    return Checked(sent, tuple(sorted(lake)), reads=reads_of(query, columns_of_table))


def _parsed(sql: str) -> tree.Query:
    if read_tokens(sql)[0].word not in _FIRST_WORDS:
        raise RefusedSqlError("statement", "only SELECT queries are allowed")
    try:
        return parse_query(sql)
    except TooDeepError:
        raise RefusedSqlError("too_complex", "the statement is nested too deeply") from None
    except SqlError as error:
        place = _PLACE.match(error.message)
        where = place[0] if place is not None else ""
        if error.name == NOT_SUPPORTED:
            raise RefusedSqlError("syntax", error.message) from None
        if "one sql statement" in error.message:
            raise RefusedSqlError("statements", "send exactly one statement") from None
        # Not the parser's words: they hold parts of the statement.
        raise RefusedSqlError(
            "syntax", f"{where}the statement is not a valid Athena query"
        ) from None


def _check_token(token: Token) -> None:
    """Forms that came late into Trino's grammar: an older engine reads something else.

    Where numbers have no underscores `1_000` is a 1 that is called _000.
    """
    odd_number = token.kind in (INTEGER, DECIMAL) and not _PLAIN_NUMBER.fullmatch(token.text)
    if odd_number or token.kind == DOLLAR_STRING:
        raise RefusedSqlError(
            "syntax", "write numbers in decimal digits and strings in single quotes"
        )


# ---- nodes ----------------------------------------------------------------------------------


def _walk(node: tree.Node) -> Iterator[tree.Node]:
    pending = [node]
    while pending:
        one = pending.pop()
        yield one
        pending.extend(reversed(children(one)))


def _check_node(node: tree.Node) -> None:
    kind = type(node)
    if kind not in NODES:
        why = REFUSED_FORMS.get(kind, "nobody has judged it")
        raise RefusedSqlError("syntax", f"{kind.__name__} is not allowed: {why}")
    rule = _RULES.get(kind)
    if rule is not None:
        rule(node)


def _shown(name: str) -> str:
    return name if _NAME.fullmatch(name) else "this name"


def _check_identifier(node: tree.Identifier) -> None:
    # This keeps out "$path", "t$partitions", "lambda:connector" and everything quoted oddly.
    if not _COLUMN.fullmatch(node.name):
        raise RefusedSqlError(
            "name", "names may contain only letters, digits, spaces and _ - . , / % ( ) +"
        )


def _check_with(node: tree.With) -> None:
    if node.recursive:
        raise RefusedSqlError("syntax", "WITH RECURSIVE is not allowed")


def _check_named_query(node: tree.NamedQuery) -> None:
    if node.name.name.lower() in TABLE_NAMES:
        raise RefusedSqlError(
            "table", f"a WITH query must not have the name of a table: {_shown(node.name.name)}"
        )


def _check_function(node: tree.FunctionCall) -> None:
    if len(node.name.parts) > 1:
        # The list names functions without a schema; one inside of a schema is another function.
        raise RefusedSqlError("function", "functions cannot be qualified with a schema")
    if (why := REFUSED.get(node.name.text)) is not None:
        raise RefusedSqlError("function", f"{node.name.text} is not allowed: {why}")
    if node.name.text not in ALLOWED:
        raise RefusedSqlError("function", f"there is no function {_shown(node.name.text)}")


def _check_grouping(node: tree.GroupingElement) -> None:
    if node.kind not in GROUPINGS:
        raise RefusedSqlError("syntax", f"GROUP BY {node.kind} is not allowed")


def _check_clock(node: tree.CurrentTime) -> None:
    if node.kind not in CLOCKS:
        raise RefusedSqlError("syntax", f"{node.kind} is not allowed")


def _check_fetch(node: tree.FetchFirst) -> None:
    if node.with_ties:
        raise RefusedSqlError("syntax", "FETCH FIRST … WITH TIES is not allowed")


_RULES: dict[type[tree.Node], Callable[[Any], None]] = {
    tree.Identifier: _check_identifier,
    tree.With: _check_with,
    tree.NamedQuery: _check_named_query,
    tree.FunctionCall: _check_function,
    tree.GroupingElement: _check_grouping,
    tree.CurrentTime: _check_clock,
    tree.FetchFirst: _check_fetch,
}


# ---- tables ---------------------------------------------------------------------------------


def _tables(
    node: tree.Node, named: frozenset[str], database: str
) -> Iterator[tuple[tree.QualifiedName, str, str]]:
    """Each reference to a table of the lake, its schema and its name; `named` are the WITH queries that are in scope."""
    if isinstance(node, tree.Table):
        found = _table(node.name, named, database)
        if found is not None:
            yield node.name, *found
        return
    if isinstance(node, tree.Query) and node.with_ is not None:
        for one in node.with_.queries:
            yield from _tables(one.query, named, database)
            named = named | {one.name.name.lower()}
        yield from _tables(node.body, named, database)
        yield from _tables(node.tail, named, database)
        return
    for child in reversed(children(node)):
        yield from _tables(child, named, database)


def _table(
    name: tree.QualifiedName, named: frozenset[str], database: str
) -> tuple[str, str] | None:
    """The schema and table that a name means; None for the name of a WITH query."""
    *around, table = (part.name.lower() for part in name.parts)
    if not around and table in named:
        return None
    if around in ([SCHEMA], [CATALOG, SCHEMA]):
        if table not in TABLES_OF_IT:
            raise RefusedSqlError(
                "table", f"of {SCHEMA} only {' and '.join(TABLES_OF_IT)} are there"
            )
        return SCHEMA, table
    if around not in ([], [database], [CATALOG, database]):
        raise RefusedSqlError("table", f"only tables of the database {database} are allowed")
    if table not in TABLE_NAMES:
        raise RefusedSqlError("table", f"there is no table {_shown(table)}")
    return database, table


# ---- rows -----------------------------------------------------------------------------------


def _cap(sql: str, query: tree.Query, max_rows: int) -> Iterator[Edit]:
    """Bound the rows of the whole query: one more than the cap tells that there were more."""
    limit = query.tail.limit
    if limit is None and isinstance(query.body, tree.Select):
        limit = query.body.tail.limit
    capped = f"LIMIT {max_rows + 1}"
    if limit is None:
        end = len(sql)
        yield Edit(end, end, capped)
        return
    if isinstance(limit, tree.FetchFirst) and limit.count is None:
        return
    if not isinstance(limit.count, tree.IntegerLiteral):
        raise RefusedSqlError("syntax", "LIMIT must be a whole number")
    if limit.count.value > max_rows:
        yield Edit(limit.at, len(sql), capped)
