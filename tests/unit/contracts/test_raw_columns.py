"""Records in columns are the records, however they were cut and joined."""

from itertools import pairwise

from hypothesis import given, settings
from hypothesis import strategies as st

from coinlake.contracts.raw_codec import content_sha256
from coinlake.contracts.raw_columns import Record, columns_of, joined

quick = settings(deadline=None, max_examples=60)
HEADERS = st.lists(
    st.tuples(st.text(max_size=3), st.none() | st.binary(max_size=5)), max_size=2
)


@st.composite
def runs(draw: st.DrawFn) -> list[Record]:
    """Records in rising offset order, with holes, nulls, keys and headers or without."""
    offset, records = draw(st.integers(0, 2**60)), []
    for step in draw(st.lists(st.just(1) | st.integers(1, 99), max_size=12)):
        offset += step
        at_ms = draw(st.integers(-(2**63), 2**63 - 1))
        key, value = draw(st.none() | st.binary(max_size=5)), draw(st.none() | st.binary())
        records.append(Record(offset, at_ms, key, value, tuple(draw(HEADERS))))
    return records


@quick
@given(runs(), st.data())
def test_pieces_that_are_joined_are_the_records_again(
    records: list[Record], data: st.DataObject
) -> None:
    cuts = sorted(data.draw(st.lists(st.integers(0, len(records)), max_size=4)))
    edges = [0, *cuts, len(records)]
    pieces = [columns_of(records[a:b]) for a, b in pairwise(edges)]

    whole = joined(pieces)

    assert list(whole) == records
    assert whole.nulls == sum(record.value is None for record in records)
    assert whole.value_bytes == sum(len(record.value or b"") for record in records)
    assert whole.null_values() == [record for record in records if record.value is None]
    if records:
        assert content_sha256(whole) == content_sha256(records)


@quick
@given(runs(), st.data())
def test_a_slice_is_what_its_records_alone_would_be(
    records: list[Record], data: st.DataObject
) -> None:
    part = slice(*sorted(data.draw(st.tuples(st.integers(0, 12), st.integers(0, 12)))))

    columns = columns_of(records)[part]

    assert list(columns) == records[part]
    assert columns.nulls == sum(record.value is None for record in records[part])
    assert columns.value_bytes == sum(len(record.value or b"") for record in records[part])
    if records[part]:
        # Two sinks that cut the same records from other runs must come to the same hash.
        assert content_sha256(columns) == content_sha256(records[part])


@quick
@given(runs(), st.integers(-1, 150))
def test_an_offset_parts_what_is_before_it_from_what_is_from_it_on(
    records: list[Record], beyond: int
) -> None:
    offset = (records[0].offset if records else 0) + beyond
    columns = columns_of(records)

    before, after = columns.ending_before(offset), columns.starting_at(offset)

    assert list(before) == [record for record in records if record.offset < offset]
    assert list(after) == [record for record in records if record.offset >= offset]
