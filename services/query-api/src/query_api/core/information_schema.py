"""`information_schema` of the lake: the tables that may be read, and their columns, and no other.

What the engine has under that name tells of every database in the account. A statement that asks
for it gets the same columns made of the contract instead, as a query over literals.
"""

from collections.abc import Callable, Iterator, Mapping

from coinlake.contracts.tables import Column
from coinlake.views.definition import trino_type
from coinlake.views.every import VIEWS
from query_api.core.allowed import CATALOG, TABLE_NAMES
from query_api.core.lake_tables import KEY_COLUMNS, STORED
from query_api.core.sent import Edit, assembled, end_of
from trino_sql import tree
from trino_sql.query_parser import parse_query

SCHEMA = "information_schema"
_APART = ":"


def _columns() -> dict[str, tuple[Column, ...]]:
    """Columns by table, of those whose columns the contract tells."""
    found = {name: (*one.columns, *KEY_COLUMNS) for name, one in STORED.items()}
    return found | {name: view.columns for name, view in VIEWS.items()}


def _tables_text(database: str) -> str:
    rows = ", ".join(
        f"('{name}', '{'VIEW' if name in VIEWS else 'BASE TABLE'}')"
        for name in sorted(TABLE_NAMES)
    )
    return (
        f"(SELECT '{CATALOG}' AS table_catalog, '{database}' AS table_schema, table_name, "
        f"table_type FROM (VALUES {rows}) AS known (table_name, table_type))"
    )


def _columns_text(database: str) -> str:
    rows = ", ".join(
        f"('{name}', '{_APART.join(one.name for one in columns)}', "
        f"'{_APART.join(trino_type(one.type) for one in columns)}')"
        for name, columns in sorted(_columns().items())
    )
    return (
        f"(SELECT '{CATALOG}' AS table_catalog, '{database}' AS table_schema, table_name, "
        "column_name, ordinal_position, CAST(NULL AS varchar) AS column_default, "
        "'YES' AS is_nullable, data_type "
        f"FROM (VALUES {rows}) AS known (table_name, names, types) "
        f"CROSS JOIN UNNEST(split(names, '{_APART}'), split(types, '{_APART}')) "
        "WITH ORDINALITY AS one (column_name, data_type, ordinal_position))"
    )


TABLES_OF_IT: Mapping[str, Callable[[str], str]] = {
    "tables": _tables_text,
    "columns": _columns_text,
}
"""What may be asked of it: by name, the query that stands for it in a database."""


def inlined(sql: str, database: str) -> str:
    """The statement with a query over literals in each place that names one of these tables."""
    edits = [
        Edit(
            name.at,
            end_of(sql, name.parts[-1].at),
            TABLES_OF_IT[name.parts[-1].name](database) + ("" if has_alias else f" AS {last}"),
        )
        for name, has_alias in _named(parse_query(sql), False)
        for last in [name.parts[-1].name]
    ]
    return assembled(sql, edits)


def _named(node: object, has_alias: bool) -> Iterator[tuple[tree.QualifiedName, bool]]:
    """Each place that names one of its tables, and whether an alias stands behind it."""
    if isinstance(node, tree.Table):
        if node.name.parts[0].name == SCHEMA:
            yield node.name, has_alias
    elif isinstance(node, tree.Node):
        for one in tree.parts(node).values():
            yield from _named(one, isinstance(node, tree.Aliased))
    elif isinstance(node, tuple):
        for one in node:
            yield from _named(one, False)
