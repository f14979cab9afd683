"""The guard of ad-hoc SQL: one read-only query over the lake's own tables, by allow-list.

Pure, and possibly slow: sqlglot's parser backtracks, so callers run it in a process that
they can kill (`adapters/guard.py`). The real walls are IAM and the workgroup.
"""

import re
from dataclasses import dataclass

import sqlglot
from sqlglot import exp
from sqlglot.errors import SqlglotError

from query_api.core.allowed import (
    ANONYMOUS,
    FUNCTIONS,
    NODES,
    QUERY_NODES,
    TABLE_NAMES,
)
from query_api.core.problems import RefusedSqlError
from query_api.core.sql_text import check_text

DIALECT = "athena"
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,127}")
_CATALOG = "awsdatacatalog"
_MAX_TABLES = 16
_MAX_NODES = 4000
_LEVEL = sqlglot.ErrorLevel.IMMEDIATE


@dataclass(frozen=True, slots=True)
class Checked:
    """A statement that passed: the text to send, and the lake's tables that it reads."""

    sql: str
    tables: tuple[str, ...]


def check(sql: str, database: str, max_rows: int) -> Checked:
    """Check a statement and render what Athena gets. Raises RefusedSqlError.

    The sent text is rendered from the checked tree, tables fully qualified, and cut to one
    row more than `max_rows`; it is checked once more as text, so that no difference between
    reading and rendering can carry something past the guard.
    """
    check_text(sql)
    tree = _parsed(sql)
    tables = _checked(tree, database)
    _capped(tree, max_rows)
    rendered = _rendered(tree)
    again = _parsed(rendered)
    if _checked(again, database) != tables or _rendered(again) != rendered:
        raise RefusedSqlError("unstable", "the statement does not read back as it was checked")
    return Checked(rendered, tables)


def _parsed(sql: str) -> exp.Expression:
    try:
        trees = sqlglot.parse(sql, read=DIALECT, error_level=_LEVEL)
    except RecursionError:
        raise RefusedSqlError("too_complex", "the statement is nested too deeply") from None
    except SqlglotError:
        raise RefusedSqlError("syntax", "the statement does not parse as Athena SQL") from None
    except (TypeError, ValueError, AttributeError, KeyError, IndexError):
        # The parser trips over some malformed statements instead of refusing them.
        raise RefusedSqlError("syntax", "the statement does not parse as Athena SQL") from None
    if len(trees) != 1 or trees[0] is None:
        raise RefusedSqlError("statements", "give exactly one statement")
    return trees[0]


def _rendered(tree: exp.Expression) -> str:
    text: str = tree.sql(dialect=DIALECT, comments=False)
    return text


def _checked(tree: exp.Expression, database: str) -> tuple[str, ...]:
    if type(tree) not in QUERY_NODES:
        raise RefusedSqlError("statement", "only SELECT queries are allowed")
    tables = set()
    for count, node in enumerate(tree.walk()):
        if count > _MAX_NODES:
            raise RefusedSqlError("too_complex", "the statement is too long")
        _check_node(node)
        if isinstance(node, exp.Table):
            tables.add(_table(node, database))
    tables.discard(None)
    if sum(1 for _ in tree.find_all(exp.Table)) > _MAX_TABLES:
        raise RefusedSqlError("too_complex", f"at most {_MAX_TABLES} tables are allowed")
    return tuple(sorted(name for name in tables if name is not None))


def _check_node(node: exp.Expression) -> None:
    kind = type(node)
    if kind is exp.Anonymous:
        if str(node.this).lower() not in ANONYMOUS:
            raise RefusedSqlError(
                "function", f"the function {_shown(node.this)} is not allowed"
            )
    elif kind not in NODES and kind not in FUNCTIONS:
        what = "function" if isinstance(node, exp.Func) else "syntax"
        raise RefusedSqlError(what, f"{_shown(node.key)} is not allowed")
    special = _SPECIAL.get(kind)
    if special is not None:
        special(node)


def _shown(name: object) -> str:
    text = str(name)
    return text if _NAME.fullmatch(text) else "this construct"


