"""The local cloud's DQDL: what it reads, what it says of rows, and that nothing else passes."""

import re
from decimal import Decimal

import pyarrow as pa
import pytest

from local_cloud.quality.dqdl import CompositeRule, DqdlError, SimpleRule, parse
from local_cloud.quality.evaluation import COLUMN, ROW, columns_of, evaluate, rows_that_hold

TABLE = pa.table(
    {
        "id": pa.array(["a", "b", None, "", "c\n", " ", "é" * 3]),
        "n": pa.array([1, 0, None, -1, 2, 3, 4], pa.decimal128(38, 18)),
        "o": pa.array([None, 5, None, 5, None, 5, 5], pa.int32()),
    }
)


def failing(rule: str) -> list[int]:
    """The places of the rows for which it does not hold."""
    (parsed,) = parse(f"Rules = [ {rule} ]")
    return [place for place, good in enumerate(rows_that_hold(parsed, TABLE)) if not good]


@pytest.mark.parametrize(
    ("rule", "places"),
    [
        ('IsComplete "id"', [2]),
        ('IsComplete "o"', [0, 2, 4]),
        ('ColumnLength "id" <= 1', [2, 4, 6]),
        ('ColumnLength "id" = 0', [0, 1, 2, 4, 5, 6]),
        ('ColumnValues "n" > 0', [1, 2, 3]),
        ('ColumnValues "n" >= 0', [2, 3]),
        ('ColumnValues "n" < 0.5', [0, 2, 4, 5, 6]),
        ('ColumnValues "n" <= -1', [0, 1, 2, 4, 5, 6]),
        ('ColumnValues "n" = 2', [0, 1, 2, 3, 5, 6]),
        ('ColumnValues "n" = NULL', [0, 1, 3, 4, 5, 6]),
        ('(ColumnValues "n" > 0) or (ColumnValues "n" = NULL)', [1, 3]),
        ('(IsComplete "id") and (IsComplete "o")', [0, 2, 4]),
        ('(IsComplete "id") or (IsComplete "o")', [2]),
        (r'ColumnValues "id" matches "^[^\p{Cc}]*[^\p{Cc}\s][^\p{Cc}]*\z"', [2, 3, 4, 5]),
        ('IsPrimaryKey "n"', [2]),
        ('IsPrimaryKey "o"', list(range(7))),
        ('IsPrimaryKey "id" "n"', [2]),
    ],
)
def test_a_rule_fails_for_these_rows(rule: str, places: list[int]) -> None:
    assert failing(rule) == places


def test_composite_rules_are_judged_by_rows_or_by_what_each_part_says_of_the_whole() -> None:
    rules = parse('Rules = [ (IsComplete "n") or (ColumnValues "n" = NULL), IsComplete "n" ]')

    by_rows = [(one.held, one.failed) for one in evaluate(rules, TABLE, ROW)]
    by_columns = [(one.held, one.failed) for one in evaluate(rules, TABLE, COLUMN)]

    assert by_rows == [(True, 0), (False, 1)]
    assert by_columns == [(False, None), (False, 1)]


def test_no_rows_break_no_rule_and_are_none() -> None:
    (outcome,) = evaluate(parse('Rules = [ IsComplete "n" ]'), TABLE.slice(0, 0), ROW)

    assert (outcome.held, outcome.evaluated, outcome.failed) == (True, 0, 0)


def test_a_ruleset_is_read_rule_by_rule_with_its_text() -> None:
    told = 'Rules = [\n    (IsComplete "a") and\n ((IsComplete "b") or (IsComplete "c")),\n'
    first, second = parse(told + '    ColumnValues "n" > -1.50\n]\n')

    assert isinstance(first, CompositeRule)
    assert first.text == '(IsComplete "a") and\n ((IsComplete "b") or (IsComplete "c"))'
    assert columns_of(first) == {"a", "b", "c"}
    assert isinstance(second, SimpleRule)
    assert second.condition is not None
    assert second.condition.operand == Decimal("-1.50")


@pytest.mark.parametrize(
    ("ruleset", "said"),
    [
        ("", "Rules"),
        ("Rules = [ ]", "] is not understood"),
        ('Rules = [ IsComplete "a"', "ends where"),
        ('Rules = [ IsComplete "a" ] x', "x is not understood"),
        ('Rules = [ IsUnique "a" ]', "IsUnique is not evaluated"),
        ('Rules = [ isComplete "a" ]', "isComplete is not evaluated"),
        ('Rules = [ ColumnValues "a" in [1] ]', "in is not understood"),
        ('Rules = [ ColumnValues "a" != 1 ]', "!= is not understood"),
        ('Rules = [ ColumnValues "a" > NULL ]', "NULL is not understood"),
        ('Rules = [ ColumnValues "a" > now() ]', "now is not understood"),
        ('Rules = [ ColumnLength "a" = NULL ]', "compared with a number"),
        ('Rules = [ ColumnValues "a" > 1 with threshold > 0.9 ]', "with is not understood"),
        ('Rules = [ IsComplete "a" where "b > 1" ]', "where is not understood"),
        ('Rules = [ (IsComplete "a") and (IsComplete "b") or (IsComplete "c") ]', "brackets"),
        ('Analyzers = [ Completeness "a" ]', "Analyzers is not understood"),
        ("Rules = [ IsComplete 'a' ]", "not understood"),
    ],
)
def test_what_is_not_evaluated_is_refused_and_named(ruleset: str, said: str) -> None:
    with pytest.raises(DqdlError, match=re.escape(said)):
        parse(ruleset)


def test_a_column_that_is_not_there_is_an_error_and_no_failure() -> None:
    with pytest.raises(DqdlError, match="no column gone"):
        evaluate(parse('Rules = [ IsComplete "gone" ]'), TABLE, ROW)
