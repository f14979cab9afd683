"""What the generator of queries covers, without a Trino: every function, cast, form and clause."""

from collections import Counter

import pytest

from tests.conformance.generate import coverage
from tests.conformance.generate.statements import Generated, generated
from trino_sql.failures import SqlError
from trino_sql.query_parser import parse_query

# Enough to go several times through the list of all functions.
SEED, MANY = 1, 6_000


@pytest.fixture(scope="module")
def many() -> list[Generated]:
    return [generated(SEED, index) for index in range(MANY)]


def test_every_function_that_the_engine_has_is_called_and_every_cast_is_tried(
    many: list[Generated],
) -> None:
    used = {use for one in many for use in one.uses}
    never = {what: names for what, _, names in coverage.missing(used)}

    assert never["functions"] == []
    assert never["casts"] == []
    assert never["literals"] == []
    assert never["clauses"] == []


def test_every_use_has_a_name_that_coverage_knows(many: list[Generated]) -> None:
    known = {name for names in coverage.universe().values() for name in names}
    used = {use for one in many for use in one.uses}

    strangers = used - known - coverage.callable_keys()
    strangers = {one for one in strangers if not one.startswith("cast ")}
    assert strangers == set()


def test_most_queries_are_read_by_the_parser(many: list[Generated]) -> None:
    errors: Counter[str] = Counter()
    for one in many[:1_000]:
        try:
            parse_query(one.text.sql)
        except SqlError as error:
            errors[error.name] += 1

    # What is wrong on purpose is wrong in its types and values, not in its grammar.
    assert errors["SYNTAX_ERROR"] == 0
    assert errors.total() < 10


def test_queries_are_small(many: list[Generated]) -> None:
    lengths = sorted(len(one.text.sql) for one in many)

    assert lengths[MANY // 2] < 250
    assert lengths[MANY * 95 // 100] < 700


def test_two_thirds_are_expressions_over_one_row_or_one_table(many: list[Generated]) -> None:
    words = ("join", "group by", "union", "intersect", "except", "with q", "over (", "(select")
    plain = [one for one in many if not any(word in one.text.sql for word in words)]

    assert MANY * 0.5 < len(plain) < MANY * 0.8
