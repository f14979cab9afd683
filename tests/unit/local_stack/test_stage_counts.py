"""Counting what came how far."""

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry, Output, RawInput
from coinlake.contracts.raw_meta import RawMeta
from local_stack import counts
from local_stack.counts import PartitionCount, RawObject, StageCounts
from tests.labs.ledger_entries import ledger_entry

HOUR = Hour("2026-11-22", "10")
ASSETS = "coincap.assets.v1"


def partition(topic: str = ASSETS, values: int = 3, next_value: int = 5) -> PartitionCount:
    return PartitionCount(topic, 0, values, 300, values, 2, next_value)


def raw(
    topic: str = ASSETS, *, values: int = 3, next_offset: int = 5, etag: str = "e"
) -> RawObject:
    meta = RawMeta(0, 0, next_offset, next_offset, values, "", 0, 0, None, "w")
    return RawObject(f"raw/{topic}/{next_offset}", topic, 0, etag, 100, meta)


def entry(inputs: tuple[RawInput, ...] = ()) -> LedgerEntry:
    outputs = (
        Output("quotes", "k1", "e", 1, 200),
        Output("quotes_quarantine", "k2", "e", 1, 4),
        Output("candles_1m", "k3", "e", 1, 50),
    )
    return ledger_entry("assets", HOUR, inputs=inputs, outputs=outputs)


def test_each_stage_of_a_feed_is_counted_from_what_it_holds() -> None:
    counted = counts.by_feed({"assets": 3}, [partition()], [raw()], {("assets", HOUR): entry()})

    assert counted["assets"] == StageCounts(3, 0, 3, 1, 100, 250, 4)
    assert counted["rates"] == StageCounts()


def test_answers_of_before_are_no_polls() -> None:
    counted = counts.by_feed({"assets": 1}, [partition()], [], {}, {"assets": 2})

    assert counted["assets"] == StageCounts(polls=1, history=2, kafka_records=3)


def test_an_object_of_heartbeats_only_counts_neither_as_object_nor_as_bytes() -> None:
    counted = counts.by_feed({}, [], [raw(), raw(values=0, next_offset=9)], {})

    assert counted["assets"].raw_objects == 1
    assert counted["assets"].raw_bytes == 100


def test_rejected_answers_have_a_row_of_their_own_and_are_in_the_total() -> None:
    rejected = "coincap.rejected.v1"

    counted = counts.by_feed({"assets": 4}, [partition(rejected, 1)], [raw(rejected)], {})

    assert counted["rejected"].kafka_records == 1
    assert counts.total(counted) == StageCounts(4, 0, 1, 1, 100)


def test_topics_that_are_no_feed_are_left_out() -> None:
    counted = counts.by_feed({}, [partition("coincap.history.v1")], [], {})

    assert counts.total(counted) == StageCounts()


def test_a_partition_whose_last_answer_is_in_no_object_is_unread() -> None:
    assert counts.unread([partition(next_value=6)], [raw(next_offset=5)]) == 1
    assert counts.unread([partition(next_value=5)], [raw(next_offset=5)]) == 0


def test_a_partition_without_answers_has_nothing_to_read() -> None:
    assert counts.unread([partition(values=0, next_value=0)], []) == 0


def test_an_object_is_published_when_a_committed_version_was_made_from_that_very_object() -> (
    None
):
    made = {("assets", HOUR): entry((RawInput("raw/coincap.assets.v1/5", "e"),))}

    assert counts.unpublished([raw()], made) == 0
    assert counts.unpublished([raw(etag="newer")], made) == 1


def test_rejected_answers_are_published_too_and_heartbeats_and_missed_ticks_are_not() -> None:
    assert counts.unpublished([raw("coincap.rejected.v1")], {}) == 1
    assert counts.unpublished([raw("coincap.rejected.v1", values=0)], {}) == 0
    assert counts.unpublished([raw("coinlake.gaps.v1")], {}) == 0
