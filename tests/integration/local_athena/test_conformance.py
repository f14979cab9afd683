"""The local Athena beside Trino's recorded answers: a seeded share, without a Trino."""

import gzip
import os
import time
from collections import Counter
from collections.abc import Callable, Mapping
from dataclasses import replace

import pytest

from tests.conformance.compare import FAILURES, compare
from tests.conformance.corpus import Text, corpus
from tests.conformance.outcome import Outcome
from tests.conformance.parquet_tables import size_of
from tests.conformance.recorded import FILE, Recorded, load
from tests.conformance.run import Judged, judge, share, usable
from tests.conformance.statement_text import traits
from tests.conformance.tables import DATA
from tests.conformance.workers import outcomes
from tests.trino_lab.maven import jars_of_tests

SHARE, SEED = 700, 20261128
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
    count = None if full_size else SHARE
    return list(judge(share(usable(texts, records), count, SEED), records))


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
        # One row more: no rule is so weak that it would not see it, but that of two runs.
        rows = one.theirs.rows or ()
        altered = replace(one.theirs, rows=(*rows, rows[0]), settled="rows")
        assert _verdict(one, altered) == "wrong value"
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
