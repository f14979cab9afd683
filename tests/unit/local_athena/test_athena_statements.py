"""Statements on their way to the engine: views, what is refused, names that stay names."""

import pytest

from local_cloud.athena.engines.duck import compiled
from local_cloud.athena.sql import parsing
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import Session
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.types import OutputColumn
from local_cloud.athena.storage.catalog import table_of
from local_cloud.athena.storage.views import stored, table_input, view_text


def test_a_view_is_stored_in_prestos_form() -> None:
    columns = (OutputColumn("a", t.decimal(3, 1)),)

    entry = table_input("v", "SELECT 1 AS a", "d", columns)
    found = stored(table_of("d", entry))

    assert entry["ViewOriginalText"] == view_text("SELECT 1 AS a", "d", columns)
    assert entry["ViewOriginalText"].startswith("/* Presto View: ")
    assert (found.sql, found.database, found.columns) == ("SELECT 1 AS a", "d", columns)


@pytest.mark.parametrize(
    ("sql", "name"),
    [
        ("SELECT " + "(" * 300 + "1" + ")" * 300, "NOT_SUPPORTED"),
        ("SELECT 1; SELECT 2", "SYNTAX_ERROR"),
    ],
)
def test_bombs_and_second_statements_are_refused(sql: str, name: str) -> None:
    with pytest.raises(QueryError) as caught:
        parsing.query(sql)

    assert caught.value.name == name


def test_a_question_mark_in_text_or_comment_is_no_parameter() -> None:
    _, count = parsing.query_with_parameters("SELECT '?', ? /* ? */ -- ?")

    assert count == 1


def _compiled(sql: str) -> str:
    # No table is named, so that none is ever asked for.
    made, _ = compiled(f"SELECT {sql}", (), Session("default", 0), None)
    return made.sql


def test_names_of_the_statement_never_become_text_of_the_engine() -> None:
    made = _compiled(
        '"x: 1), (select 2)) --" FROM (VALUES 1) AS "; drop" ("x: 1), (select 2)) --")'
    )

    assert "select 2" not in made
    assert "drop" not in made


@pytest.mark.parametrize(
    "sql",
    [
        "cast(row(1) as row(\"a'||getenv('HOME')||'\" integer))",
        'cast(row(1) as row("a"" INTEGER), x(" integer))',
        'cast(row(1) as row("it\'s" integer))',
    ],
)
def test_a_field_name_with_quotes_never_becomes_text_of_the_engine(sql: str) -> None:
    made = _compiled(sql)

    assert "getenv" not in made
    assert "it's" not in made
    assert "x(" not in made
