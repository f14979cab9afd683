"""A damaged journal: what is hit is told and kept, and costs nothing but itself."""

import errno
import os
import random
import resource
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from coinlake.errors import BadRecordError, TransientError
from ingestor.adapters.aside import ASIDE
from ingestor.core.entries import Filed, RecordEntry, TickOutcome, pack, unpack
from ingestor.core.recovery import UNKNOWN
from ingestor.core.schedule import Tick

from .journals import ASSETS, RATES, files, first, mark, opened, record, waiting

# ---- damage ---------------------------------------------------------------------------------


async def journal_of(folder: Path, count: int) -> None:
    """So many records of two topics, of which the first ten are sent, with marks in between."""
    async with opened(folder) as journal:
        for number in range(count):
            topic, feed = ((ASSETS, "assets"), (RATES, "rates"))[number % 2]
            await journal.add(record(b"value %d" % number, topic), mark(feed=feed))
            if number % 7 == 0:
                await journal.mark(mark(number, TickOutcome.FAILED))
        for topic in (ASSETS, RATES):
            for _ in range(5):
                await journal.sent(first(journal, topic))


@pytest.mark.parametrize("seed", range(40))
async def test_a_flipped_bit_costs_the_record_that_it_hit_and_is_told(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    await journal_of(tmp_path, 60)
    hit = rng.choice([path for path in files(tmp_path) if path.stat().st_size])
    data = bytearray(hit.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    hit.write_bytes(data)

    async with opened(tmp_path) as journal:
        found = {one.value for one in await waiting(journal)}
        expected = {b"value %d" % number for number in range(10, 60)}
        missing = expected - found
        assert found <= expected
        assert len(missing) == (hit.suffix == ".record")
        assert [one.damaged for one in journal.holes] == [True] * len(missing)
        assert [one.name for one in journal.recovery.troubles] == [hit.name]
        assert (tmp_path / ASIDE / hit.name).read_bytes() == data
        polls = [journal.progress.facts(feed).polls for feed in ("assets", "rates")]
        lost = [journal.progress.facts(feed).lost for feed in ("assets", "rates")]
        unknown = sum(one.topic == UNKNOWN for one in journal.holes)
        assert (sum(polls), sum(lost)) == (60 - unknown, len(missing) - unknown)
        assert await journal.add(record(b"next"), mark()) > 60


@pytest.mark.parametrize("seed", range(20))
async def test_a_file_that_is_gone_is_told_and_costs_nothing_else(
    tmp_path: Path, seed: int
) -> None:
    await journal_of(tmp_path, 60)
    gone = random.Random(seed).choice(files(tmp_path, "record"))
    gone.unlink()

    async with opened(tmp_path) as journal:
        assert len(await waiting(journal)) == 49
        (hole,) = journal.holes
        assert (hole.number, hole.damaged) == (int(gone.stem), False)


async def test_all_files_of_a_topic_gone_are_told(tmp_path: Path) -> None:
    await journal_of(tmp_path, 60)
    for path in files(tmp_path, "record"):
        filed = unpack(path.read_bytes())
        assert isinstance(filed.entry, RecordEntry)
        if filed.entry.record.topic == RATES:
            path.unlink()

    async with opened(tmp_path) as journal:
        assert {one.topic for one in journal.holes} == {RATES}
        assert len(await waiting(journal)) == 25


async def test_what_is_foreign_is_told_and_left_alone(tmp_path: Path) -> None:
    await journal_of(tmp_path, 20)
    waits = files(tmp_path, "record")[3]
    (tmp_path / "notes.txt").write_text("mine")
    (tmp_path / f"{waits.stem} (copy).record").write_bytes(waits.read_bytes())
    (tmp_path / f"{999:012d}.record").write_bytes(waits.read_bytes())

    async with opened(tmp_path) as journal:
        assert len(await waiting(journal)) == 10
        told = {one.name: one.aside for one in journal.recovery.troubles}
        assert told == {
            "notes.txt": False,
            f"{waits.stem} (copy).record": False,
            f"{999:012d}.record": True,
        }
        assert [one.number for one in journal.holes] == [999]


async def test_a_record_that_is_there_twice_is_sent_once(tmp_path: Path) -> None:
    await journal_of(tmp_path, 12)
    done = next(path for path in files(tmp_path, "sent"))
    done.with_suffix(".record").write_bytes(
        pack(Filed(int(done.stem), {"lines": {}}, RecordEntry(record(b"again"), mark())))
    )

    async with opened(tmp_path) as journal:
        assert b"again" not in {one.value for one in await waiting(journal)}


async def test_a_file_that_cannot_be_read_waits_for_another_time(tmp_path: Path) -> None:
    await journal_of(tmp_path, 20)
    hit = files(tmp_path, "record")[2]
    elsewhere = hit.rename(tmp_path.parent / "elsewhere")
    hit.mkdir()

    async with opened(tmp_path) as journal:
        assert len(await waiting(journal)) == 9
        assert [one.aside for one in journal.recovery.troubles] == [False]
        assert [one.damaged for one in journal.holes] == [True]

    hit.rmdir()
    elsewhere.rename(hit)
    async with opened(tmp_path) as journal:
        assert len(await waiting(journal)) == 10
        assert journal.holes == []


@contextmanager
def no_more_files() -> Iterator[None]:
    """This process may open no file any more."""
    usual = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (0, usual[1]))
    try:
        yield
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, usual)


