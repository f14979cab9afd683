"""What the bench says of a writer that lost, doubled or changed values."""

import gzip
from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bench.sink.corpus import Corpus, Tally, number_of, values
from bench.sink.evidence import Evidence, examine
from bench.sink.measure import Account, Run
from bench.sink.report import BEGIN, END, ratios, result, written_into
from bench.sink.store import Stored
from tests.labs.bucket import Bucket

CORPUS = Corpus(300, 50)
VALUES = list(values(CORPUS, 1_790_000_000_000))


class Reading:
    """The bucket in memory as the bench reads a store."""

    def __init__(self, bucket: Bucket) -> None:
        self._bucket = bucket

    def objects(self, bucket: str) -> Iterator[Stored]:
        return (Stored(one.key, one.size) for one in self._bucket.page("").listed)

    def read(self, bucket: str, key: str) -> bytes:
        body = self._bucket.get(key)
        assert body is not None
        return body


def _examined(*objects: Sequence[bytes]) -> Evidence:
    expected = Tally()
    for value in VALUES:
        expected.add(value)
    bucket = Bucket()
    bucket.put("_SUCCESS", b"", {})
    for number, lines in enumerate(objects):
        bucket.put(f"{number}.gz", gzip.compress(b"".join(line + b"\n" for line in lines)), {})
    return examine(Reading(bucket), "any", expected)


def test_all_values_in_any_order_and_object_are_all_once() -> None:
    evidence = _examined(VALUES[30:], VALUES[:30])

    assert (evidence.verdict, evidence.objects, evidence.lines) == ("all, once", 2, 50)


@pytest.mark.parametrize(
    ("stored", "verdict"),
    [
        (VALUES[:-2], "2 lost"),
        ([*VALUES, VALUES[7]], "1 doubled"),
        ([*VALUES[:-1], VALUES[3]], "1 lost, 1 doubled"),
        ([*VALUES, b'{"_value":"an envelope"}'], "1 foreign"),
        ([*VALUES[:-1], VALUES[-1].replace(b"timestamp", b"Timestamp")], "bytes differ"),
        ([*VALUES[:-1], VALUES[-1] + b" "], "bytes differ"),
        ([], "50 lost"),
    ],
)
def test_what_is_wrong_is_said(stored: Sequence[bytes], verdict: str) -> None:
    assert _examined(stored).verdict == verdict


@pytest.mark.parametrize("size", [300, 1200, 50_000])
def test_the_corpus_is_numbered_distinct_and_of_its_size(size: int) -> None:
    found = list(values(Corpus(size, 30), 1_790_000_000_000))

    assert [number_of(value) for value in found] == list(range(30))
    assert len(set(found)) == 30
    assert all(abs(len(value) - size) <= max(12, size // 100) for value in found)


def _run(cpu_s: float, verdict_of: Sequence[bytes] = VALUES, exit_code: int = 0) -> Run:
    account = Account(9.0, cpu_s - 0.5, 0.5, 100_000_000, exit_code, in_time=True)
    return Run(account, _examined(verdict_of))


def test_figures_come_from_the_middle_run_and_the_start_is_taken_off() -> None:
    runs = [_run(4.0), _run(9.0), _run(5.0)]

    figures = result("coinlake", 100_000_000, runs, _run(1.0))

    assert (figures["cpu_s"], figures["mb_per_cpu_s"]) == (5.0, 20.0)
    assert figures["mb_per_cpu_s_after_start"] == 25.0
    assert figures["stored_all_once"]


def test_one_run_that_lost_marks_the_writer() -> None:
    figures = result("naive", 100_000_000, [_run(4.0), _run(4.0, VALUES[1:])], None)

    assert not figures["stored_all_once"]
    assert figures["verdict"] == "1 lost; all, once"


def test_a_bad_end_is_no_success_even_with_all_stored() -> None:
    figures = result("naive", 100_000_000, [_run(4.0, exit_code=1)], None)

    assert not figures["stored_all_once"]


def test_ratios_are_ours_over_theirs() -> None:
    ours = result("coinlake", 100_000_000, [_run(2.0)], _run(1.0))
    theirs = result("naive", 100_000_000, [_run(10.0)], _run(2.0))

    assert ratios([ours, theirs]) == {
        "naive": {"mb_per_cpu_s": 5.0, "mb_per_cpu_s_after_start": 8.0}
    }


def test_a_peer_that_lost_something_has_no_ratio() -> None:
    ours = result("coinlake", 100_000_000, [_run(2.0)], None)
    theirs = result("naive", 100_000_000, [_run(10.0, VALUES[1:])], None)

    assert ratios([ours, theirs]) == {}


def test_figures_replace_what_stood_between_the_marks() -> None:
    page = f"before\n{BEGIN}\nold\n{END}\nafter\n"

    assert written_into(page, "new\n") == f"before\n{BEGIN}\nnew\n{END}\nafter\n"


def test_the_page_has_its_marks() -> None:
    page = Path(__file__).resolve().parents[3] / "docs" / "reference" / "benchmarks.md"

    assert "figure" in written_into(page.read_text(), "a figure")
