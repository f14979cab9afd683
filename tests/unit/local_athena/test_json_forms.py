"""The JSON forms over rows, and where this engine refuses what Trino answers."""

import itertools

import pytest

from local_cloud.athena.engines.duck import compiled, executed
from local_cloud.athena.engines.duck_sql.database import locked_connection
from local_cloud.athena.sql.analysis.context import Session
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.values import json_nodes, json_path_parser
from local_cloud.athena.sql.values.json_constructors import hash_map_order


def rows(query: str) -> list[tuple[object, ...]]:
    made, udfs = compiled(query, (), Session("default", 0), None)
    connection = locked_connection()
    try:
        batches = list(executed(connection, made, udfs))
    finally:
        connection.close()
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


# Answers of a real Trino 476.
ROWS = {
    """SELECT j, json_value(j, 'lax $.a' DEFAULT 'none' ON EMPTY DEFAULT 'bad' ON ERROR)
       FROM (VALUES '{"a":1}', '{"a":"x"}', '{}', '{', null) t(j)""": [
        ('{"a":1}', "1"),
        ('{"a":"x"}', "x"),
        ("{}", "none"),
        ("{", "bad"),
        (None, None),
    ],
    """SELECT json_value(j, 'lax $.type()' ERROR ON ERROR)
       FROM (VALUES '1', '1e400', '""') t(j)""": [("number",), ("number",), ("string",)],
    """SELECT json_query('[1,2,3]', 'lax $?(@ > $n)' PASSING n AS "n" WITH WRAPPER)
       FROM (VALUES 1, 2, null) t(n)""": [("[2,3]",), ("[3]",), (None,)],
    "SELECT json_object(k : v) FROM (VALUES ('a', 1), ('b', null)) t(k, v)": [
        ('{"a":1}',),
        ('{"b":null}',),
    ],
    """SELECT count(*) FROM (VALUES '{"a":1}', '{"a":2}', '{}') t(j)
       WHERE json_exists(j, 'lax $?(@.a > 1)')""": [(1,)],
    "SELECT json_value(max(j), 'lax $' RETURNING integer) FROM (VALUES '1', '2') t(j)": [(2,)],
    """SELECT json_value(j, 'lax $' RETURNING integer), count(*) FROM (VALUES '1', '1', '2') t(j)
       GROUP BY json_value(j, 'lax $' RETURNING integer) ORDER BY 1""": [(1, 2), (2, 1)],
}


@pytest.mark.parametrize("query", ROWS)
def test_each_row_has_a_value_of_its_own(query: str) -> None:
    assert rows(query) == ROWS[query]


def test_a_column_in_a_json_form_must_be_grouped_by() -> None:
    with pytest.raises(QueryError, match="EXPRESSION_NOT_AGGREGATE"):
        rows("SELECT json_array(k, v) FROM (VALUES (1, 'a')) t(k, v) GROUP BY k")


def test_a_later_operand_is_not_evaluated_where_the_input_is_null() -> None:
    found = rows(
        "SELECT json_value(j, 'lax $.a' RETURNING integer DEFAULT 1 / n ON EMPTY) "
        "FROM (VALUES ('{}', 1), (NULL, 0)) t(j, n)"
    )

    assert found == [(1,), (None,)]


def test_no_json_is_an_error_before_an_operand_behind_it_fails() -> None:
    with pytest.raises(QueryError, match="JSON_INPUT_CONVERSION_ERROR"):
        rows(
            "SELECT json_value(j, 'lax $' RETURNING integer DEFAULT 1 / n ON EMPTY ERROR ON ERROR)"
            " FROM (VALUES ('{', 0)) t(j, n)"
        )


def test_a_constant_that_changes_on_its_way_through_text_is_refused() -> None:
    with pytest.raises(QueryError, match="NOT_SUPPORTED"):
        rows("SELECT json_query('1e400', 'lax $' PASSING n AS \"n\") FROM (VALUES 1) t(n)")


def test_a_column_may_hold_what_a_constant_may_not() -> None:
    found = rows("SELECT json_query(j, 'lax $.type()') FROM (VALUES '1e400') t(j)")

    assert found == [('"number"',)]


def test_json_is_read_as_deep_as_jackson_reads_it() -> None:
    with pytest.raises(ValueError, match="too deeply"):
        json_nodes.read("[" * 1001 + "]" * 1001)


def test_what_is_behind_the_first_value_is_not_counted_as_depth() -> None:
    assert json_nodes.read('{"a":"[["} ' + "[" * 1001) == {"a": "[["}


def test_a_number_of_too_many_digits_is_no_json() -> None:
    with pytest.raises(ValueError, match="too long"):
        json_nodes.read("1" * 1001)

    assert json_nodes.read("-" + "1" * 1000) == -int("1" * 1000)


def test_a_key_of_too_many_characters_is_no_json() -> None:
    with pytest.raises(ValueError, match="too long"):
        json_nodes.read('{"' + "k" * 50_001 + '":1}')

    assert len(json_nodes.read('{"' + "k" * 50_000 + '":1}')) == 1


@pytest.mark.parametrize("path", ["lax " + "(" * 200 + "1" + ")" * 200, "lax $" + ".a" * 300])
def test_a_path_that_would_end_the_stack_is_refused(path: str) -> None:
    with pytest.raises(QueryError, match="NOT_SUPPORTED"):
        json_path_parser.parse(path)


def test_keys_of_one_hash_code_are_refused_once_java_makes_a_tree_of_them() -> None:
    same = ["".join(parts) for parts in itertools.product(("Aa", "BB"), repeat=4)]

    assert hash_map_order(same[:8]) == same[:8]
    with pytest.raises(QueryError, match="NOT_SUPPORTED"):
        hash_map_order(same)