async def test_a_process_that_may_open_no_more_files_calls_no_record_damaged(
    tmp_path: Path,
) -> None:
    await journal_of(tmp_path, 20)

    async with opened(tmp_path) as journal:
        with no_more_files(), pytest.raises(TransientError, match="Too many open files"):
            await journal.read(first(journal))

        assert len(await waiting(journal)) == 10
        assert journal.aside_files == 0


async def test_a_journal_that_is_opened_without_the_means_to_read_it_loses_nothing(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await journal_of(tmp_path, 20)
    hit = files(tmp_path, "record")[2].name
    read = Path.read_bytes

    def refused_once(path: Path) -> bytes:
        if path.name == hit:
            raise OSError(errno.EMFILE, os.strerror(errno.EMFILE), str(path))
        return read(path)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "read_bytes", refused_once)
        with pytest.raises(TransientError, match="Too many open files"):
            async with opened(tmp_path):
                pass

    async with opened(tmp_path) as journal:
        assert len(await waiting(journal)) == 10
        assert (journal.holes, journal.recovery.troubles) == ([], [])


async def test_what_a_version_to_come_wrote_is_kept_until_it_can_be_read(
    tmp_path: Path,
) -> None:
    await journal_of(tmp_path, 20)
    hit = files(tmp_path, "record")[2]
    sound = hit.read_bytes()
    hit.write_bytes(sound.replace(b"journal 2", b"journal 9"))

    async with opened(tmp_path) as journal:
        assert len(await waiting(journal)) == 9
    kept = tmp_path / ASIDE / hit.name
    kept.write_bytes(sound)

    async with opened(tmp_path) as journal:
        assert len(await waiting(journal)) == 10
        assert not kept.exists()


