"""Each way in which an outcome can stand beside Trino's word has a verdict of its own."""

from pathlib import Path
from typing import Any

import pytest

from tests.conformance.by_design import Difference, listed
from tests.conformance.canonical import Answer
from tests.conformance.compare import FAILURES, Verdict, compare
from tests.conformance.outcome import Outcome, grouped
from tests.conformance.recorded import Recorded, load, of_answer, save
from tests.conformance.rules import HIDDEN_ORDER
from tests.conformance.statement_text import order_keys, traits

NAMES = ("a", "b")


def _record(sql: str, kinds: str, *rows: list[Any], settled: str = "rows") -> Recorded:
    order = traits(sql).order
    keys = order_keys(order, NAMES) if order is not None else ()
    return of_answer("0" * 16, Answer(tuple(kinds.split()), rows), keys, settled)


def _ours(kinds: str, *rows: list[Any]) -> Outcome:
    return Outcome(answer=Answer(tuple(kinds.split()), rows))


def _error(name: str, message: str = "it is wrong") -> Outcome:
    return Outcome(error=name, message=message)


ONE = _record("SELECT 1", "integer", [1])
ERROR = Recorded("0" * 16, error="DIVISION_BY_ZERO")


@pytest.mark.parametrize(
    ("theirs", "ours", "kind"),
    [
        (ONE, _ours("integer", [1]), "same"),
        (ONE, _ours("integer", [2]), "wrong value"),
        (ONE, _ours("integer"), "wrong value"),
        (ONE, _ours("bigint", [1]), "wrong type"),
        (ONE, _error("TYPE_MISMATCH"), "error where Trino answers"),
        (ONE, _error("NOT_SUPPORTED"), "error where Trino answers"),
        (ONE, _error("NOT_SUPPORTED", "the local Athena does not support x"), "refused"),
        (ONE, Outcome(crash="KeyError: x"), "crash"),
        (ERROR, _error("DIVISION_BY_ZERO"), "same error"),
        (ERROR, _error("SYNTAX_ERROR"), "other error"),
        (ERROR, _ours("integer", [1]), "answered where Trino errs"),
        (ERROR, _error("NOT_SUPPORTED", "the local Athena does not support x"), "refused"),
        (ERROR, Outcome(crash="KeyError: x"), "crash"),
    ],
)
def test_the_verdict(theirs: Recorded, ours: Outcome, kind: str) -> None:
    assert compare(traits("SELECT 1"), theirs, ours).kind == kind


def test_a_refusal_says_what_is_not_supported() -> None:
    ours = _error("NOT_SUPPORTED", "the local Athena does not support lambdas")

    assert compare(traits("SELECT 1"), ONE, ours).note == "lambdas"


@pytest.mark.parametrize(
    ("reason", "kind"),
    [
        ("Values in VALUES (1, (2))", "Values in VALUES …"),
        ("FORMAT('%s (', x)", "FORMAT…"),
        ("the frame 12 PRECEDING of c3", "the frame … PRECEDING of c3"),
        ("lambdas", "lambdas"),
    ],
)
def test_reasons_are_counted_without_the_statement_in_them(reason: str, kind: str) -> None:
    assert grouped(reason) == kind


@pytest.mark.parametrize(
    ("sql", "kinds", "theirs", "ours", "rule"),
    [
        ("SELECT sum(a) FROM t", "double", [[0.1]], [[0.10000000000000002]], "sums of doubles"),
        (
            "SELECT sin(a) FROM t",
            "double",
            [[0.1]],
            [[0.10000000000000002]],
            "last digits of a function",
        ),
        (
            "SELECT array_agg(a) FROM t",
            "array(bigint)",
            [[[1, 2]]],
            [[[2, 1]]],
            "gathered arrays",
        ),
        ("SELECT any_value(a) FROM t", "bigint", [[1]], [[2]], "picked rows"),
        ("SELECT a, b FROM t LIMIT 1", "bigint bigint", [[1, 2]], [[3, 4]], "cut off"),
        (
            "SELECT a, b FROM t ORDER BY a LIMIT 1",
            "bigint bigint",
            [[1, 2]],
            [[1, 4]],
            "cut off in order",
        ),
        ("SELECT now()", "bigint", [[1]], [[2]], "of the moment"),
        (
            "SELECT DISTINCT a, b FROM t",
            "double array(double)",
            [[0.0, [1.5, -0.0]]],
            [[-0.0, [1.5, 0.0]]],
            "the zero of a group",
        ),
        ("SELECT a FROM t ORDER BY c", "bigint", [[1], [2]], [[2], [1]], HIDDEN_ORDER),
    ],
)
def test_what_sql_does_not_settle_is_compared_less_strictly_and_told(
    sql: str, kinds: str, theirs: list[list[Any]], ours: list[list[Any]], rule: str
) -> None:
    found = compare(traits(sql), _record(sql, kinds, *theirs), _ours(kinds, *ours))

    assert found == Verdict("same", rule=rule)


