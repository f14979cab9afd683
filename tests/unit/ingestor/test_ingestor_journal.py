"""The journal on real files: what was synced comes back whole, what was torn is cut off."""

from contextlib import AbstractAsyncContextManager
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinlake.contracts.topics import GAPS, REJECTED
from coinlake.errors import BadRecordError, TransientError
from ingestor.adapters.journal import Journal, open_journal
from ingestor.adapters.segments import Segments
from ingestor.core.entries import (
    FloorEntry,
    MarkEntry,
    Outcome,
    Outgoing,
    RecordEntry,
    SentEntry,
    SnapshotEntry,
    TickMark,
    decode,
    encode,
    frame,
    frames,
)
from ingestor.core.schedule import Tick

ASSETS = "coincap.assets.v1"


def mark(due_ms: int = 1_000, outcome: Outcome = Outcome.USABLE, count: int = 1) -> TickMark:
    return TickMark("assets", "assets?limit=1&offset=0", Tick(due_ms, 500), outcome, count)


def record(value: bytes = b"{}", topic: str = ASSETS, timestamp_ms: int = 1_000) -> Outgoing:
    return Outgoing(topic, b"assets", value, (("poll_id", b"ab"), ("x", None)), timestamp_ms)


def opened(
    folder: Path, segment_bytes: int = 1_000_000
) -> AbstractAsyncContextManager[Journal]:
    return open_journal(folder, max_bytes=10_000_000, segment_bytes=segment_bytes)


def segments_in(folder: Path) -> list[Path]:
    return sorted(folder.glob("*.journal"))


async def waiting(journal: Journal) -> list[Outgoing]:
    return [await journal.read(pending) for pending in journal.progress.pending]


@given(
    st.lists(
        st.one_of(
            st.builds(
                RecordEntry,
                st.integers(1, 2**53),
                st.builds(
                    Outgoing,
                    st.text(max_size=9),
                    st.text(max_size=9).map(str.encode),
                    st.binary(max_size=99),
                    st.lists(
                        st.tuples(
                            st.text(max_size=9), st.none() | st.text(max_size=9).map(str.encode)
                        )
                    ).map(tuple),
                    st.integers(0, 2**53),
                ),
                st.just(mark()),
            ),
            st.builds(MarkEntry, st.just(mark(outcome=Outcome.MISSED, count=7))),
            st.builds(SentEntry, st.integers(0, 2**53)),
            st.builds(FloorEntry, st.integers(0, 2**53)),
            st.just(SnapshotEntry({"next_seq": 1})),
        ),
        max_size=8,
    ),
    st.integers(0, 5_000),
)
@settings(deadline=None)
def test_any_entries_come_back_and_a_cut_anywhere_loses_only_what_is_behind_it(
    entries: list[RecordEntry], cut: int
) -> None:
    whole = [frame(encode(entry)) for entry in entries]
    data = b"".join(whole)

    found = [decode(payload) for _, payload in frames(data)]
    torn = [decode(payload) for _, payload in frames(data[:cut])]

    assert found == entries
    kept = 0
    while kept < len(whole) and sum(map(len, whole[: kept + 1])) <= cut:
        kept += 1
    assert torn == entries[:kept]


@given(st.data())
@settings(deadline=None)
def test_a_flipped_byte_is_never_read_as_an_entry(data: st.DataObject) -> None:
    good = frame(encode(RecordEntry(1, record(b"first"), mark())))
    bad = bytearray(frame(encode(RecordEntry(2, record(b"second"), mark()))))
    at = data.draw(st.integers(0, len(bad) - 1))
    bad[at] ^= data.draw(st.integers(1, 255))

    found = [decode(payload) for _, payload in frames(good + bytes(bad))]

    assert found == [RecordEntry(1, record(b"first"), mark())]


def test_an_entry_of_a_version_to_come_is_refused() -> None:
    payload = encode(SentEntry(1)).replace(b"sent", b"flew")

    with pytest.raises(BadRecordError):
        decode(payload)


async def test_what_was_added_waits_again_after_a_restart_with_equal_headers(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path) as journal:
        first = await journal.add(record(b"one"), mark())
        await journal.add(record(b"two", timestamp_ms=2_000), mark(1_500))
        await journal.sent(first)

    async with opened(tmp_path) as journal:
        assert await waiting(journal) == [record(b"two", timestamp_ms=2_000)]
        assert journal.progress.ticks == {"assets?limit=1&offset=0": Tick(1_500, 500)}
        assert journal.progress.next_seq == 3


