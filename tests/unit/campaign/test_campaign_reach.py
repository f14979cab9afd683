"""What a row of the campaign reads: while none of it changes, its result holds."""

import subprocess
from pathlib import Path

import pytest

from tests.campaign import reach as reach_module
from tests.campaign.reach import ALWAYS, ROOMS, WHOLE, holds, imported, reach
from tests.campaign.row import EVERYTHING, Row
from tests.campaign.rows import ROWS
from tests.commit import ROOT

BY_ID = {row.id: row for row in ROWS}


@pytest.mark.long
@pytest.mark.parametrize("row", ROWS, ids=lambda row: row.id)
def test_every_row_reads_something_and_all_of_it_is_there(row: Row) -> None:
    paths = reach(row)
    if row.reads == EVERYTHING:
        assert paths == WHOLE
        return
    assert set(ALWAYS) <= set(paths)
    assert [path for path in paths if not (ROOT / path).exists()] == []
    own = [word for word in row.command if word.startswith("tests/")]
    assert set(own) <= set(paths)
    assert len(paths) > len(ALWAYS) + 2


def test_rooms_are_found_behind_what_is_imported() -> None:
    assert "etl_runner" in imported(BY_ID["sim-runner"])
    chain = set(reach(BY_ID["sim-chain"]))
    assert {"services/ingestor", "services/s3-sink", "services/etl-runner", "shared"} <= chain
    assert "services/query-api" not in chain
    # The local Athena is built on the grammar.
    assert {"local/cloud", "sql"} <= set(reach(BY_ID["conformance"]))
    assert "tests/labs/bucket.py" in chain


def test_every_room_of_the_product_is_known() -> None:
    there = {str(file.parent.relative_to(ROOT)) for file in ROOT.glob("*/pyproject.toml")} | {
        str(file.parent.relative_to(ROOT)) for file in ROOT.glob("*/*/pyproject.toml")
    }
    packaged = {room for room in there if not room.startswith((".", "bench", "tests"))}
    assert packaged <= set(ROOMS.values()), "a new room: name its packages in reach.ROOMS"


# Rows that play more of the same by a program of their own.
PLAYED = {"tests/faults/sim": "sim", "tests/faults/churn": "sinks", "tests/spark": "spark"}


@pytest.mark.parametrize("tier", ["contract", "e2e", "faults", "integration", "spark"])
def test_every_test_is_run_at_full_size_by_some_row(tier: str) -> None:
    assert set(PLAYED.values()) <= set(BY_ID)
    words = [word for row in ROWS for word in row.command if word.startswith("tests/")]
    named = [ROOT / word for word in (*words, *PLAYED)]
    files = (ROOT / "tests" / tier).rglob("test_*.py")

    assert [
        str(file.relative_to(ROOT))
        for file in files
        if not any(file == one or one in file.parents for one in named)
    ] == []


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A project of one row, with one commit."""
    (tmp_path / "tests/rows").mkdir(parents=True)
    (tmp_path / "tests/rows/test_one.py").write_text("import s3_sink\nimport tests.helping\n")
    (tmp_path / "tests/helping.py").write_text("")
    for room in ("services/s3-sink", "services/query-api", "shared"):
        (tmp_path / room).mkdir(parents=True)
        (tmp_path / room / "code.py").write_text("import coinlake\n" if "sink" in room else "")
    (tmp_path / "requirements").mkdir()
    (tmp_path / "requirements/dev.txt").write_text(LOCK)
    (tmp_path / "pyproject.toml").write_text(PYTEST)
    _git(tmp_path, "init", "-q")
    _commit(tmp_path)
    monkeypatch.setattr(reach_module, "ROOT", tmp_path)
    reach_module._imports.cache_clear()
    reach_module._packages.cache_clear()
    return tmp_path


ROW = Row("one", "one row", ("-m", "pytest", "tests/rows"), 1, ())


@pytest.mark.parametrize(
    ("changed", "still"),
    [
        ("services/query-api/code.py", True),
        ("services/s3-sink/code.py", False),
        ("shared/code.py", False),
        ("tests/helping.py", False),
        ("tests/rows/test_one.py", False),
        ("services/s3-sink/README.md", True),
        ("services/s3-sink/queries.md", False),
        ("tests/data/compatibility/names.json", True),
        ("tests/data/answer.json", False),
    ],
)
def test_a_result_holds_while_nothing_that_was_read_changes(
    clone: Path, changed: str, still: bool
) -> None:
    was = _git(clone, "rev-parse", "--short=12", "HEAD")
    assert holds(ROW, was)
    (clone / changed).parent.mkdir(exist_ok=True, parents=True)
    (clone / changed).write_text("import coinlake\nVALUE = 1\n")
    _commit(clone)
    assert holds(ROW, was) == still


LOCK = "boto3==1.43.117 \\\n    --hash=sha256:00\n"
PYTEST = "[tool.pytest.ini_options]\ntimeout = 60\n"


@pytest.mark.parametrize(
    ("file", "text", "still"),
    [
        ("requirements/dev.txt", LOCK + "polars==2.1.0\n", True),
        ("requirements/dev.txt", LOCK.replace("00", "01"), True),
        ("requirements/dev.txt", LOCK.replace("117", "118"), False),
        ("requirements/dev.txt", "polars==2.1.0\n", False),
        ("requirements/new.txt", "boto3==1.43.118\n", True),
        ("pyproject.toml", PYTEST + "[tool.ruff]\nline-length = 99\n", True),
        ("pyproject.toml", PYTEST.replace("60", "90"), False),
    ],
)
def test_a_result_holds_while_what_was_pinned_still_is(
    clone: Path, file: str, text: str, still: bool
) -> None:
    was = _git(clone, "rev-parse", "--short=12", "HEAD")
    (clone / file).write_text(text)
    _commit(clone)
    assert holds(ROW, was) == still


def test_a_lock_that_is_gone_was_read(clone: Path) -> None:
    was = _git(clone, "rev-parse", "--short=12", "HEAD")
    (clone / "requirements/dev.txt").unlink()
    _commit(clone)
    assert not holds(ROW, was)


def test_a_commit_that_is_not_here_or_was_not_clean_says_nothing(clone: Path) -> None:
    assert not holds(ROW, "0123456789ab")
    assert not holds(ROW, _git(clone, "rev-parse", "--short=12", "HEAD") + "-dirty")


def _commit(folder: Path) -> None:
    _git(folder, "add", "-A")
    who = ("-c", "user.name=one", "-c", "user.email=one@example.org")
    _git(folder, *who, "commit", "-q", "-m", "one")


def _git(folder: Path, *words: str) -> str:
    return subprocess.check_output(["git", *words], cwd=folder, text=True).strip()