@pytest.mark.parametrize(
    ("sql", "kinds", "theirs", "ours"),
    [
        ("SELECT sum(a) FROM t", "double", [[0.1]], [[0.1000000001]]),
        ("SELECT a + b FROM t", "double", [[0.1]], [[0.10000000000000002]]),
        ("SELECT a FROM t", "double", [[0.0]], [[-0.0]]),
        ("SELECT DISTINCT a FROM t", "double", [[0.1]], [[0.10000000000000002]]),
        ("SELECT sum(a) FROM t", "bigint", [[1]], [[2]]),
        ("SELECT array_agg(a ORDER BY a) FROM t", "array(bigint)", [[[1, 2]]], [[[2, 1]]]),
        ("SELECT array_agg(a) FROM t", "array(bigint)", [[[1, 2]]], [[[2, 2]]]),
        ("SELECT a, b FROM t LIMIT 1", "bigint bigint", [[1, 2]], [[3, 4], [5, 6]]),
        ("SELECT a, b FROM t ORDER BY a LIMIT 1", "bigint bigint", [[1, 2]], [[2, 2]]),
        ("SELECT a FROM t ORDER BY a", "bigint", [[1], [2]], [[2], [1]]),
        ("SELECT 'now' FROM t", "bigint", [[1]], [[2]]),
    ],
)
def test_a_rule_lets_nothing_else_pass(
    sql: str, kinds: str, theirs: list[list[Any]], ours: list[list[Any]]
) -> None:
    found = compare(traits(sql), _record(sql, kinds, *theirs), _ours(kinds, *ours))

    assert found.kind == "wrong value"


def test_where_trinos_own_runs_differ_what_was_the_same_in_both_is_compared() -> None:
    sql = "SELECT a FROM t"
    theirs = _record(sql, "bigint", [1], settled="count")

    assert compare(traits(sql), theirs, _ours("bigint", [2])).rule == "two runs differ"
    assert compare(traits(sql), theirs, _ours("bigint", [2], [3])).kind == "wrong value"


def test_equal_answers_need_no_rule() -> None:
    sql = "SELECT sum(a), now() FROM t LIMIT 1"

    assert compare(traits(sql), _record(sql, "double", [1.5]), _ours("double", [1.5])) == (
        Verdict("same")
    )


def test_a_long_answer_is_compared_by_its_prints() -> None:
    sql = "SELECT a FROM t"
    rows = [[f"a rather long text, number {at}"] for at in range(100)]
    theirs = _record(sql, "varchar", *rows)

    same = compare(traits(sql), theirs, _ours("varchar", *reversed(rows)))
    other = compare(traits(sql), theirs, _ours("varchar", *rows[:-1], ["another"]))

    assert theirs.rows is None
    assert same.kind == "same"
    assert other.kind == "wrong value"


def test_a_type_and_its_fractions_may_differ_by_design_where_the_list_says_so() -> None:
    sql = "SELECT TIMESTAMP '2020-01-01 00:00:00'"
    theirs = _record(sql, "timestamp(0)", ["2020-01-01 00:00:00"])
    digits = Difference(
        "digits", "a page", types=(r"timestamp\(\d+\)", "timestamp(3)"), fraction=3
    )

    meant = compare(
        traits(sql), theirs, _ours("timestamp(3)", ["2020-01-01 00:00:00.000"]), [digits]
    )
    wrong = compare(
        traits(sql), theirs, _ours("timestamp(3)", ["2020-01-01 00:00:00.001"]), [digits]
    )

    assert meant.kind == "by design"
    assert wrong.kind == "wrong value"


def test_an_error_or_a_text_may_differ_by_design_where_the_list_says_so() -> None:
    renamed = Difference("renamed", "a page", errors=("DIVISION_BY_ZERO", "OUR_NAME"))
    text = Difference("one text", "a page", texts=frozenset({"0" * 16}))

    assert compare(traits("x"), ERROR, _error("OUR_NAME"), [renamed]).kind == "by design"
    assert compare(traits("x"), ERROR, _error("OTHER"), [renamed]).kind == "other error"
    assert compare(traits("x"), ONE, _ours("integer", [7]), [text]).kind == "by design"


def test_each_difference_by_design_names_its_source() -> None:
    assert all(one.name and len(one.source) > 20 for one in listed())


def test_records_come_back_as_they_were_and_the_file_has_the_same_bytes(tmp_path: Path) -> None:
    rows = [[f"a rather long text, number {at}", [1.5, None], {"k": -0.0}] for at in range(40)]
    kinds = "varchar array(double) map(varchar,double)"
    records = [
        Recorded("a" * 16, error="DIVISION_BY_ZERO"),
        Recorded("b" * 16, error="SYNTAX_ERROR", unusable="half a sentence"),
        of_answer("c" * 16, Answer(("integer",), ((1,),)), (0,), "digits"),
        of_answer("d" * 16, Answer(tuple(kinds.split()), tuple(rows)), (0,), "rows"),
    ]

    save(records, tmp_path / "one.gz")
    save(reversed(records), tmp_path / "two.gz")

    assert load(tmp_path / "one.gz") == {one.hash: one for one in records}
    assert (tmp_path / "one.gz").read_bytes() == (tmp_path / "two.gz").read_bytes()


def test_no_kind_of_failure_is_a_kind_of_success() -> None:
    assert not set(FAILURES) & {"same", "same error", "refused", "by design"}
