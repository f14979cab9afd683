"""Each bound of the guard where it stands: the last that is taken, and the first that is not."""

from collections.abc import Callable, Mapping

import pytest

from query_api.core import call_growth, growth, nesting, value_growth
from query_api.core.guard import check
from query_api.core.problems import RefusedSqlError
from query_api.core.sql_text import MAX_BYTES, check_text


def reason_of(sql: str) -> str | None:
    """Why the guard refuses; None where it does not."""
    try:
        check(sql, "coinlake", 1000)
    except RefusedSqlError as error:
        return error.reason
    return None


def _cases(depth: int) -> str:
    return "SELECT " + "CASE WHEN true THEN " * depth + "1" + " END" * depth


AT_THE_BOUND: Mapping[str, Callable[[int], str]] = {
    "brackets": lambda n: "SELECT " + "(" * n + "1" + ")" * n,
    "cases": _cases,
    "dots": lambda n: "SELECT " + ".".join(["a"] * (n + 1)) + " FROM quotes",
    "signs": lambda n: "SELECT " + "NOT " * n + "true",
    "operators": lambda n: "SELECT 1" + " + 1" * n,
    "relations": lambda n: "SELECT 1" + " UNION SELECT 1" * n,
    "subscripts": lambda n: "SELECT extra" + "[1]" * n + " FROM quotes",
    "values": lambda n: "SELECT 1 FROM UNNEST(sequence(1, " + str(n) + ")) AS t (x)",
    "values_multiplied": lambda n: (
        f"SELECT 1 FROM UNNEST(sequence(1, {n // 100})) a CROSS JOIN UNNEST(sequence(1, 100)) b"
    ),
    "repeated": lambda n: f"SELECT cardinality(repeat(1, {n}))",
    "buckets": lambda n: f"SELECT numeric_histogram({n}, rank) FROM quotes",
    "lambdas": lambda n: (
        "SELECT "
        + "".join(f"transform(map_keys(extra), x{d} -> " for d in range(n))
        + "1"
        + ")" * n
        + " FROM quotes"
    ),
    "in_a_value": lambda n: f"SELECT length(repeat(rpad('', {n // 100}, 'x'), 100)[1])",
}
BOUNDS = {
    "brackets": nesting.MAX_BRACKETS,
    "cases": nesting.MAX_CASES,
    "dots": nesting.MAX_DOTS,
    "signs": nesting.MAX_SIGNS,
    "operators": nesting.MAX_OPERATORS,
    "relations": nesting.MAX_RELATIONS,
    "subscripts": nesting.MAX_OPERATORS,
    "values": growth.MAX_ROWS,
    "values_multiplied": growth.MAX_ROWS,
    "repeated": call_growth.MAX_COUNT,
    "buckets": call_growth.MAX_COUNT,
    "lambdas": call_growth.MAX_LAMBDAS,
    "in_a_value": value_growth.MAX_VALUE,
}
# Bounds of several kinds at once: what is counted for one of them is not exact for the other.
_STEP = {"values_multiplied": 100, "in_a_value": 100}


@pytest.mark.parametrize("kind", AT_THE_BOUND)
def test_the_last_is_taken_and_the_next_is_refused(kind: str) -> None:
    made, most = AT_THE_BOUND[kind], BOUNDS[kind]

    taken, refused = reason_of(made(most)), reason_of(made(most + _STEP.get(kind, 1)))

    assert (taken, refused) == (None, "too_complex")


def test_tables_count_in_each_place_that_reads_them() -> None:
    # Joins and set operations end sooner than tables: forty at most, of two tables each.
    pair = "SELECT q.rank FROM quotes q JOIN rates r ON q.name = r.rate_id"
    query = f"WITH a AS ({pair}) " + " UNION ALL ".join(["SELECT rank FROM a"] * 32)
    more = f"WITH a AS ({pair}) " + " UNION ALL ".join(["SELECT rank FROM a"] * 33)

    assert (reason_of(query), reason_of(more)) == (None, "too_complex")


def test_a_statement_of_as_many_bytes_as_may_be_is_read() -> None:
    whole = "x" * MAX_BYTES

    check_text(whole)
    with pytest.raises(RefusedSqlError) as refused:
        check_text(f"{whole}x")

    assert refused.value.reason == "too_long"


def test_bytes_are_counted_and_not_characters() -> None:
    check_text("é" * (MAX_BYTES // 2))

    with pytest.raises(RefusedSqlError, match=str(MAX_BYTES)):
        check_text("é" * (MAX_BYTES // 2 + 1))


def test_words_are_counted_before_anything_is_parsed() -> None:
    # Brackets that never close: a parser would say so first.
    assert reason_of("SELECT ( " + "1," * (nesting.MAX_TOKENS // 2)) == "too_complex"


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT 1 AND " + "1 + 1 = 2 AND " * 300 + "true",
        "SELECT " + "1 + 1, " * 300 + "1",
        "SELECT " + "a.b.c, " * 300 + "1 FROM quotes",
        "SELECT " + "CASE WHEN true THEN 1 END, " * 60 + "1",
        "SELECT " + "(1), " * 300 + "1",
        "SELECT 1 WHERE " + "NOT true OR " * 300 + "true",
        "SELECT q.rank FROM coinlake.quotes q"
        + "".join(f" JOIN coinlake.rates r{n} ON q.name < r{n}.rate_id" for n in range(12)),
    ],
)
def test_what_stands_side_by_side_is_not_nested(sql: str) -> None:
    assert reason_of(sql) is None


def test_a_name_in_quotes_is_no_word_of_the_grammar() -> None:
    names = ", ".join(['"case", "union", "not", "-", "("'] * 30)

    assert reason_of(f"SELECT {names} FROM quotes") is None
