"""The local Athena beside Trino's answers to generated queries, without a Trino."""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import pytest

from local_cloud.athena.engines.duck_sql.registry import IMPLEMENTATIONS, SqlFunction
from tests.conformance import ours
from tests.conformance.compare import FAILURES, compare
from tests.conformance.generate import kept
from tests.conformance.outcome import Outcome
from tests.conformance.recorded import Recorded
from tests.conformance.run import Judged, judge, share
from tests.conformance.statement_text import traits
from tests.conformance.words import engines_words
from tests.conformance.workers import outcomes

_ADD = "$operator$add(integer,integer)"


# Queries that fail here, where Trino does not come to the part that fails (ADR 0051): chr(55296)
# of no row, from_base(…, 37) beside the null of TRY. No other may join them unseen.
LEFT_OUT_BY_TRINO = {"28a125cec0db1fa6", "e6ade8689dd1e4fc"}


SHARE, SEED = 400, 20261129


@pytest.fixture(scope="module")
def judged(full_size: bool) -> list[Judged]:
    pairs = kept.load()
    texts, records = [text for text, _ in pairs], {text.hash: one for text, one in pairs}
    if full_size:
        return list(judge(texts, records))
    # Those left out by Trino, and sums for the control below, are in any share.
    left_out = [one for one in texts if one.hash in LEFT_OUT_BY_TRINO]
    sums = [one for one in texts if " + " in one.sql][:40]
    chosen = dict.fromkeys([*share(texts, SHARE, SEED), *left_out, *sums])
    return list(judge(list(chosen), records))


@pytest.mark.timeout(600)
def test_generated_queries_have_trinos_answer_or_are_refused(
    judged: list[Judged], measured: Callable[[str], None]
) -> None:
    kinds = Counter(one.verdict.kind for one in judged)
    measured(f"generated queries of the local Athena, {len(judged)}: {dict(kinds)}")

    wrong = [
        one
        for one in judged
        if one.verdict.kind in FAILURES and one.text.hash not in LEFT_OUT_BY_TRINO
    ]
    assert judged, "nothing was recorded: python -m tests.conformance generate --record"
    assert [f"{w.verdict.kind}: {w.verdict.note[:80]}: {w.text.sql}" for w in wrong] == []


def test_what_trino_leaves_out_fails_here_by_no_other_name(judged: list[Judged]) -> None:
    found = {one.text.hash for one in judged if one.verdict.kind == "error where Trino answers"}

    assert found == LEFT_OUT_BY_TRINO


def test_no_answer_has_the_words_of_the_engine_underneath(judged: list[Judged]) -> None:
    found = {one.text.sql: words for one in judged if (words := engines_words(one.ours))}

    assert found == {}


def test_an_altered_answer_is_red(judged: list[Judged]) -> None:
    answered = [one for one in judged if one.verdict.kind == "same" and one.theirs.rows]
    errors = [one for one in judged if one.verdict.kind == "same error"]

    assert answered
    assert errors
    for one in answered:
        rows = one.theirs.rows or ()
        # One row more: no rule is so weak that it would not see it, but that of two runs.
        altered = replace(one.theirs, rows=(*rows, rows[0]), settled="rows")
        assert _verdict(one, altered) == "wrong value"
        assert _verdict(one, replace(one.theirs, types=("altered",))) == "wrong type"
    for one in errors:
        assert _verdict(one, Recorded(one.text.hash, error="ALTERED")) == "other error"


def _verdict(one: Judged, record: Recorded) -> str:
    return compare(traits(one.text.sql), record, one.ours).kind


def _adding_one_more(text: str) -> Outcome:
    """The engine with another rule for `a + b` of integers."""
    known = IMPLEMENTATIONS[_ADD]
    assert isinstance(known, SqlFunction)
    IMPLEMENTATIONS[_ADD] = replace(
        known, write=lambda a, b: f"({a} + {b} + 1)", wants=frozenset()
    )
    try:
        return ours.answer(text)
    finally:
        IMPLEMENTATIONS[_ADD] = known


def test_another_rule_for_a_function_is_red(judged: list[Judged]) -> None:
    def adds(one: Judged) -> bool:
        # Trino's own word for it is not kept: a text that adds two integers says so itself.
        return one.verdict.kind == "same" and " + " in one.text.sql

    asked = [one for one in judged if adds(one)][:40]
    found = outcomes(_adding_one_more, [one.text.sql for one in asked], jobs=1)
    kinds = Counter(
        compare(traits(one.text.sql), one.theirs, outcome).kind
        for one, outcome in zip(asked, found, strict=True)
    )

    assert asked
    assert kinds["wrong value"] > 0
