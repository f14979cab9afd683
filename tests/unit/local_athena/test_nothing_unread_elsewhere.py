"""Nothing unread where trees and statements are handled outside of the analysis."""

import re
from dataclasses import fields

import pytest

from local_cloud.athena.api import runner
from local_cloud.athena.engines.duck_sql import scalars
from local_cloud.athena.sql import parsing, queries
from tests.nothing_unread import handlers
from tests.nothing_unread.forms import STATEMENTS
from tests.nothing_unread.nodes import nodes
from tests.nothing_unread.planning import plan
from trino_sql import tree

# ---- statements around a query --------------------------------------------------------------


@pytest.mark.parametrize("kind", [queries.CreateView, queries.CreateTableAs, queries.Unload])
def test_each_part_of_a_statement_around_a_query_is_read_where_it_runs(kind: type) -> None:
    taken = f"_{re.sub(r'(?<=[a-z])(?=[A-Z])', '_', kind.__name__).lower()}"

    read = handlers.attributes_of(getattr(runner.StatementRunner, taken))

    assert {one.name for one in fields(kind)} <= read


@pytest.mark.parametrize(
    ("end", "query", "with_data"),
    [
        ("", "SELECT 1 AS a", True),
        (" WITH DATA", "SELECT 1 AS a", True),
        (" with no data;", "SELECT 1 AS a", False),
    ],
)
def test_a_new_table_has_data_unless_the_statement_says_no(
    end: str, query: str, with_data: bool
) -> None:
    made = queries.create_table_as(f"CREATE TABLE x AS {query}{end}")

    assert made is not None
    assert (made.sql.strip(), made.with_data) == (query, with_data)


# ---- walks that look for something ----------------------------------------------------------


@pytest.mark.parametrize("sql", STATEMENTS)
def test_a_walk_through_expressions_comes_to_every_node_but_those_of_queries(sql: str) -> None:
    for node in nodes(parsing.query(sql)):
        if isinstance(node, tree.Expression) and not _holds(node, tree.Query):
            assert list(map(id, scalars._nodes(node))) == list(map(id, nodes(node)))


def test_a_parameter_is_an_expression_in_which_nothing_stands_for_a_column() -> None:
    found = [
        one
        for sql in STATEMENTS
        for one in nodes(parsing.query(sql))
        if isinstance(one, tree.Expression)
    ]

    for node in found:
        names_something = _holds(node, tree.Query, tree.Lambda, tree.Parameter) or _unknown(
            node
        )
        if names_something:
            assert not queries._is_constant(node), node


def _holds(node: tree.Node, *kinds: type[tree.Node]) -> bool:
    return any(isinstance(one, kinds) for one in nodes(node))


def _unknown(node: tree.Expression) -> bool:
    """Whether a query without FROM cannot know a name in it."""
    one = parsing.query("SELECT 1").body
    assert isinstance(one, tree.Select)
    item = tree.SingleColumn(node, None)
    body = tree.Select(**(tree.parts(one) | {"items": (item,)}))
    found = plan("SELECT 1", tree.Query(None, body, tree.Tail()))
    return found.error in ("COLUMN_NOT_FOUND", "TABLE_NOT_FOUND")
