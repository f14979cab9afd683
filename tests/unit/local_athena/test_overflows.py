"""A number that does not fit fails in Trino's words, never in DuckDB's."""

from typing import Any

import pytest

from local_cloud.athena.engines.overflows import overflow
from local_cloud.athena.sql.failures import QueryError
from tests.trino_values import answer


# As a Trino 476 says it.
@pytest.mark.parametrize(
    ("values", "expression", "message"),
    [
        ("2147483647, 1", "x + y", "integer addition overflow: 2147483647 + 1"),
        ("-2147483647, 5", "x - y", "integer subtraction overflow: -2147483647 - 5"),
        ("tinyint '127', tinyint '2'", "x * y", "tinyint multiplication overflow: 127 * 2"),
        ("smallint '32767', smallint '1'", "x + y", "smallint addition overflow: 32767 + 1"),
        (
            "cast('-9223372036854775808' as bigint), bigint '-1'",
            "x / y",
            "bigint division overflow: -9223372036854775808 / -1",
        ),
        (f"decimal '{'9' * 38}', decimal '1'", "x + y", "Decimal overflow"),
        (f"decimal '{'9' * 38}', decimal '9'", "x * y", "Decimal overflow"),
        (f"decimal '-{'9' * 38}', decimal '9'", "x - y", "Decimal overflow"),
    ],
)
def test_an_overflow_is_named_as_trino_names_it(
    connection: Any, values: str, expression: str, message: str
) -> None:
    with pytest.raises(QueryError) as failed:
        answer(connection, f"SELECT {expression} FROM (VALUES ({values})) t(x, y)")

    assert (failed.value.name, failed.value.message) == ("NUMERIC_VALUE_OUT_OF_RANGE", message)


def test_a_negation_that_overflows_says_so(connection: Any) -> None:
    with pytest.raises(QueryError, match="negation overflow"):
        answer(connection, "SELECT -x FROM (VALUES tinyint '-128') t(x)")


def test_words_that_are_not_known_are_not_passed_on() -> None:
    error = overflow("Out of Range Error: Something of UINT8 (1)")

    assert error.name == "NUMERIC_VALUE_OUT_OF_RANGE"
    assert "UINT8" not in error.message
