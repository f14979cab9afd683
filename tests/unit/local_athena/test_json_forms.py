"""What of the JSON forms no recorded query shows: where this engine refuses, and why."""

import itertools

import pytest

from local_cloud.athena.analysis.context import Session
from local_cloud.athena.duck import compiled, executed, locked_connection
from local_cloud.athena.failures import QueryError
from local_cloud.athena.values import json_nodes, json_path_parser
from local_cloud.athena.values.json_constructors import hash_map_order


def rows(query: str) -> list[tuple[object, ...]]:
    made, udfs = compiled(query, (), Session("default", 0), None)
    connection = locked_connection()
    try:
        batches = list(executed(connection, made, udfs))
    finally:
        connection.close()
    return [tuple(row.values()) for batch in batches for row in batch.to_pylist()]


@pytest.mark.parametrize(
    ("form", "error"),
    [
        ("json_value(j, 'strict $.a' ERROR ON ERROR)", "PATH_EVALUATION_ERROR"),
        ("json_query(j, 'lax $.a' ERROR ON EMPTY)", "JSON_OUTPUT_CONVERSION_ERROR"),
        ("json_array(k FORMAT JSON)", "JSON_INPUT_CONVERSION_ERROR"),
        ("json_object(j : 1, j : 2)", "NOT_SUPPORTED"),
    ],
)
def test_try_does_not_make_null_of_an_error_that_trinos_lets_through(
    form: str, error: str
) -> None:
    source = "FROM (VALUES ('{}', '{')) t(j, k)"
    with pytest.raises(QueryError, match=error):
        rows(f"SELECT {form} {source}")

    with pytest.raises(QueryError, match="NOT_SUPPORTED"):
        rows(f"SELECT TRY({form}) {source}")


def test_try_makes_null_of_what_trinos_does() -> None:
    assert rows("SELECT TRY(json_object(k : 1)) FROM (VALUES 'a', NULL) t(k)") == [
        ('{"a":1}',),
        (None,),
    ]


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
