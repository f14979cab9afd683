"""The local Athena beside Trino's recorded answers: a seeded share, without a Trino."""

import gzip
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

import pytest

from local_cloud.athena.engines.duck_sql.registry import IMPLEMENTATIONS, SqlFunction
from local_cloud.athena.engines.duck_sql.relation import BoundTable
from local_cloud.athena.sql.analysis.expressions import RULES
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import Expr
from tests.conformance import ours
from tests.conformance.compare import FAILURES, compare
from tests.conformance.corpus import Text, corpus
from tests.conformance.outcome import Outcome
from tests.conformance.parquet_tables import size_of, table_types
from tests.conformance.recorded import FILE, Recorded, load
from tests.conformance.rules import allowed
from tests.conformance.run import Judged, judge, share, usable
from tests.conformance.statement_text import traits
from tests.conformance.tables import DATA
from tests.conformance.words import engines_words
from tests.conformance.workers import outcomes
from tests.nothing_unread import watching
from tests.nothing_unread.nodes import nodes, shown
from tests.trino_lab.maven import jars_of_tests
from trino_sql import tree
from trino_sql.failures import SqlError
from trino_sql.query_parser import parse_query

SHARE, SEED = 400, 20261128
# Recorded answers and rows together: a clone carries them.
MAX_BYTES = 1_500_000


@pytest.fixture(scope="module")
def texts() -> list[Text]:
    return corpus(jars_of_tests())


@pytest.fixture(scope="module")
def records() -> Mapping[str, Recorded]:
    return load()


@pytest.fixture(scope="module")
def judged(texts: list[Text], records: Mapping[str, Recorded], full_size: bool) -> list[Judged]:
    texts = usable(texts, records)
    if full_size:
        return list(judge(texts, records))
    # The controls below need some of these in any share.
    negated = [one for one in texts if " NOT " in one.sql.upper()][:_CONTROLS]
    return list(judge(list(dict.fromkeys([*share(texts, SHARE, SEED), *negated])), records))


@pytest.mark.timeout(1500)
def test_a_share_of_trinos_texts_has_trinos_answer_or_is_refused(
    judged: list[Judged], measured: Callable[[str], None]
) -> None:
    kinds = Counter(one.verdict.kind for one in judged)
    measured(f"conformance of the local Athena, {len(judged)} texts: {dict(kinds)}")

    wrong = [one for one in judged if one.verdict.kind in FAILURES]
    assert [f"{w.text.hash} {w.verdict.kind}: {w.verdict.note[:120]}" for w in wrong] == []


def test_an_altered_record_is_red(judged: list[Judged]) -> None:
    answered = [one for one in judged if one.verdict.kind == "same" and one.theirs.rows]
    errors = [one for one in judged if one.verdict.kind == "same error"]

    assert answered
    assert errors
    for one in answered:
        # One row more: no rule is so weak that it would not see it, but those of two runs and of
        # how many rows chance chooses.
        rows = one.theirs.rows or ()
        altered = replace(one.theirs, rows=(*rows, rows[0]), settled="rows")
        chosen = "types" in {level for _, level in allowed(traits(one.text.sql), altered)}
        assert _verdict(one, altered) == ("same" if chosen else "wrong value")
        assert _verdict(one, replace(one.theirs, types=("altered",))) == "wrong type"
        assert _verdict(one, Recorded(one.text.hash, error="ALTERED")) == (
            "answered where Trino errs"
        )
    for one in errors:
        assert _verdict(one, Recorded(one.text.hash, error="ALTERED")) == "other error"


def _verdict(one: Judged, record: Recorded) -> str:
    return compare(traits(one.text.sql), record, one.ours).kind


def test_every_text_is_recorded_and_no_other(
    texts: list[Text], records: Mapping[str, Recorded]
) -> None:
    assert {one.hash for one in texts} == set(records)


def test_what_the_repository_keeps_is_small_and_holds_no_text_of_trinos(
    texts: list[Text],
) -> None:
    written = gzip.decompress(FILE.read_bytes())

    assert size_of(sorted(DATA.iterdir())) < MAX_BYTES
    assert all(one.sql.encode() not in written for one in texts if len(one.sql) > 20)


# ---- the words of the engine underneath -----------------------------------------------------


def test_no_answer_has_the_words_of_the_engine_underneath(judged: list[Judged]) -> None:
    found = {one.text.hash: words for one in judged if (words := engines_words(one.ours))}

    assert found == {}


def _with_sql_that_does_not_bind(text: str) -> Outcome:
    """The engine where a function is written as SQL that DuckDB does not know."""
    known = IMPLEMENTATIONS["abs(integer)"]
    wrong = SqlFunction(lambda a: f"no_such_function({a})", frozenset())
    IMPLEMENTATIONS["abs(integer)"] = wrong
    try:
        return ours.answer(text)
    finally:
        IMPLEMENTATIONS["abs(integer)"] = known


def test_sql_that_duckdb_does_not_take_is_seen() -> None:
    (found,) = outcomes(_with_sql_that_does_not_bind, ["SELECT abs(-1)"], jobs=1)

    assert engines_words(found) == "its engine says"


