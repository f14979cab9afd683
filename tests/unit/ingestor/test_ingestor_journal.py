"""The journal on real files: what was synced comes back, what Kafka has gives its space back."""

from pathlib import Path

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinlake.contracts.topics import GAPS, REJECTED
from coinlake.errors import BadRecordError, TransientError
from ingestor.adapters.spool import ASIDE
from ingestor.core.entries import (
    Filed,
    FloorEntry,
    MarkEntry,
    Outcome,
    Outgoing,
    RecordEntry,
    TickMark,
    frame,
    next_frame,
    pack,
    unpack,
)
from ingestor.core.progress import Progress
from ingestor.core.schedule import Tick

from .journals import ASSETS, RATES, files, first, mark, opened, record, waiting

# ---- bytes of a file ------------------------------------------------------------------------

_TEXT = st.text(max_size=9)
_RECORDS = st.builds(
    Outgoing,
    _TEXT,
    _TEXT.map(str.encode),
    st.binary(max_size=99),
    st.lists(st.tuples(_TEXT, st.none() | _TEXT.map(str.encode))).map(tuple),
    st.integers(0, 2**53),
)
_ENTRIES = st.one_of(
    st.builds(RecordEntry, _RECORDS, st.just(mark())),
    st.builds(MarkEntry, st.just(mark(outcome=Outcome.MISSED, count=7))),
    st.builds(FloorEntry, st.integers(0, 2**53)),
)


@given(st.integers(1, 10**12), _ENTRIES)
@settings(deadline=None)
def test_any_entry_comes_back(number: int, entry: RecordEntry) -> None:
    filed = Filed(number, {"lines": {"a": [1, 2]}}, entry)

    assert unpack(pack(filed)) == filed


@given(st.data())
@settings(deadline=None)
def test_a_changed_or_missing_byte_is_never_read_as_an_entry(data: st.DataObject) -> None:
    whole = bytearray(pack(Filed(1, {"lines": {}}, RecordEntry(record(), mark()))))
    at = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        whole[at] ^= data.draw(st.integers(1, 255))
    else:
        del whole[at : at + data.draw(st.integers(1, 50))]

    with pytest.raises(BadRecordError):
        unpack(bytes(whole))


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"", "not a journal file"),
        (b"coinlake journal 3\nwhatever", "another version: format 3"),
        (pack(Filed(1, {}, FloorEntry(1))) + b"x", "checksum"),
        (pack(Filed(1, {}, FloorEntry(1))).replace(b"floor", b"fl00r"), "checksum"),
    ],
)
def test_what_is_no_entry_of_ours_is_named(data: bytes, reason: str) -> None:
    with pytest.raises(BadRecordError, match=reason):
        unpack(data)


def test_zeroes_where_an_entry_was_are_no_entries() -> None:
    # A disk that lost power can give back a hole: length 0 with the checksum of nothing.
    whole = frame(b"payload")

    assert next_frame(bytes(100) + whole, 0) == (100, b"payload")
    assert next_frame(bytes(100), 0) is None


async def test_what_nobody_had_planned_is_journaled_and_sent_without_a_tick(
    tmp_path: Path,
) -> None:
    pushed = TickMark("assets", "stream", None, Outcome.USABLE)
    async with opened(tmp_path) as journal:
        await journal.add(record(b"frame"), pushed)

    async with opened(tmp_path) as journal:
        (found,) = await waiting(journal)
        await journal.sent(first(journal))
        counts, ticks = journal.progress.facts("assets"), journal.progress.ticks

    assert found.value == b"frame"
    assert counts.published == 1
    assert "stream" not in ticks


# ---- a life without damage ------------------------------------------------------------------


