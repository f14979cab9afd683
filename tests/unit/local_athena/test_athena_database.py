"""The database of one query: what it must not leave behind."""

from contextlib import suppress
from pathlib import Path
from typing import Any

import duckdb
import pytest

from local_cloud.athena.engines.duck_sql.database import CONFIG, LOCK

# More than fits into the memory below, so that DuckDB would spill.
SORTED = "SELECT md5(i::VARCHAR) AS hash FROM range(800_000) AS t(i) ORDER BY hash"
# Some ten milliseconds.
SUMMED = "SELECT sum(sqrt(i)) FROM range(3_000_000) AS t(i)"


def _files_while_sorting(config: dict[str, Any]) -> list[str]:
    """What stands in the working directory when a sort has run out of memory, or through."""
    little = {"memory_limit": "32MB", "threads": "1"}
    with duckdb.connect(":memory:", config=config | little) as database:
        with suppress(duckdb.OutOfMemoryException):
            database.execute(SORTED).fetchone()
        return [path.name for path in Path().iterdir()]


def _draw_bars_at_once(database: Any) -> None:
    # The wait before a bar is drawn, in milliseconds; setting it turns the bar on.
    database.execute("SET progress_bar_time=1")


def test_a_query_without_memory_spills_nothing_to_the_working_directory(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)

    assert _files_while_sorting(CONFIG) == []


def test_without_the_setting_the_same_query_spills(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    spilling = {name: value for name, value in CONFIG.items() if name != "temp_directory"}

    assert _files_while_sorting(spilling) == [".tmp"]


def test_a_query_draws_no_bar(capfd: pytest.CaptureFixture[str]) -> None:
    with duckdb.connect(":memory:", config=CONFIG) as database:
        _draw_bars_at_once(database)
        database.execute(LOCK)
        capfd.readouterr()

        database.execute(SUMMED).fetchone()

    assert capfd.readouterr().out == ""


def test_without_the_lock_the_same_query_draws_a_bar(
    capfd: pytest.CaptureFixture[str],
) -> None:
    with duckdb.connect(":memory:", config=CONFIG) as database:
        _draw_bars_at_once(database)
        capfd.readouterr()

        database.execute(SUMMED).fetchone()

    assert "100%" in capfd.readouterr().out
