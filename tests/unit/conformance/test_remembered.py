"""What Trino said is kept whole, and forgotten when it would not say so any more."""

from pathlib import Path

import pytest

from tests.conformance.generate import remembered
from tests.conformance.generate.remembered import Remembered
from tests.conformance.recorded import Recorded

ANSWER = Recorded(
    "a", types=("varchar",), rows=(("\ud800 é", None, [1, {"k": "NaN"}]),), keys=(0,)
)
FAILED = Recorded("b", "DIVISION_BY_ZERO")


def _filled(file: Path) -> None:
    with Remembered(file) as kept:
        kept.put(ANSWER)
        kept.put(FAILED)


def test_an_answer_is_given_back_as_it_was(tmp_path: Path) -> None:
    _filled(tmp_path / "00.jsonl")

    with Remembered(tmp_path / "00.jsonl") as kept:
        assert (kept.get("a"), kept.get("b"), kept.get("c")) == (ANSWER, FAILED, None)
        # Its second run was never asked.
        assert kept.get("a", twice=True) is None


def test_a_line_that_a_killed_run_left_half_written_is_cut_off(tmp_path: Path) -> None:
    file = tmp_path / "00.jsonl"
    _filled(file)
    file.write_bytes(file.read_bytes()[:-5])

    with Remembered(file) as kept:
        assert (kept.get("a"), kept.get("b")) == (ANSWER, None)
        kept.put(FAILED)
    with Remembered(file) as kept:
        assert kept.get("b") == FAILED


def test_answers_over_other_tables_are_forgotten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _filled(tmp_path / "00.jsonl")
    monkeypatch.setattr(remembered, "statements", lambda: iter(("create table other (x int)",)))

    with Remembered(tmp_path / "00.jsonl") as kept:
        assert len(kept) == 0
