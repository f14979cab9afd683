"""The state directory: one process at a time, and files that are whole after any crash."""

from pathlib import Path

import pytest

from coinlake.errors import ConfigError
from ingestor.adapters.files import locked, replace


def test_a_second_ingestor_on_one_journal_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "state"

    with (
        locked(folder),
        pytest.raises(ConfigError, match="in use by another ingestor"),
        locked(folder),
    ):
        pass


def test_the_folder_is_free_again_after_a_stop_and_after_a_crash(tmp_path: Path) -> None:
    with locked(tmp_path):
        pass
    with pytest.raises(ZeroDivisionError), locked(tmp_path):
        raise ZeroDivisionError

    with locked(tmp_path):
        assert (tmp_path / "lock").exists()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    file = tmp_path / "state"
    file.write_text("a file of somebody")

    with pytest.raises(ConfigError, match=r"state cannot be written"), locked(file):
        pass


def test_a_file_that_a_crash_left_half_written_is_still_the_old_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "credits.json"
    replace(file, b"old")

    def crash(self: Path, target: Path) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(Path, "rename", crash)
        with pytest.raises(KeyboardInterrupt):
            replace(file, b"new")
    assert file.read_bytes() == b"old"

    replace(file, b"newer")
    assert file.read_bytes() == b"newer"
    assert [path.name for path in tmp_path.iterdir()] == ["credits.json"]
