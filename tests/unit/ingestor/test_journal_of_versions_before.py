"""Journals that the versions before wrote: carried over, told, and damaged like any other."""

import random
import shutil
from pathlib import Path

import pytest

from ingestor.adapters.aside import ASIDE
from ingestor.core.schedule import Tick

from .journals import files, opened, waiting

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
