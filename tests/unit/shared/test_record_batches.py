"""Whatever a broker accepts is read bit for bit, and no batch takes more room than it is given."""

import struct
from typing import Any

import pytest
from aiokafka.errors import CorruptRecordException
from hypothesis import given, settings
from hypothesis import strategies as st

from coinlake.batch_records import header_name, header_name_bytes
from coinlake.contracts.raw_codec import decode, encode
from coinlake.contracts.raw_columns import Record
from coinlake.record_batches import columns_of_batches
from coinlake.unpacking import CODECS
from tests.kafka_batches import APPENDED, batch

KNOWN = range(len(CODECS))
_bytes = st.binary(max_size=40)
_headers = st.lists(st.tuples(_bytes.map(header_name), st.none() | _bytes), max_size=3)


@st.composite
def _records(draw: st.DrawFn) -> list[Record]:
    offset, records = draw(st.integers(0, 1 << 40)), []
    for _ in range(draw(st.integers(1, 8))):
        time_ms = draw(st.integers(-1, 1 << 42))
        key, value = draw(st.none() | _bytes), draw(st.none() | _bytes)
        records.append(Record(offset, time_ms, key, value, tuple(draw(_headers))))
        offset += draw(st.integers(1, 3))
    return records


@settings(max_examples=150, deadline=None)
@given(_records(), st.sampled_from(KNOWN))
def test_records_come_back_as_they_were_sent_and_from_the_raw_object_too(
    records: list[Record], codec: int
) -> None:
    found = columns_of_batches(batch(records, codec), records[0].offset)

    assert list(found.records) == records
    assert found.position == records[-1].offset + 1
    assert list(decode(encode(found.records).body).records) == records


@given(st.binary(max_size=60))
def test_every_header_name_is_another_text_and_comes_back(name: bytes) -> None:
    assert header_name_bytes(header_name(name)) == name


@pytest.mark.parametrize("codec", KNOWN)
def test_a_name_that_is_no_text_costs_neither_its_record_nor_its_neighbours(codec: int) -> None:
    odd = Record(6, 1, b"k", b"odd", ((header_name(b"\xff\x00\xed\xb2\x80"), b"v"),))
    records = [Record(5, 1, None, b"a"), odd, Record(7, 1, None, b"z", (("é", None),))]

    found = columns_of_batches(batch(records, codec), 5)

    assert list(found.records) == records
    assert header_name_bytes(found.records[1].headers[0][0]) == b"\xff\x00\xed\xb2\x80"


def test_the_brokers_time_is_that_of_all_records_where_it_is_the_batchs() -> None:
    names = ((header_name(b"\xff"), b""),)
    records = [Record(0, 100, None, b"a", names), Record(1, 900, None, b"b", names)]

    found = columns_of_batches(batch(records, attributes=APPENDED), 0)

    assert [one.timestamp_ms for one in found.records] == [900, 900]


@pytest.mark.parametrize("codec", KNOWN)
def test_a_batch_that_is_bigger_than_all_the_room_is_read_record_by_record(codec: int) -> None:
    records = [Record(n, 7, b"k", bytes(100_000), (("h", b"%d" % n),)) for n in range(20)]
    data, position, got = batch(records, codec), 0, []

    sizes = []
    while position < 20:
        found = columns_of_batches(data, position, 250_000, 250_000)
        sizes.append(found.size)
        got += list(found.records)
        position = found.position
        assert found.is_whole == (position == 20)

    assert got == records
    assert max(sizes) < 250_000 + 100_100, "the room, and one record more"


@pytest.mark.parametrize("codec", KNOWN)
def test_a_record_that_is_bigger_than_all_the_room_comes_alone(codec: int) -> None:
    records = [Record(n, 7, None, bytes(1_000_000)) for n in range(3)]

    found = columns_of_batches(batch(records, codec), 1, 1000, 1000)

    assert [one.offset for one in found.records] == [1]
    assert found.records[0].value == bytes(1_000_000)
    assert (found.position, found.is_whole) == (2, False)


def test_what_others_have_taken_is_waited_for_instead() -> None:
    data = batch([Record(0, 7, None, bytes(1000))], 1)

    found = columns_of_batches(data, 0, left=999, room=5000)

    assert (len(found.records), found.position, found.is_whole) == (0, 0, False)


def test_whole_batches_are_taken_as_long_as_there_is_room() -> None:
    one, two = (batch([Record(n, 7, None, bytes(1000))], 3) for n in (0, 1))

    found = columns_of_batches(one + two, 0, 1500, 1500)

    assert ([one.offset for one in found.records], found.is_whole) == ([0], False)


def _flipped(data: bytes, at: int) -> bytes:
    changed = bytearray(data)
    changed[at] ^= 1
    return bytes(changed)


@pytest.mark.parametrize("room", [None, 10])
@pytest.mark.parametrize("codec", KNOWN)
def test_a_flipped_bit_is_told(codec: int, room: int | None) -> None:
    data = batch([Record(5, 1, None, b"a value that is long enough")], codec)

    with pytest.raises(CorruptRecordException):
        columns_of_batches(_flipped(data, len(data) - 3), 5, room, room)


def _lying(change: Any) -> bytes:
    """A batch whose checksum is right and whose records are not."""
    from aiokafka.record.util import calc_crc32c

    names = ((header_name(b"\xff"), b"x"),)
    data = bytearray(batch([Record(0, 1, b"key", b"value", names)]))
    change(data)
    struct.pack_into(">I", data, 17, calc_crc32c(bytes(data[21:])))
    return bytes(data)


@pytest.mark.parametrize(
    "change",
    [
        lambda data: data.__setitem__(61, data[61] + 2),
        lambda data: data.__setitem__(61, data[61] - 2),
        lambda data: struct.pack_into(">i", data, 57, 2),
        lambda data: struct.pack_into(">h", data, 21, 1),
        lambda data: struct.pack_into(">h", data, 21, 7),
    ],
    ids=["longer", "shorter", "more records", "no gzip", "no codec"],
)
def test_a_batch_that_lies_is_told_and_ends_nothing(change: Any) -> None:
    with pytest.raises(CorruptRecordException):
        columns_of_batches(_lying(change), 0)


def test_half_a_batch_at_the_end_is_left_for_the_next_question() -> None:
    data = batch([Record(5, 1, None, b"a")]) + batch([Record(6, 1, None, b"b")])[:-1]

    found = columns_of_batches(data, 5)

    assert ([one.value for one in found.records], found.position) == ([b"a"], 6)