async def test_what_was_added_waits_again_after_a_restart_with_equal_headers(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as journal:
        await journal.add(record(b"one"), mark())
        await journal.add(record(b"two", timestamp_ms=2_000), mark(1_500))
        await journal.sent(first(journal))

    async with opened(tmp_path) as journal:
        assert await waiting(journal) == [record(b"two", timestamp_ms=2_000)]
        assert journal.progress.ticks == {"assets?limit=1&offset=0": Tick(1_500, 500)}
        assert journal.progress.next_number == 3
        assert journal.holes == []


@pytest.mark.parametrize("outcome", [Outcome.USABLE, Outcome.REJECTED])
def test_an_answer_that_was_lost_and_comes_back_is_lost_no_more(outcome: Outcome) -> None:
    progress = Progress()

    progress.lose("assets", outcome)
    lost = progress.facts("assets")
    progress.lose("assets", outcome, -1)
    back = progress.facts("assets")
    progress.lose("assets", outcome, -1)

    assert lost != back
    assert progress.facts("assets") == back


async def test_what_was_sent_before_a_restart_is_never_missed_after_another(
    tmp_path: Path,
) -> None:
    for value in (b"one", b"two", b"three"):
        async with opened(tmp_path) as journal:
            await journal.add(record(value), mark())
            await journal.sent(first(journal))

    async with opened(tmp_path) as journal:
        later = [b"%d" % number for number in range(9)]
        for value in later:
            await journal.add(record(value), mark())
        # The files of what was sent are gone; that it was is told by the state alone.
        assert files(tmp_path, "sent") == []

    async with opened(tmp_path) as journal:
        assert [one.value for one in await waiting(journal)] == later
        assert journal.holes == []


async def test_each_topic_is_a_line_of_its_own(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.add(record(b"a1"), mark())
        await journal.add(record(b"r1", RATES), mark(feed="rates"))
        await journal.add(record(b"a2"), mark())
        await journal.sent(first(journal, RATES))

    async with opened(tmp_path) as journal:
        assert [one.value for one in await waiting(journal)] == [b"a1", b"a2"]
        assert journal.progress.head(RATES) is None
        assert journal.holes == []


async def test_what_kafka_has_is_deleted_and_the_state_stays(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        for number in range(20):
            await journal.add(record(b"x" * 100), mark(number * 500))
            await journal.sent(first(journal))
        await journal.mark(mark(20_000, Outcome.FAILED))
        assert len(files(tmp_path)) <= 4

    async with opened(tmp_path) as journal:
        facts = journal.progress.facts("assets")
        assert (facts.polls, facts.published, facts.failed) == (20, 20, 1)
        assert journal.progress.ticks["assets?limit=1&offset=0"].due_ms == 20_000
        assert journal.progress.head(ASSETS) is None
        assert (journal.progress.pending_bytes, journal.holes) == (0, [])


async def test_what_kafka_lacks_is_never_deleted(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        for number in range(10):
            await journal.add(record(b"%d" % number), mark())
        for _ in range(5):
            await journal.sent(first(journal))

    async with opened(tmp_path) as journal:
        assert [r.value for r in await waiting(journal)] == [b"5", b"6", b"7", b"8", b"9"]


async def test_marks_leave_no_files_behind(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        for due_ms in range(1_000, 60_000, 1_000):
            await journal.mark(mark(due_ms, Outcome.FAILED))

    # The two newest hold the state; what was before them is deleted as others are written.
    assert len(files(tmp_path)) <= 4


async def test_what_is_sent_gives_its_space_back_without_a_write(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        for _ in range(10):
            await journal.add(record(b"x" * 10_000), mark())
        before = await journal.disk_bytes()
        for _ in range(8):
            await journal.sent(first(journal))

        assert before > 100_000
        assert await journal.disk_bytes() < 30_000


async def test_restarts_without_sending_pile_up_no_doubles(tmp_path: Path) -> None:
    for number in range(5):
        async with opened(tmp_path) as journal:
            await journal.add(record(b"%d" % number), mark())

    async with opened(tmp_path) as journal:
        assert [r.value for r in await waiting(journal)] == [b"0", b"1", b"2", b"3", b"4"]
        assert journal.progress.facts("assets").polls == 5


async def test_the_floor_of_a_promise_survives(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.promise(123_456)
        await journal.promise(123_000)
        assert len(files(tmp_path)) == 1

    async with opened(tmp_path) as journal:
        assert journal.progress.floor_ms == 123_456


async def test_counts_tell_published_rejected_failed_and_missed_apart(tmp_path: Path) -> None:
    gap = Outgoing(GAPS, b"k", b'{"count":3}', (), 1)
    async with opened(tmp_path) as journal:
        await journal.add(record(), mark(1_000))
        await journal.add(record(topic=REJECTED), mark(1_500, Outcome.REJECTED))
        await journal.mark(mark(2_000, Outcome.FAILED))
        await journal.add(gap, mark(3_500, Outcome.MISSED, 3))
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
            await journal.add(record(topic=REJECTED), mark(outcome=Outcome.REJECTED))
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


# ---- a disk that refuses --------------------------------------------------------------------


async def test_a_disk_that_refuses_fails_the_entry_and_the_next_one_starts_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as journal:
        await journal.add(record(b"before"), mark())
        with monkeypatch.context() as broken:
            broken.setattr("ingestor.adapters.spool.os.fsync", refused)
            with pytest.raises(TransientError, match="no space"):
                await journal.add(record(b"refused"), mark())
            assert journal.refusal is not None
        assert await journal.add(record(b"after"), mark()) == 2
        assert journal.refusal is None

    async with opened(tmp_path) as journal:
        assert [r.value for r in await waiting(journal)] == [b"before", b"after"]
        assert journal.recovery.torn_bytes == 0


async def test_a_mark_that_the_disk_refuses_does_not_send_the_record_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as journal:
        await journal.add(record(), mark())
        with monkeypatch.context() as broken:
            broken.setattr(Path, "rename", refused)
            await journal.sent(first(journal))

        assert journal.progress.head(ASSETS) is None


def refused(*_: object, **__: object) -> None:
    raise OSError(28, "no space left on device")


def test_the_state_is_json() -> None:
    progress = Progress()
    progress.apply(RecordEntry(record(), mark()), 10)

    state = orjson.loads(orjson.dumps(progress.state()))

    assert Progress.restored(2, state).state() == progress.state()