# ---- all of a statement is read -------------------------------------------------------------


class _Bound:
    """The tables of the conformance runs, which nobody reads here."""

    def bind(self, database: str, name: str) -> BoundTable:
        types = table_types().get(name.lower())
        if types is None:
            raise QueryError("TABLE_NOT_FOUND", f"{database}.{name}")
        columns = tuple((column, ours.engine_type(kind)) for column, kind in types.items())
        return BoundTable("lake0", columns)

    def prune(self, relation: str, where: Expr, keys: Mapping[str, str]) -> None:
        """There are no partitions."""


def test_no_answered_text_of_trinos_has_a_part_that_was_not_read(judged: list[Judged]) -> None:
    left: dict[str, list[str]] = {}
    planned = 0
    for one in judged:
        if one.ours.answer is not None:
            seen = watching.seen(one.text.sql, parse_query(one.text.sql), [], _Bound())
            planned += seen is not None
            # Trino finds names without regard to case, quoted or not.
            unread = set(seen.unread if seen else ()) - {(tree.Identifier, "quoted")}
            if unread:
                left[one.text.hash] = shown(unread)

    assert planned > len(judged) / 2
    assert left == {}


# ---- controls: an engine that is wrong is red -----------------------------------------------

_NEGATED = (tree.Like, tree.InList, tree.IsNull, tree.Between, tree.InSubquery)
_ADD = "$operator$add(integer,integer)"
_CONTROLS = 40


def _without_not(text: str) -> Outcome:
    """The engine with rules that never look at the NOT of a predicate, as NOT LIKE once ran."""
    known: dict[type[tree.Node], Callable[..., Any]] = {
        kind: RULES.known[kind] for kind in _NEGATED
    }

    def deaf(rule: Callable[..., Any]) -> Callable[..., Any]:
        return lambda *context, negated, **rest: rule(*context, negated=False, **rest)

    RULES.known.update({kind: deaf(rule) for kind, rule in known.items()})
    try:
        return ours.answer(text)
    finally:
        RULES.known.update(known)


def _without_rules(text: str) -> Outcome:
    """The engine without a rule for comparisons."""
    known = RULES.known.pop(tree.Comparison)
    try:
        return ours.answer(text)
    finally:
        RULES.known[tree.Comparison] = known


def _adding_one_more(text: str) -> Outcome:
    """The engine with another rule for `a + b` of integers."""
    known = IMPLEMENTATIONS[_ADD]
    IMPLEMENTATIONS[_ADD] = SqlFunction(lambda a, b: f"({a} + {b} + 1)", frozenset())
    try:
        return ours.answer(text)
    finally:
        IMPLEMENTATIONS[_ADD] = known


def _holding(judged: list[Judged], wanted: Callable[[tree.Node], bool]) -> list[Judged]:
    """Texts with the same answer on both sides in which such a node stands."""
    found = []
    for one in judged:
        if one.verdict.kind == "same" and one.verdict.rule is None:
            try:
                query = parse_query(one.text.sql)
            except SqlError:
                continue
            if any(map(wanted, nodes(query))):
                found.append(one)
    return found[:_CONTROLS]


def _kinds(wrong: Callable[[str], Outcome], asked: list[Judged]) -> Counter[str]:
    found = outcomes(wrong, [one.text.sql for one in asked], jobs=1)
    return Counter(
        compare(traits(one.text.sql), one.theirs, outcome).kind
        for one, outcome in zip(asked, found, strict=True)
    )


def test_rules_that_do_not_look_at_an_argument_are_red(judged: list[Judged]) -> None:
    asked = _holding(
        judged, lambda node: isinstance(node, _NEGATED) and tree.parts(node)["negated"]
    )

    kinds = _kinds(_without_not, asked)

    assert asked
    assert kinds["wrong value"] > 0


def test_a_rule_that_is_gone_answers_nothing(judged: list[Judged]) -> None:
    asked = _holding(judged, lambda node: isinstance(node, tree.Comparison))

    kinds = _kinds(_without_rules, asked)

    # By name, and so it lowers the share that is answered; no value is wrong.
    assert asked
    assert set(kinds) == {"refused"}


def test_another_rule_for_a_function_is_red(judged: list[Judged]) -> None:
    asked = _holding(
        judged, lambda node: isinstance(node, tree.Arithmetic) and node.operator == "+"
    )

    kinds = _kinds(_adding_one_more, asked)

    assert asked
    assert kinds["wrong value"] > 0


# ---- workers --------------------------------------------------------------------------------


def _misbehaving(text: str) -> Outcome:
    if text == "hang":
        time.sleep(600)
    if text == "die":
        os._exit(7)
    return Outcome(error="FINE", message=text)


def test_a_text_that_hangs_or_ends_its_process_costs_only_itself() -> None:
    asked = ["one", "hang", "two", "die", "three"]

    found = list(outcomes(_misbehaving, asked, limit_s=2, jobs=2))

    assert [one.message for one in found] == ["one", "", "two", "", "three"]
    assert found[1].crash == "no answer within 2 s"
    assert found[3].crash == "the process ended with 7"
