"""The journal of the versions before: what its segments say, entry by entry."""

import errno
import os
import shutil
from pathlib import Path

import orjson
import pytest

from coinlake.errors import TransientError
from ingestor.adapters import spool as spools
from ingestor.adapters.segments_v1 import OldJournal
from ingestor.core.entries import RecordEntry, frame
from ingestor.core.recovery import Hole

from .journals import ASSETS, files, mark, opened, record, waiting

OLD = Path(__file__).parents[2] / "data" / "ingestor" / "journal_v1"


def old_journal(folder: Path, segments: range = range(4)) -> OldJournal:
    """Some of its four segments, the oldest first."""
    for number in segments:
        shutil.copy(sorted(OLD.glob("*.journal"))[number], folder)
    return OldJournal(folder)


def names(folder: Path) -> set[str]:
    return {path.name for path in folder.iterdir()}


def test_each_record_that_waits_names_the_one_before_it_in_its_topic(tmp_path: Path) -> None:
    old = old_journal(tmp_path)
    lines: dict[str, list[int]] = {}
    before: dict[str, int] = {}

    for segment in old.segments:
        for filed in old.records(segment, lines):
            assert isinstance(filed.entry, RecordEntry)
            topic = filed.entry.record.topic
            assert filed.state["lines"][topic] == [before.get(topic, 0), 0]
            before[topic] = filed.number

    assert lines == {topic: [number, 0] for topic, number in before.items()}
    assert [old.next_number, old.missing] == [26, []]
    assert max(before.values()) == 25


def test_what_was_rejected_is_told_apart_sent_or_not(tmp_path: Path) -> None:
    feeds = old_journal(tmp_path).state["feeds"]

    # One of the five had been sent.
    assert (feeds["rates"]["usable"], feeds["rates"]["unusable"]) == (7, 5)
    assert (feeds["assets"]["usable"], feeds["assets"]["unusable"]) == (12, 0)


@pytest.mark.parametrize("segments", [range(2), range(2, 4)], ids=["record", "snapshot"])
def test_missed_ticks_are_told_whether_a_record_or_a_snapshot_names_them(
    tmp_path: Path, segments: range
) -> None:
    assert old_journal(tmp_path, segments).state["gaps"] == [{"count": 3}]


async def test_numbers_go_on_where_all_that_was_carried_over_has_been_sent(
    tmp_path: Path,
) -> None:
    old_journal(tmp_path)
    async with opened(tmp_path) as journal:
        for pending in list(journal.progress.pending):
            await journal.sent(pending)

    async with opened(tmp_path) as journal:
        number = await journal.add(record(b"next"), mark())

    assert number > 25
    async with opened(tmp_path) as journal:
        assert [one.value for one in await waiting(journal)] == [b"next"]
        assert journal.holes == []


async def test_an_entry_that_did_not_count_is_not_there_after_a_restart(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """fsync(2) of the folder may fail when the file has its name already."""

    def refuse(folder: Path) -> None:
        raise OSError(errno.EIO, os.strerror(errno.EIO))

    async with opened(tmp_path) as journal:
        await journal.add(record(b"kept"), mark())
        with monkeypatch.context() as broken:
            broken.setattr(spools, "sync_folder", refuse)
            with pytest.raises(TransientError, match=os.strerror(errno.EIO)):
                await journal.add(record(b"told as not kept"), mark())

    assert [path.name for path in files(tmp_path, "record")] == [f"{1:012d}.record"]
    async with opened(tmp_path) as journal:
        assert [one.value for one in await waiting(journal)] == [b"kept"]


async def test_an_open_journal_has_its_spare_names_and_its_folder_for_damage(
    tmp_path: Path,
) -> None:
    (tmp_path / f"{1:012d}.record").write_bytes(b"damaged")

    async with opened(tmp_path):
        # Runbooks name the folder, and a version before must find it.
        assert {"spare-1.new", "spare-2.new", "aside"} <= names(tmp_path)
        assert names(tmp_path / "aside") == {f"{1:012d}.record"}


async def test_a_record_that_was_carried_over_and_is_gone_is_told(tmp_path: Path) -> None:
    old_journal(tmp_path)
    async with opened(tmp_path):
        pass
    (tmp_path / f"{24:012d}.record").unlink()

    async with opened(tmp_path) as journal:
        assert journal.holes == [Hole(ASSETS, 24, damaged=False)]


def test_an_entry_that_none_of_those_versions_wrote_costs_only_itself(tmp_path: Path) -> None:
    old_journal(tmp_path)
    newest = sorted(tmp_path.glob("*.journal"))[-1]
    head = orjson.dumps({"kind": "of another program"})
    foreign = frame(len(head).to_bytes(4, "little") + head)
    newest.write_bytes(foreign + newest.read_bytes())

    old = OldJournal(tmp_path)

    assert old.damaged == {newest.name: len(foreign)}
    assert old.next_number == 26
