"""What the journal counts: published, rejected, lost, missed, and the times that wait."""

from pathlib import Path

import pytest

from coinlake.contracts.topics import GAPS, REJECTED
from ingestor.adapters.aside import ASIDE
from ingestor.core.entries import (
    Outgoing,
    RecordEntry,
    TickOutcome,
    unpack,
)
from ingestor.core.progress import Progress

from .journals import ASSETS, RATES, first, mark, opened, record


@pytest.mark.parametrize("outcome", [TickOutcome.USABLE, TickOutcome.REJECTED])
def test_an_answer_that_was_lost_and_comes_back_is_lost_no_more(outcome: TickOutcome) -> None:
    progress = Progress()

    progress.lose("assets", outcome)
    lost = progress.facts("assets")
    progress.lose("assets", outcome, -1)
    back = progress.facts("assets")
    progress.lose("assets", outcome, -1)

    assert lost != back
    assert progress.facts("assets") == back


async def test_counts_tell_published_rejected_failed_and_missed_apart(tmp_path: Path) -> None:
    gap = Outgoing(GAPS, b"k", b'{"count":3}', (), 1)
    async with opened(tmp_path) as journal:
        await journal.add(record(), mark(1_000))
        await journal.add(record(topic=REJECTED), mark(1_500, TickOutcome.REJECTED))
        await journal.mark(mark(2_000, TickOutcome.FAILED))
        await journal.add(gap, mark(3_500, TickOutcome.MISSED, 3))
        before = journal.progress.facts("assets")
        assert (before.polls, before.published, before.rejected) == (2, 0, 0)
        for topic in (ASSETS, REJECTED, GAPS):
            await journal.sent(first(journal, topic))

    async with opened(tmp_path) as journal:
        after = journal.progress.facts("assets")
        assert (after.polls, after.published, after.rejected) == (2, 1, 1)
        assert (after.failed, after.missed) == (1, 3)
        assert journal.progress.gaps == [{"count": 3}]


async def test_a_record_that_kafka_refuses_is_not_published(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.add(record(), mark())
        await journal.refused(first(journal), "too large")
        facts = journal.progress.facts("assets")

    (kept,) = (tmp_path / ASIDE).iterdir()
    assert (facts.polls, facts.published, facts.lost) == (1, 0, 1)
    assert facts.last_published_ms is None
    filed = unpack(kept.read_bytes())
    assert isinstance(filed.entry, RecordEntry)
    assert filed.entry.record == record()


async def test_each_answer_that_is_lost_is_counted_as_lost_and_as_nothing_else(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as journal:
        for _ in range(2):
            await journal.add(record(), mark())
            await journal.add(record(topic=REJECTED), mark(outcome=TickOutcome.REJECTED))
        await journal.lost(first(journal), "a bad bit")
        for _ in range(2):
            await journal.lost(first(journal, REJECTED), "a bad bit")
        await journal.sent(first(journal))

        facts = journal.progress.facts("assets")
        assert (facts.polls, facts.published, facts.rejected, facts.lost) == (4, 1, 0, 3)


async def test_a_restart_does_not_make_the_newest_answer_older(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.add(record(timestamp_ms=7_000), mark())
        await journal.sent(first(journal))

    # The newest file's state was written before Kafka had the record.
    async with opened(tmp_path) as journal:
        assert journal.progress.facts("assets").last_published_ms == 7_000


async def test_the_oldest_time_that_waits_is_known_per_topic(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.add(record(timestamp_ms=2_000), mark())
        await journal.add(record(timestamp_ms=1_999), mark())
        await journal.add(record(topic=REJECTED, timestamp_ms=500), mark())

        assert journal.progress.oldest_ms(ASSETS) == 1_999
        assert journal.progress.oldest_ms(RATES) is None
