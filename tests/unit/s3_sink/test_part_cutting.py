"""Where the records of a partition are cut."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinlake.contracts.headers import Header, heartbeat_headers
from coinlake.contracts.hours import UNKNOWN_HOUR, hour_of
from coinlake.contracts.raw_columns import columns_of
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake.contracts.raw_meta import RawMeta
from s3_sink.core.found import Found
from s3_sink.core.part import (
    RECORD_OVERHEAD_BYTES,
    OpenPart,
    PartLimits,
    SealReason,
    beside,
    weight_of,
)
from s3_sink.core.partition_state import PartitionState
from s3_sink.core.ports import Partition
from s3_sink.core.watermark import Watermark

HOUR_MS = 3_600_000
NOON_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS
BIG = 10**9


def _state(**limits: float) -> PartitionState:
    chosen = {"max_bytes": BIG, "max_raw_bytes": BIG, "max_records": BIG, "max_age_s": 60.0}
    state = PartitionState(Partition("t", 0), PartLimits(**{**chosen, **limits}), Watermark())  # type: ignore[arg-type]
    state.begin(1, 0, None)
    return state


def _record(offset: int, value: bytes | None = b"v", at_ms: int = NOON_MS) -> Record:
    headers = () if value is not None else tuple(heartbeat_headers(at_ms, "ingestor"))
    return Record(offset, at_ms, b"k", value, headers)


def _cuts(state: PartitionState) -> list[tuple[str, list[int]]]:
    return [
        (part.reason.value, [record.offset for record in part.records])
        for part in state.sealed_parts
    ]


def _sizes(state: PartitionState) -> list[tuple[object, ...]]:
    return [
        (part.hour, part.weight, part.raw_bytes, part.values) for part in state.sealed_parts
    ]


def test_what_holds_nothing_weighs_nothing() -> None:
    assert _state().weight == 0


def test_why_a_part_was_cut_is_told_in_words_that_boards_and_alerts_know() -> None:
    assert {one.value for one in SealReason} == {
        "bytes", "records", "age", "hour", "pressure", "revoke", "shutdown", "restart"
    }  # fmt: skip


def test_how_far_an_object_is_stored_is_told_by_its_newest_record_where_times_tell() -> None:
    meta = RawMeta(
        link=0, first_offset=0, next_offset=2, records=2, values=2, sha256="0" * 64,
        min_timestamp_ms=NOON_MS, max_timestamp_ms=NOON_MS + 7, complete_to_ms=None, writer="me",
    )  # fmt: skip
    known = RawKey("t", hour_of(NOON_MS), 1, 0, 0)

    assert Found(known, meta, "etag", 1).stored_to_ms == NOON_MS + 7
    assert Found(replace(known, hour=UNKNOWN_HOUR), meta, "etag", 1).stored_to_ms is None


def test_a_part_is_cut_where_the_hour_changes_forwards_and_backwards() -> None:
    state = _state()

    hours = (0, 0, 1, 0)
    state.add([_record(n, at_ms=NOON_MS + hour * HOUR_MS) for n, hour in enumerate(hours)], 0.0)

    assert _cuts(state) == [("hour", [0, 1]), ("hour", [2])]
    assert state.open_records == 1


@pytest.mark.parametrize("at_ms", [-1, 0, 946_684_799_999, 4_102_444_800_000, 2**62])
def test_an_impossible_timestamp_has_the_unknown_hour(at_ms: int) -> None:
    state = _state(max_records=1)

    state.add([_record(0, at_ms=at_ms)], 0.0)

    assert [part.hour for part in state.sealed_parts] == [UNKNOWN_HOUR]


def test_a_part_is_full_by_records() -> None:
    state = _state(max_records=2)

    state.add([_record(n) for n in range(5)], 0.0)

    assert _cuts(state) == [("records", [0, 1]), ("records", [2, 3])]


def test_a_part_is_full_by_raw_bytes() -> None:
    state = _state(max_raw_bytes=30)

    state.add([_record(n, b"x" * 10) for n in range(4)], 0.0)

    assert _cuts(state) == [("bytes", [0, 1, 2])]


def test_the_size_after_compression_is_learned_from_the_objects_before() -> None:
    state = _state(max_bytes=100)
    state.add([_record(0, b"x" * 100)], 0.0)
    assert _cuts(state) == [("bytes", [0])]

    state.compressed(raw_bytes=1000, stored_bytes=100)
    state.add([_record(n, b"x" * 100) for n in range(1, 4)], 0.0)

    # Expected is 0.37 of 300 bytes: one object of three records, not three of one.
    assert _cuts(state) == [("bytes", [0]), ("bytes", [1, 2, 3])]


def test_a_record_above_the_flush_size_is_an_object_of_its_own() -> None:
    state = _state(max_raw_bytes=100)

    state.add([_record(0), _record(1, b"x" * 500), _record(2)], 0.0)

    assert _cuts(state) == [("bytes", [0]), ("bytes", [1])]
    assert state.open_records == 1


def test_a_quiet_partition_is_sealed_by_the_age_of_its_oldest_value() -> None:
    state = _state()
    state.add([_record(0)], 10.0)
    state.add([_record(1)], 60.0)

    state.seal_if_due(69.9)
    early = _cuts(state)
    state.seal_if_due(70.0)

    assert early == []
    assert _cuts(state) == [("age", [0, 1])]


def test_heartbeats_never_start_the_age_timer() -> None:
    state = _state()
    state.add([_record(0, None), _record(1, None)], 0.0)

    state.seal_if_due(10_000.0)
    alone = _cuts(state)
    state.add([_record(2)], 20_000.0)
    state.seal_if_due(20_060.0)

    assert alone == []
    assert _cuts(state) == [("age", [0, 1, 2])]
    assert state.sealed_parts[0].values == 1


def test_records_that_come_again_are_passed_over() -> None:
    state = _state()

    state.add([_record(0), _record(1)], 0.0)
    state.add([_record(0), _record(1), _record(2)], 0.0)

    assert state.open_records == 3
    assert state.fetched_to == 3


def test_an_end_inside_of_what_is_held_drops_only_what_is_stored() -> None:
    state = _state(max_records=3)
    state.add([_record(n) for n in range(8)], 0.0)

    jump = state.landed(4, None)

    assert not jump
    assert state.link == 4
    assert _cuts(state) == [("records", [4, 5])]
    assert state.open_records == 2


def test_an_end_beyond_what_is_held_makes_fetching_jump() -> None:
    state = _state()
    state.add([_record(n) for n in range(3)], 0.0)

    jump = state.landed(10, None)

    assert jump
    assert (state.link, state.fetched_to, state.open_records) == (10, 10, 0)


def test_an_end_that_is_just_what_is_held_asks_for_no_jump() -> None:
    state = _state()
    state.add([_record(n) for n in range(3)], 0.0)

    assert not state.landed(3, None)
    assert state.fetched_to == 3


def test_what_is_left_of_an_open_part_is_as_old_as_before() -> None:
    state = _state()
    state.add([_record(n) for n in range(8)], 10.0)

    state.landed(4, None)
    state.seal_if_due(69.9)
    early = _cuts(state)
    state.seal_if_due(70.0)

    assert early == []
    assert _cuts(state) == [("age", [4, 5, 6, 7])]


def test_heartbeats_that_are_left_of_an_open_part_wait_for_nothing() -> None:
    state = _state()
    state.add([_record(0), _record(1, None), _record(2, None)], 10.0)

    state.landed(1, None)
    state.seal_if_due(10_000.0)

    assert (_cuts(state), state.open_records) == ([], 2)


def test_what_fits_is_taken_whole() -> None:
    part = OpenPart(PartLimits(BIG, BIG, BIG, 60.0))

    parts = list(part.add(columns_of([_record(n) for n in range(500)]), 0.0, 1.0))

    assert (parts, len(part.pieces), part.count) == ([], 1, 500)


def test_a_records_weight_has_all_its_bytes_and_what_holds_them() -> None:
    def weight(headers: tuple[Header, ...]) -> int:
        records = columns_of([Record(0, NOON_MS, b"k" * 500, b"v" * 300, headers)])
        return weight_of(records, beside(records))

    bare = weight(())
    one = weight((("a" * 30, b"b" * 70),))
    two = weight((("a" * 30, b"b" * 70), ("a", None)))

    # An empty header of CPython takes its tuple and two objects, some 100 bytes.
    assert bare >= RECORD_OVERHEAD_BYTES + 500 + 300
    assert one >= bare + 100 + 100
    assert two >= one + 100


def test_keys_and_headers_are_counted_as_what_lies_beside_the_values() -> None:
    records = columns_of(
        [
            Record(0, NOON_MS, b"key", b"v", (("name", b"value"), ("empty", None))),
            Record(1, NOON_MS, None, b"v", ()),
        ]
    )

    assert beside(records) == len("key") + len("name") + len("value") + len("empty")


def test_nothing_held_weighs_nothing() -> None:
    state = _state(max_records=2)
    state.add([_record(n) for n in range(5)], 0.0)
    held = state.weight

    state.landed(2, None)
    less = state.weight
    state.seal(SealReason.SHUTDOWN)
    state.landed(5, None)

    assert held > less > state.weight == 0


@settings(deadline=None, max_examples=150)
@given(
    st.lists(st.tuples(st.integers(0, 2), st.none() | st.integers(0, 12)), max_size=60),
    st.integers(1, 40),
    st.integers(1, 20),
    st.lists(st.integers(1, 30), max_size=4),
)
def test_the_cuts_do_not_depend_on_how_many_records_came_at_once(
    rows: list[tuple[int, int | None]], max_raw_bytes: int, max_records: int, chunks: list[int]
) -> None:
    # Hours come in runs, as in life, and one of them is the unknown one.
    hours = (NOON_MS, NOON_MS + HOUR_MS, -5)
    rows = [(rows[at // 7 * 7][0], size) for at, (_, size) in enumerate(rows)]
    records = [
        _record(n, None if size is None else b"x" * size, hours[hour] + n)
        for n, (hour, size) in enumerate(rows)
    ]
    one_by_one, at_once = (
        _state(max_raw_bytes=max_raw_bytes, max_records=max_records) for _ in range(2)
    )

    for record in records:
        one_by_one.add([record], 0.0)
    for size in (*chunks, len(records)):
        at_once.add(records[at_once.fetched_to : at_once.fetched_to + size], 0.0)

    assert at_once.fetched_to == one_by_one.fetched_to
    assert _cuts(at_once) == _cuts(one_by_one)
    assert _sizes(at_once) == _sizes(one_by_one)
    assert (at_once.weight, at_once.open_bytes) == (one_by_one.weight, one_by_one.open_bytes)
    assert at_once.oldest_value_at_s == one_by_one.oldest_value_at_s