def _check_select(node: exp.Expression) -> None:
    for argument in ("into", "hint", "kind", "laterals", "match", "sample", "locks"):
        if node.args.get(argument):
            raise RefusedSqlError("syntax", f"{argument} is not allowed in a SELECT")
    if not node.expressions:
        raise RefusedSqlError("syntax", "the SELECT has no columns")


def _check_identifier(node: exp.Expression) -> None:
    # This keeps out "$path", "t$partitions", "lambda:connector" and everything quoted oddly.
    if not _NAME.fullmatch(str(node.this)):
        raise RefusedSqlError("name", "names are letters, digits and underscores")


def _check_with(node: exp.Expression) -> None:
    if node.args.get("recursive"):
        raise RefusedSqlError("syntax", "WITH RECURSIVE is not allowed")


def _check_cte(node: exp.Expression) -> None:
    if node.alias.lower() in TABLE_NAMES:
        raise RefusedSqlError("table", f"a WITH query must not be called {_shown(node.alias)}")


def _check_unnest(node: exp.Expression) -> None:
    # Rows out of nothing cost CPU and scan no bytes: no limit of Athena's would end them.
    if not all(isinstance(source, exp.Column) for source in node.expressions):
        raise RefusedSqlError("syntax", "UNNEST takes columns only")


def _check_type(node: exp.Expression) -> None:
    # Athena reads a bare DECIMAL as decimal(38,0), and sqlglot renders DECIMAL '1.5' that way.
    if node.this == exp.DataType.Type.DECIMAL and not node.expressions:
        raise RefusedSqlError("syntax", "say the precision: CAST(x AS DECIMAL(38,18))")


def _check_table(node: exp.Expression) -> None:
    if not isinstance(node.this, exp.Identifier) or not node.name:
        raise RefusedSqlError("table", "table functions are not allowed")


def _check_dot(node: exp.Expression) -> None:
    # The lists name functions without a schema; one inside of a schema is another function.
    if not isinstance(node.expression, exp.Identifier):
        raise RefusedSqlError("function", "functions have no schema")


_SPECIAL = {
    exp.Dot: _check_dot,
    exp.Select: _check_select,
    exp.Identifier: _check_identifier,
    exp.With: _check_with,
    exp.CTE: _check_cte,
    exp.Unnest: _check_unnest,
    exp.DataType: _check_type,
    exp.Table: _check_table,
}


def _table(node: exp.Table, database: str) -> str | None:
    """The lake's table that a node names, qualified in place; None for a WITH query's name."""
    name, schema = str(node.name).lower(), str(node.db).lower()
    catalog = str(node.catalog).lower()
    if not schema and not catalog and _is_cte(node, name):
        return None
    if catalog not in ("", _CATALOG) or schema not in ("", database):
        raise RefusedSqlError("table", f"only tables of the database {database} are allowed")
    if name not in TABLE_NAMES:
        raise RefusedSqlError("table", f"there is no table {_shown(name)}")
    # Qualified, it can never be taken for a WITH query; and such a name is no table of ours.
    node.set("this", exp.to_identifier(name, quoted=True))
    node.set("db", exp.to_identifier(database, quoted=True))
    node.set("catalog", None)
    return name


def _is_cte(node: exp.Expression, name: str) -> bool:
    """Whether a WITH query of this name is in scope: an enclosing one, earlier in its list."""
    child, parent = node, node.parent
    while parent is not None:
        with_ = parent if isinstance(parent, exp.With) else parent.args.get("with_")
        if isinstance(with_, exp.With) and with_ is not child:
            for cte in with_.expressions:
                if cte is child:
                    break
                if cte.alias.lower() == name:
                    return True
        child, parent = parent, parent.parent
    return False


def _capped(tree: exp.Expression, max_rows: int) -> None:
    """Bound the rows of the whole query: one more than the cap tells that there were more."""
    limit = tree.args.get("limit")
    given = None if limit is None else limit.args.get("expression", limit.args.get("count"))
    if limit is not None and not (isinstance(given, exp.Literal) and given.is_int):
        raise RefusedSqlError("syntax", "LIMIT takes a whole number")
    if given is None or int(given.this) > max_rows:
        tree.set("limit", exp.Limit(expression=exp.Literal.number(max_rows + 1)))
