"""The state directory: one process at a time, and files that are whole after any crash."""

import os
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


def test_what_replaces_a_file_is_on_the_disk_before_it_has_its_name(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """rename(2) promises order between names, not that the bytes behind the new one are there."""
    target, seen = tmp_path / "credits.json", []
    target.write_bytes(b"old")

    def fsync(descriptor: int) -> None:
        at = Path(f"/proc/self/fd/{descriptor}").readlink()
        seen.append((at.name, target.read_bytes(), at.read_bytes() if at.is_file() else b""))

    monkeypatch.setattr(os, "fsync", fsync)
    replace(target, b"new")

    assert seen == [("credits.json.new", b"old", b"new"), (tmp_path.name, b"new", b"")]


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
