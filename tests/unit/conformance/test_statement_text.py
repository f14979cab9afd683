"""What the words of a statement say about the order and the certainty of its answer."""

import pytest

from tests.conformance.statement_text import order_keys, traits

NAMES = ("a", "b", "total")


@pytest.mark.parametrize(
    ("sql", "keys"),
    [
        ("SELECT a, b, total FROM t ORDER BY a", (0,)),
        ("SELECT a, b, total FROM t ORDER BY 3 DESC, b ASC NULLS LAST", (2, 1)),
        ('SELECT a, b, total FROM t ORDER BY "total" LIMIT 3', (2,)),
        ("SELECT a, b, total FROM t ORDER BY b, a + 1, total", (1,)),
        ("SELECT a, b, total FROM t ORDER BY t.a", ()),
        ("SELECT a, b, total FROM t ORDER BY sum(a) OFFSET 2", ()),
    ],
)
def test_the_columns_of_the_top_level_order_are_found(sql: str, keys: tuple[int, ...]) -> None:
    order = traits(sql).order

    assert order is not None
    assert order_keys(order, NAMES) == keys


@pytest.mark.parametrize(
    "sql",
    [
        "SELECT a FROM t",
        "SELECT rank() OVER (ORDER BY a) FROM t",
        "SELECT * FROM (SELECT a FROM t ORDER BY a)",
        "SELECT 'x ORDER BY a' FROM t -- ORDER BY a",
        "SELECT a FROM t WINDOW w AS (ORDER BY a)",
    ],
)
def test_an_order_inside_brackets_texts_or_comments_is_not_the_answers(sql: str) -> None:
    assert traits(sql).order is None


def test_a_name_that_two_columns_have_is_no_key() -> None:
    order = traits("SELECT a, a FROM t ORDER BY a").order

    assert order is not None
    assert order_keys(order, ("a", "a")) == ()


def test_where_a_limit_stands_is_known() -> None:
    top = traits("SELECT a FROM t LIMIT 3")
    below = traits("SELECT a FROM (SELECT a FROM t FETCH FIRST ROW ONLY)")
    none = traits("SELECT 'limit' AS \"limit\" FROM t /* limit */")

    assert (top.cut_at_top, top.cut_below) == (True, False)
    assert (below.cut_at_top, below.cut_below) == (False, True)
    assert (none.cut_at_top, none.cut_below) == (False, False)


def test_an_array_gathered_in_an_order_of_its_own_is_settled() -> None:
    assert traits("SELECT array_agg(a) FROM t").gathers
    assert traits("SELECT array_agg(a ORDER BY a), array_agg(b) FROM t").gathers
    assert not traits("SELECT array_agg(a ORDER BY a) FROM t").gathers
    assert traits("SELECT array_agg(f(a)) FROM t ORDER BY 1").gathers
