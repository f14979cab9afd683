"""What counts as a query text, and when Trino's word on it teaches nothing."""

import pytest

from tests.conformance.corpus import queries, text_of
from tests.conformance.record import unusable
from tests.trino_lab.client import Answer


def test_a_query_begins_with_its_word_behind_space_and_brackets() -> None:
    strings = [
        "SELECT 1",
        " \n(( values 1",
        "with t as (x)",
        "TABLE t",
        "selection",
        "x SELECT",
    ]

    found = {one.sql for one in queries([*strings, "SELECT 1"])}

    assert found == set(strings[:4])


def test_a_text_is_known_by_the_first_half_of_its_sha256s_quarter() -> None:
    # printf 'SELECT 1' | sha256sum
    assert text_of("SELECT 1").hash == "e004ebd5b5532a4b"


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT * FROM missing", Answer((), (), "TABLE_NOT_FOUND")),
        ("SELECT \x01 FROM t", Answer((), (), "SYNTAX_ERROR", "line 1:8: mismatched input")),
        ("SELECT %s FROM t", Answer((), (), "SYNTAX_ERROR", "line 1:8: mismatched input")),
        (
            "SELECT * FROM ",
            Answer((), (), "SYNTAX_ERROR", "line 1:15: mismatched input '<EOF>'."),
        ),
        ("SELECT 1", Answer((), (), "EXCEEDED_TIME_LIMIT")),
    ],
)
def test_a_text_that_teaches_nothing_is_put_aside_with_its_reason(
    sql: str, said: Answer
) -> None:
    assert unusable(sql, said)


@pytest.mark.parametrize(
    ("sql", "said"),
    [
        ("SELECT 1 FRUM t", Answer((), (), "SYNTAX_ERROR", "line 1:15: mismatched input 't'")),
        ("SELECT 10 % 3", Answer(("integer",), ((1,),))),
        ("SELECT x LIKE '%s' FROM t", Answer(("boolean",), ((True,),))),
        ("SELECT 1/0", Answer((), (), "DIVISION_BY_ZERO")),
    ],
)
def test_a_true_error_and_an_answer_are_used(sql: str, said: Answer) -> None:
    assert unusable(sql, said) is None
