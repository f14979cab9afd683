"""The bytes of a journal's entry: any comes back, and none is read that was not written."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinlake.errors import BadRecordError
from ingestor.core.entries import (
    Filed,
    FloorEntry,
    MarkEntry,
    Outgoing,
    RecordEntry,
    TickOutcome,
    frame,
    next_frame,
    pack,
    unpack,
)

from .journals import mark, record

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
    st.builds(MarkEntry, st.just(mark(outcome=TickOutcome.MISSED, count=7))),
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
