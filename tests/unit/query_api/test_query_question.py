"""What makes two questions the same: tokens, tags and conditions."""

import string

import pytest
from hypothesis import given
from hypothesis import strategies as st

from query_api.core.etag import etag, matches
from query_api.core.question import Question, Sharing, fingerprint, request_token
from query_api.core.statements import Statement

TEXT = st.text(alphabet=string.ascii_letters + "'\",[]?%_\\ \x00é", max_size=6)
QUESTIONS = st.builds(
    Question,
    st.builds(Statement, TEXT, st.lists(TEXT, max_size=3).map(tuple)),
    st.integers(1, 3),
    TEXT,
    st.just(Sharing.KEPT),
    st.frozensets(st.sampled_from(["read", "sql"])),
)
ONE = Question(Statement("SELECT ?", ("'btc'",)), 10, "v1", Sharing.KEPT)


def token(question: Question, where: str = "w", attempt: int = 0, salt: bytes = b"s") -> str:
    return request_token(question, where=where, attempt=attempt, salt=salt)


@given(QUESTIONS, QUESTIONS)
def test_two_questions_share_an_answer_only_where_every_part_is_equal(
    one: Question, other: Question
) -> None:
    same = one == other

    assert (fingerprint(one) == fingerprint(other)) == same
    assert (token(one) == token(other)) == same
    assert (etag(one, "json") == etag(other, "json")) == same


def test_values_that_read_alike_when_joined_are_other_values() -> None:
    asked = [("a", "b"), ("a,b",), ("ab",), ("", "ab"), ("ab", ""), ("a", "b", "")]
    questions = [Question(Statement("S", one), 1, "v", Sharing.KEPT) for one in asked]

    assert len({fingerprint(one) for one in questions}) == len(asked)


def test_a_token_cannot_be_made_without_the_salt_and_fits_into_athenas_field() -> None:
    tokens = {
        token(ONE),
        token(ONE, salt=b"t"),
        token(ONE, where="other workgroup"),
        token(ONE, attempt=1),
    }

    assert len(tokens) == 4
    assert all(32 <= len(one) <= 128 for one in tokens)


def test_a_tag_is_weak_and_of_one_representation() -> None:
    assert etag(ONE, "application/json").startswith('W/"')
    assert etag(ONE, "application/json") != etag(ONE, "text/csv")


@pytest.mark.parametrize(
    ("field", "is_met"),
    [
        (None, False),
        ("*", True),
        (" * ", True),
        ('W/"a"', True),
        ('"a"', True),
        ('"b", W/"a"', True),
        ('"b" , , "a",', True),
        (' ,"a"', True),
        ('"b,a"', False),
        ('"b", "c"', False),
        ("a", False),
        ('"a', False),
        ('"b" "a"', False),
        ('"a", junk', False),
        ('*, "b"', False),
        ("", False),
        ("," * 8000 + "x", False),
        (" ," * 4000 + "x", False),
    ],
)
def test_if_none_match_is_a_list_with_weak_comparison(field: str | None, is_met: bool) -> None:
    assert matches(field, 'W/"a"') is is_met
    assert matches(field, '"a"') is is_met


def test_an_answer_without_a_tag_is_met_by_a_star_alone() -> None:
    assert matches("*", None)
    assert not matches('"a"', None)
    assert not matches(None, None)
