"""A trial on a service of three lines: what notices, what does not, and what stays as it is."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.mutants import reach, results, services, trial
from tests.mutants import report as reports
from tests.mutants.baseline import require_green
from tests.mutants.changes import Change
from tests.mutants.reach import Reach
from tests.mutants.results import Results
from tests.mutants.sampling import sample
from tests.mutants.services import Service, is_real_here
from tests.mutants.trial import Outcome, Suite, changed_copy, tried

# Each starts programs, many of them several.
pytestmark = pytest.mark.long

SOURCE = "def larger(a, b):\n    return a if a > b else b\n"
SHOP = Service("shop", "src", "shop", (), ())


@pytest.fixture(autouse=True)
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    package = tmp_path / "src" / "shop"
    package.mkdir(parents=True)
    (package / "__init__.py").write_text("")
    (package / "sizes.py").write_text(SOURCE)
    for module in (services, trial, results, reach):
        monkeypatch.setattr(module, "ROOT", tmp_path)
    yield tmp_path
    assert (package / "sizes.py").read_text() == SOURCE, "the clone itself was changed"


def suite(test: str, seconds: float = 30.0) -> Suite:
    return Suite(
        "unit", (sys.executable, "-c", f"from shop.sizes import larger\n{test}"), seconds
    )


def found() -> list[Change]:
    return SHOP.changes(["rest"])


def turned() -> Change:
    return next(one for one in found() if one.kind == "branch")


def test_a_test_that_looks_kills() -> None:
    outcome = tried(SHOP, turned(), [suite("assert larger(1, 2) == 2")])

    assert outcome.noticed
    assert outcome.by == "unit"
    assert "AssertionError" in outcome.said


def test_the_same_test_is_green_without_a_change(clone: Path) -> None:
    assert not tried(SHOP, None, [suite("assert larger(1, 2) == 2")]).noticed


def test_a_suite_that_is_red_on_the_unchanged_source_ends_the_run(tmp_path: Path) -> None:
    kept = tmp_path / "kept"

    with pytest.raises(SystemExit, match="unchanged source fails its own unit"):
        require_green(SHOP, suite("assert larger(1, 2) == 1"), kept)
    require_green(SHOP, suite("assert larger(1, 2) == 2"), kept)

    # Known from now on: it is not run again.
    require_green(SHOP, suite("assert larger(1, 2) == 2"), kept)
    assert len(list(kept.iterdir())) == 1


def test_tests_that_look_at_nothing_kill_nothing() -> None:
    outcomes = [tried(SHOP, one, [suite("larger(1, 2)")]) for one in found()]

    assert len(outcomes) == 3
    assert not any(outcome.noticed for outcome in outcomes)


def test_the_tests_see_the_changed_copy_and_nothing_else_is_another() -> None:
    with changed_copy(SHOP, turned()) as folder:
        assert (folder / "shop" / "sizes.py").read_text() == SOURCE.replace(
            "a > b", "(not (a > b))"
        )
        assert (folder / "shop" / "__init__.py").read_text() == ""


def test_a_change_that_hangs_is_noticed_and_its_processes_end() -> None:
    outcome = tried(SHOP, turned(), [suite("import time; time.sleep(600)", seconds=0.5)])

    assert outcome.noticed
    assert outcome.said.startswith("hung")
    assert outcome.seconds < 60


@pytest.mark.parametrize(
    ("runs", "noticed"),
    [("G", False), ("RR", True), ("RGG", False), ("RGRR", True), ("RGRG", False)],
)
def test_a_test_that_is_red_by_itself_counts_where_it_is_red_once_more(
    tmp_path: Path, runs: str, noticed: bool
) -> None:
    """The suite, the test alone, and once more both: R is red."""
    left = tmp_path / "left"
    left.write_text(runs)
    test = tmp_path / "test_it.py"
    test.write_text(
        "from pathlib import Path\n"
        f"left = Path({str(left)!r})\n"
        "def test_it():\n"
        "    run, rest = left.read_text()[0], left.read_text()[1:]\n"
        "    left.write_text(rest)\n"
        "    assert run == 'G'\n"
    )
    alone = (sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider")

    outcome = tried(SHOP, None, [Suite("integration", (*alone, str(test)), 600.0, alone=alone)])

    assert outcome.noticed is noticed
    assert left.read_text() == ""


def test_a_later_suite_is_asked_only_where_the_first_is_green() -> None:
    looking, blind = suite("assert larger(1, 2) == 2"), suite("pass")
    later = Suite("simulation", looking.command, 30.0)

    assert tried(SHOP, turned(), [blind, later]).by == "simulation"
    assert tried(SHOP, turned(), [looking, later]).by == "unit"


def test_a_sample_is_the_same_each_time_and_a_larger_one_holds_it() -> None:
    everything = found()

    assert sample(everything, 7, 2, is_real_here) == sample(
        reversed(everything), 7, 2, is_real_here
    )
    assert sample(everything, 7, 3, is_real_here)[:2] == sample(everything, 7, 2, is_real_here)
    assert len({tuple(sample(everything, seed, 3, is_real_here)) for seed in range(20)}) > 1


def test_a_run_that_ended_goes_on(tmp_path: Path) -> None:
    kept = tmp_path / "kept" / "shop.jsonl"
    Results(kept, "tests-1").keep(turned(), Outcome(True, "unit", "FAILED", 1.0))

    known = Results(kept, "tests-1").of(turned())

    assert known is not None
    assert known.by == "unit"


def test_what_lived_is_tried_again_on_other_tests_and_all_on_other_source(clone: Path) -> None:
    kept = clone / "kept.jsonl"
    first = Results(kept, "tests-1")
    first.keep(turned(), Outcome(False, "", "", 1.0))
    assert first.of(turned()) is not None
    change = turned()

    assert Results(kept, "tests-2").of(change) is None

    first.keep(change, Outcome(True, "unit", "FAILED", 1.0))
    file = clone / "src" / "shop" / "sizes.py"
    file.write_text(SOURCE + "# another\n")
    assert Results(kept, "tests-1").of(change) is None
    file.write_text(SOURCE)


def test_only_tests_that_run_a_statement_are_asked_and_all_for_what_imports_run() -> None:
    change = turned()
    quick_first = ("quick", "slow", "elsewhere")
    body = {(change.file, change.first_line): frozenset({"slow", "quick"})}
    imported = {(change.file, change.first_line): frozenset({"import"})}

    assert Reach(quick_first, {}, body).tests_of(change) == ("quick", "slow")
    assert Reach(quick_first, {}, imported).tests_of(change) == quick_first
    assert Reach(quick_first, {}, {}).tests_of(change) == ()


def test_a_suite_that_kills_nothing_scores_nought(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tests.mutants.judged.ROOT", tmp_path)
    kept = Results(tmp_path / "kept.jsonl", "none")
    alive = [(one, kept.keep(one, Outcome(False, "", "", 0.0))) for one in found()]

    said = reports.report(alive, {})

    assert "3 tried,    0 killed (0 %)" in said
    assert said.count("alive src/shop/sizes.py:2") == 3
