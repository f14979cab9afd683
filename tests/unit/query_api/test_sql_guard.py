"""The guard against every bypass that was found elsewhere, and for the SQL that people write."""

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from query_api.core.allowed import NODES, REFUSED, judged
from query_api.core.guard import check
from query_api.core.problems import RefusedSqlError
from tests.guard_fuzz.corpus import BYPASSES, USEFUL
from trino_sql import tree
from trino_sql.query_parser import parse_query

HOW_TO = Path(__file__).resolve().parents[3] / "docs" / "how-to"


@pytest.mark.parametrize("sql", BYPASSES.values(), ids=BYPASSES.keys())
def test_a_known_bypass_is_refused(sql: str) -> None:
    with pytest.raises(RefusedSqlError):
        check(sql, "coinlake", 1000)


@pytest.mark.parametrize("sql", USEFUL.values(), ids=USEFUL.keys())
def test_useful_sql_passes_and_what_is_sent_passes_again(sql: str) -> None:
    checked = check(sql, "coinlake", 1000)

    again = check(checked.sql, "coinlake", 1001)
    assert again == checked


@pytest.mark.parametrize("sql", USEFUL.values(), ids=USEFUL.keys())
def test_what_is_sent_says_what_was_written(sql: str) -> None:
    checked = check(sql, "coinlake", 1000)

    assert _without_names_and_cap(checked.sql) == _without_names_and_cap(sql)


def _without_names_and_cap(sql: str) -> tree.Query:
    """The statement's tree with bare table names, and without a LIMIT of its whole."""
    query = parse_query(sql)
    body = query.body
    if isinstance(body, tree.Select):
        body = replace(body, tail=replace(body.tail, limit=None))
    bare = _bare(replace(query, body=body, tail=replace(query.tail, limit=None)))
    assert isinstance(bare, tree.Query)
    return bare


def _bare(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_bare, value))
    if isinstance(value, tree.Table):
        last = value.name.parts[-1].name.lower()
        return tree.Table(tree.QualifiedName((tree.Identifier(last),)))
    if isinstance(value, tree.Node):
        return replace(value, **{name: _bare(one) for name, one in tree.parts(value).items()})
    return value


def test_each_form_of_the_grammar_is_allowed_or_refused_with_a_reason() -> None:
    forms = {
        one
        for one in vars(tree).values()
        if isinstance(one, type) and issubclass(one, tree.Node) and fields(one)[1:]
    }
    forms |= {tree.Null}

    assert forms == NODES | set(REFUSED)
    assert not NODES & set(REFUSED)


def test_a_form_with_a_field_that_nobody_judged_is_refused_at_import() -> None:
    with pytest.raises(TypeError, match="judge it anew"):
        judged({tree.Like: "value pattern negated"})


@pytest.mark.parametrize("page", ["read-the-quality", "trace-a-row"])
def test_what_the_pages_ask_passes(page: str) -> None:
    asked = re.findall(r"```sql\n(.*?)```", (HOW_TO / f"{page}.md").read_text(), re.S)

    assert asked
    for sql in asked:
        assert check(sql, "coinlake", 100).tables


@pytest.mark.parametrize("table", ["tables", "columns"])
def test_information_schema_is_answered_from_the_contract(table: str) -> None:
    checked = check(f"SELECT * FROM information_schema.{table} LIMIT 5", "coinlake", 10)

    assert "information_schema" not in checked.sql
    assert checked.tables == ()
    assert "'quotes'" in checked.sql
    assert checked.sql.endswith(f"AS {table} LIMIT 5")


def test_a_bare_name_of_information_schema_is_no_table() -> None:
    with pytest.raises(RefusedSqlError, match="there is no table tables"):
        check("SELECT * FROM tables", "coinlake", 10)


def test_a_backslash_is_no_escape() -> None:
    sql = r"SELECT 1 FROM quotes WHERE name = 'x\' OR name = ' UNION SELECT s FROM secret -- '"

    checked = check(sql, "coinlake", 10)

    assert checked.tables == ("quotes",)
    assert r"name = 'x\' OR name = ' UNION SELECT s FROM secret -- '" in checked.sql


def test_tables_are_sent_fully_qualified() -> None:
    checked = check("SELECT * FROM quotes, rates r", "coinlake", 10)

    assert checked.sql == 'SELECT * FROM "coinlake"."quotes", "coinlake"."rates" r LIMIT 11'
    assert checked.tables == ("quotes", "rates")


def test_comments_are_not_sent() -> None:
    checked = check("SELECT 1 /* hint */ -- more", "coinlake", 10)

    assert checked.sql == "SELECT 1 LIMIT 11"


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        ("SELECT 1", "LIMIT 11"),
        ("SELECT 1 LIMIT 10", "LIMIT 10"),
        ("SELECT 1 LIMIT 12", "LIMIT 11"),
        ("SELECT 1 UNION ALL SELECT 2 LIMIT 500", "LIMIT 11"),
        ("SELECT 1 OFFSET 5 LIMIT 500", "OFFSET 5 LIMIT 11"),
        ("SELECT 1 FETCH FIRST 500 ROWS ONLY", "LIMIT 11"),
    ],
)
def test_rows_are_capped_by_one_more_than_asked(sql: str, sent: str) -> None:
    checked = check(sql, "coinlake", 10)

    assert checked.sql.endswith(sent)


def test_a_refusal_never_repeats_odd_text() -> None:
    with pytest.raises(RefusedSqlError) as refused:
        check('SELECT * FROM "<script>alert(1)</script>"', "coinlake", 10)

    assert "<script>" not in str(refused.value)
