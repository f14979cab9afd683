"""The long run's parts: their figures are kept, added up and shown."""

from collections import Counter
from pathlib import Path

import pytest

from tests.conformance.compare import FAILURES, LOUD, SILENT
from tests.conformance.generate import page, parts
from tests.conformance.generate.parts import PARTS, SIZE
from tests.conformance.generate.run import Figures


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parts, "FOLDER", tmp_path)


def _figures(**kinds: int) -> Figures:
    counted = {name.replace("_", " "): count for name, count in kinds.items()}
    return Figures(Counter(counted), Counter(thing=1), Counter(), {"BETWEEN"}, 2.0)


def test_the_parts_are_the_whole_run_and_none_twice() -> None:
    asked = [parts.wanted(number) for number in range(PARTS)]

    covered = [at for one in asked for at in range(one.start, one.start + one.count)]
    assert covered == list(range(PARTS * SIZE))
    assert PARTS * SIZE == 100_000


def test_a_part_is_kept_until_it_is_asked_again() -> None:
    parts.save(3, _figures(same=5, wrong_value=1))
    parts.save(1, _figures(same=7))
    parts.save(3, _figures(same=9))

    first, second = parts.load()
    assert (first.number, first.figures) == (1, _figures(same=7))
    assert (second.number, second.figures) == (3, _figures(same=9))


def test_silent_differences_are_counted_apart_from_loud_ones() -> None:
    found = _figures(same=5, wrong_value=1, wrong_type=2, other_error=4, crash=8)
    found += Figures(
        Counter({"answered where Trino errs": 16, "error where Trino answers": 32})
    )

    assert found.silent == 1 + 2 + 16
    assert found.loud == 4 + 8 + 32
    assert set(SILENT) | set(LOUD) == set(FAILURES)


def test_the_page_shows_every_part_and_their_sum() -> None:
    parts.save(0, _figures(same=5, wrong_value=1))
    parts.save(1, _figures(same=7, other_error=2))

    shown = "\n".join(page.section(parts.load()))
    figures = page.as_json(parts.load())

    assert f"2 of {PARTS} parts" in shown
    assert "| **answered in another way than by Trino** | 1 |" in shown
    assert "| both fail, each with another error | 2 |" in shown
    assert (figures["queries"], figures["same"], figures["silent"]) == (15, 12, 1)
    assert {name: one["loud"] for name, one in figures["parts"].items()} == {"0": 0, "1": 2}
