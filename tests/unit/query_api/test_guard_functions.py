"""Each function that Trino lists is judged; regular expressions and sequences are bounded rightly."""

import re

import pytest

from query_api.core.functions import ALLOWED, BOUNDS, REFUSED
from query_api.core.growing import BOUNDED_ARGUMENTS, LAMBDAS, SCALARS, SUMMED, TRIPLED
from query_api.core.moments import values_between
from query_api.core.patterns import harm_of
from query_api.routes.functions import functions_document
from tests.conformance.functions import recorded
from trino_sql import tree
from trino_sql.query_parser import parse_expression

KINDS = recorded()


def test_each_function_that_trino_lists_is_judged_once() -> None:
    assert {one.name for one in KINDS} == set(ALLOWED) | set(REFUSED)
    assert not set(ALLOWED) & set(REFUSED)


def test_no_function_is_allowed_that_gives_another_answer_each_time() -> None:
    changing = {one.name for one in KINDS if not one.deterministic and one.kind != "table"}

    assert changing
    assert changing <= set(REFUSED)


def test_the_rules_of_growth_are_about_functions_that_are_allowed() -> None:
    named = {*BOUNDS, *BOUNDED_ARGUMENTS, *LAMBDAS, *SCALARS, *SUMMED, *TRIPLED}

    assert named <= set(ALLOWED)


def test_what_is_shown_holds_each_function_with_its_verdict() -> None:
    shown = {one["name"]: one for one in functions_document()["functions"]}

    assert set(shown) == set(ALLOWED) | set(REFUSED)
    assert shown["rand"] == {
        "name": "rand",
        "allowed": False,
        "reason": "it gives another answer each time",
    }
    assert shown["sequence"]["bounds"] == BOUNDS["sequence"]


@pytest.mark.parametrize(
    "pattern",
    [
        "^bit.*$",
        r"\d{4}-\d{2}-\d{2}",
        "(?i)usd|eur|gbp",
        "^(?:USD|EUR)-[A-Z]+$",
        r"(?<name>[a-z]+):\s*(\d+)",
        r"[^\]a-z]+",
        "[[:alpha:]]+",
        "(ab|cd)+",
        "colou?r",
        r"\bcoin\b",
        "a{2,3}",
        "^$",
        "",
    ],
)
def test_a_pattern_that_people_write_is_allowed(pattern: str) -> None:
    assert harm_of(pattern) is None


@pytest.mark.parametrize(
    "pattern",
    [
        "(a+)+$",
        "(a*)*",
        "((a+)b?)+",
        "(a|a)*b",
        "(a|ab)*c",
        "(?i)(a|A)+b",
        "(.|a)+b",
        "([a-z]|q)+b",
        "(|a)+b",
        "(a?){30}a{30}",
        "a?" * 30 + "a" * 30,
        "(a|a)" * 30,
        "((a|a)(a|a))+b",
        ".*.*.*.*.*x",
        "(a{0,50}){0,50}b",
        "((a{1000}){1000}){1000}",
        "a{2000000000}",
        r"(a)\1",
        r"(?<n>a)\k<n>",
        "(?=a+)b",
        "(?<!a)b",
        "(?>a+)b",
        "a**",
        "(a+)*+",
        "a{1,2}{3,4}",
        "[a[b]]",
        "x" * 501,
        "(?x) (a +)+",
    ],
)
def test_a_pattern_that_may_never_end_is_refused(pattern: str) -> None:
    assert harm_of(pattern) is not None


def test_no_pattern_that_is_allowed_takes_exponential_time() -> None:
    # Python's library backtracks as Joni does: one that is harmless there ends here as well.
    texts = ["a" * 28 + "!", "ab" * 14 + "!", "aA" * 14 + "!"]
    parts = [
        "a",
        "a*",
        "a+",
        "(a+)",
        "(a|b)",
        "(a|a)",
        "(ab|a)",
        "a?",
        "(a?)",
        ".",
        "[ab]",
        "(a*)",
    ]
    patterns = [
        f"^(?:{one}{two}){three}$"
        for one in parts
        for two in parts
        for three in ("", "+", "*", "{9}")
    ]

    allowed = [one for one in patterns if harm_of(one) is None]
    for one in allowed:
        for text in texts:
            re.search(one, text)

    # A single one that is exponential takes minutes, and the test its time limit.
    assert len(allowed) > 100


@pytest.mark.parametrize(
    ("call", "most"),
    [
        ("sequence(1, 10)", 10),
        ("sequence(10, 1, -3)", 4),
        ("sequence(-5, 5)", 11),
        ("sequence(DATE '2026-11-01', DATE '2026-11-30')", 31),
        (
            "sequence(TIMESTAMP '2026-11-01 00:00', TIMESTAMP '2026-11-02 00:00', INTERVAL '1' HOUR)",
            26,
        ),
        ("sequence(current_date - INTERVAL '7' DAY, current_date)", 9),
        ("sequence(now() - INTERVAL '1' HOUR, now(), INTERVAL '1' MINUTE)", 62),
        ("sequence(date('2026-01-01'), CAST('2026-12-31' AS date), INTERVAL '1' MONTH)", 15),
        ("sequence(1, rank)", None),
        ("sequence(1, 10, 0)", None),
        ("sequence(DATE '2026-11-01', current_date)", None),
        ("sequence(1)", None),
        ("sequence(DATE 'soon', DATE '2026-11-30')", None),
    ],
)
def test_a_sequence_has_as_many_values_as_its_literals_say(call: str, most: int | None) -> None:
    node = parse_expression(call)

    assert isinstance(node, tree.FunctionCall)
    assert values_between(node.arguments) == most