async def test_a_torn_tail_is_cut_off_and_counted(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.add(record(b"kept"), mark())
    newest = segments_in(tmp_path)[-1]
    whole = newest.read_bytes()
    torn = frame(encode(RecordEntry(2, record(b"torn"), mark())))[:-3]
    newest.write_bytes(whole + torn)

    async with opened(tmp_path) as journal:
        assert await waiting(journal) == [record(b"kept")]
        assert journal.recovery.torn_bytes == len(torn)
        assert journal.recovery.damaged == []
        assert newest.read_bytes() == whole
        assert await journal.add(record(b"next"), mark()) == 2


async def test_damage_in_an_older_segment_is_kept_aside_and_said(tmp_path: Path) -> None:
    async with opened(tmp_path, segment_bytes=1) as journal:
        for value in (b"one", b"two", b"three"):
            await journal.add(record(value), mark())
    holding_two = next(path for path in segments_in(tmp_path) if b"two" in path.read_bytes())
    holding_two.write_bytes(holding_two.read_bytes().replace(b"two", b"2wo"))

    async with opened(tmp_path) as journal:
        assert await waiting(journal) == [record(b"one"), record(b"three")]
        assert journal.recovery.damaged == [holding_two.with_suffix(".damaged").name]


async def test_segments_go_when_kafka_has_all_of_them_and_the_state_stays(
    tmp_path: Path,
) -> None:
    async with opened(tmp_path, segment_bytes=200) as journal:
        for number in range(20):
            seq = await journal.add(record(b"x" * 100), mark(number * 500))
            await journal.sent(seq)
        await journal.mark(mark(20_000, Outcome.FAILED))
        assert len(segments_in(tmp_path)) <= 2

    async with opened(tmp_path) as journal:
        counts = journal.progress.counts("assets")
        assert (counts.polls, counts.published, counts.failed) == (20, 20, 1)
        assert journal.progress.ticks["assets?limit=1&offset=0"].due_ms == 20_000
        assert journal.head() is None
        assert journal.progress.pending_bytes == 0


async def test_segments_that_kafka_lacks_are_never_deleted(tmp_path: Path) -> None:
    async with opened(tmp_path, segment_bytes=200) as journal:
        seqs = [await journal.add(record(b"%d" % n), mark()) for n in range(10)]
        await journal.sent(seqs[4])

    async with opened(tmp_path, segment_bytes=200) as journal:
        assert [r.value for r in await waiting(journal)] == [b"5", b"6", b"7", b"8", b"9"]


async def test_restarts_without_sending_pile_up_no_doubles(tmp_path: Path) -> None:
    for number in range(5):
        async with opened(tmp_path) as journal:
            await journal.add(record(b"%d" % number), mark())

    async with opened(tmp_path) as journal:
        assert [r.value for r in await waiting(journal)] == [b"0", b"1", b"2", b"3", b"4"]
        assert journal.progress.counts("assets").polls == 5


async def test_a_disk_that_refuses_fails_the_entry_and_the_next_one_starts_clean(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as journal:
        await journal.add(record(b"before"), mark())
        with monkeypatch.context() as broken:
            broken.setattr("ingestor.adapters.segments.os.fsync", refused)
            with pytest.raises(TransientError, match="no space"):
                await journal.add(record(b"refused"), mark())
        assert await journal.add(record(b"after"), mark()) == 2

    async with opened(tmp_path) as journal:
        assert [r.value for r in await waiting(journal)] == [b"before", b"after"]
        assert journal.recovery.torn_bytes == 0


async def test_a_mark_that_the_disk_refuses_does_not_send_the_record_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with opened(tmp_path) as journal:
        seq = await journal.add(record(), mark())
        with monkeypatch.context() as broken:
            broken.setattr(Segments, "append", refused)
            await journal.sent(seq)

        assert journal.head() is None


async def test_the_floor_of_a_promise_survives(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.promise(123_456)

    async with opened(tmp_path) as journal:
        assert journal.progress.floor_ms == 123_456


async def test_counts_tell_published_rejected_failed_and_missed_apart(tmp_path: Path) -> None:
    gap = Outgoing(GAPS, b"k", b'{"count":3}', (), 1)
    async with opened(tmp_path) as journal:
        await journal.add(record(), mark(1_000))
        await journal.add(record(topic=REJECTED), mark(1_500, Outcome.REJECTED))
        await journal.mark(mark(2_000, Outcome.FAILED))
        last = await journal.add(gap, mark(3_500, Outcome.MISSED, 3))
        before = journal.progress.counts("assets")
        assert (before.polls, before.published, before.rejected) == (2, 0, 0)
        await journal.sent(last)

    async with opened(tmp_path) as journal:
        after = journal.progress.counts("assets")
        assert (after.polls, after.published, after.rejected) == (2, 1, 1)
        assert (after.failed, after.missed, after.last_published_ms) == (1, 3, 1_000)
        assert journal.progress.gaps == [{"count": 3}]


async def test_the_oldest_time_that_waits_is_known_per_topic(tmp_path: Path) -> None:
    async with opened(tmp_path) as journal:
        await journal.add(record(timestamp_ms=2_000), mark())
        await journal.add(record(timestamp_ms=1_999), mark())
        await journal.add(record(topic=REJECTED, timestamp_ms=500), mark())

        assert journal.progress.oldest_ms(ASSETS) == 1_999
        assert journal.progress.oldest_ms("coincap.rates.v1") is None


def refused(*_: object, **__: object) -> None:
    raise OSError(28, "no space left on device")