async def test_damage_that_comes_while_it_waits_costs_only_itself(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.add(record(b"one"), mark())
        await journal.add(record(b"two"), mark())
        files(tmp_path, "record")[0].write_bytes(b"zeros")

        with pytest.raises(BadRecordError):
            await journal.read(first(journal))
        await journal.lost(first(journal), "damaged")

        assert (await journal.read(first(journal))).value == b"two"
        assert journal.progress.facts("assets").lost == 1
        assert journal.aside_files == 1


async def test_a_write_that_was_torn_is_cleaned_up_and_counted(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.add(record(b"kept"), mark())
    (tmp_path / f"{2:012d}.record.new").write_bytes(b"half")

    async with opened(tmp_path) as journal:
        assert await waiting(journal) == [record(b"kept")]
        assert journal.recovery.torn_bytes == 4
        assert await journal.add(record(b"next"), mark()) == 2


# ---- no place for names ---------------------------------------------------------------------


async def test_a_disk_without_a_place_for_names_gives_up_a_spare_for_what_lets_others_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as journal:
        for number in range(6):
            await journal.add(record(b"%d" % number), mark())
        while (pending := first(journal)) and pending.number < 6:
            await journal.sent(pending)
        sync = os.fsync

        def fsync(descriptor: int) -> None:
            if len(list(tmp_path.glob("spare-*"))) == 2:
                raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
            sync(descriptor)

        monkeypatch.setattr(os, "fsync", fsync)
        await journal.add(record(b"one more"), mark())

        assert [one.value for one in await waiting(journal)] == [b"5", b"one more"]


# ---- the versions before --------------------------------------------------------------------

OLD = Path(__file__).parents[2] / "data" / "ingestor" / "journal_v1"


def old_journal(folder: Path) -> list[Path]:
    shutil.copytree(OLD, folder, dirs_exist_ok=True)
    return sorted(folder.glob("*.journal"))


async def test_a_journal_of_the_versions_before_is_carried_over(tmp_path: Path) -> None:
    old_journal(tmp_path)

    for _ in range(2):
        async with opened(tmp_path) as journal:
            values = [one.value for one in await waiting(journal)]
            assert len(values) == 16
            assert values[:2] == [b"rates 9", b"rates 13"]
            assets, rates = (journal.progress.facts(feed) for feed in ("assets", "rates"))
            assert (assets.polls, assets.published, assets.missed) == (12, 5, 3)
            # Which of the four was rejected was in a segment that is gone, here as there.
            assert (rates.polls, rates.published + rates.rejected, rates.failed) == (12, 4, 5)
            assert journal.progress.floor_ms == 2_000
            assert journal.progress.ticks["assets?limit=1&offset=0"] == Tick(11_000, 500)
            assert (journal.holes, journal.recovery.troubles) == ([], [])
    assert files(tmp_path, "journal") == []


async def test_missed_ticks_that_the_versions_before_had_named_are_still_told(
    tmp_path: Path,
) -> None:
    old_journal(tmp_path)

    async with opened(tmp_path) as journal:
        told = journal.progress.gaps

    assert [gap["count"] for gap in told] == [3]


async def test_missed_ticks_that_stand_in_the_last_segment_alone_are_still_told(
    tmp_path: Path,
) -> None:
    for later in old_journal(tmp_path)[2:]:
        later.unlink()

    async with opened(tmp_path) as journal:
        told = journal.progress.gaps

    assert [gap["count"] for gap in told] == [3]


async def test_after_a_newest_file_that_is_damaged_no_number_is_used_twice(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as journal:
        numbers = [await journal.add(record(b"%d" % n), mark()) for n in range(3)]
    newest = files(tmp_path, "record")[-1]
    newest.write_bytes(newest.read_bytes()[:-1] + b"x")

    async with opened(tmp_path) as journal:
        later = await journal.add(record(b"later"), mark())

    assert later > max(numbers)


@pytest.mark.parametrize("seed", range(30))
async def test_damage_in_a_journal_of_the_versions_before_costs_only_itself(
    tmp_path: Path, seed: int
) -> None:
    rng = random.Random(seed)
    hit = rng.choice(old_journal(tmp_path))
    data = bytearray(hit.read_bytes())
    data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    hit.write_bytes(data)

    async with opened(tmp_path) as journal:
        # A mark that is lost sends again what it spoke of: with its poll_id, so it is known.
        assert len({one.value for one in await waiting(journal)}) >= 15
        assert journal.recovery.troubles
        assert (tmp_path / ASIDE / hit.name).read_bytes() == data


# ---- back from aside ------------------------------------------------------------------------


async def test_what_kafka_refused_is_sent_again_when_somebody_says_so(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.add(record(b"large"), mark())
        await journal.refused(first(journal), "too large")
        assert (journal.aside_files, journal.progress.facts("assets").lost) == (0, 1)
        await journal.mark(mark(2_000, TickOutcome.FAILED))
    (kept,) = (tmp_path / ASIDE).iterdir()
    kept.rename(kept.with_name(kept.name.removesuffix(".refused")))

    async with opened(tmp_path) as journal:
        assert await waiting(journal) == [record(b"large")]
        await journal.sent(first(journal))
        facts = journal.progress.facts("assets")
        assert (facts.polls, facts.published, facts.lost) == (1, 1, 0)
