"""The raw object's codec: any record comes back, any other file gives a clear error."""

import gzip
import json
import random
import zlib
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from coinlake.contracts.raw_codec import content_sha256, decode, encode
from coinlake.contracts.raw_gzip import MAX_CHUNK_BYTES, Compressor, Deflate, has_index
from coinlake.contracts.raw_index import NULL, RawFormatError, Record, pack_index, unpack_index

# A busy machine is no failure, and the tier has seconds.
quick = settings(deadline=None, max_examples=40)
OFFSETS = st.integers(0, 2**62)
TIMESTAMPS = st.integers(-(2**63), 2**63 - 1)
BYTES = st.binary(max_size=60)
# Header names are what Kafka's clients decoded: text, with whatever they let through.
NAMES = st.text(st.characters(exclude_categories=()), max_size=8)
HEADERS = st.lists(st.tuples(NAMES, st.none() | BYTES), max_size=4).map(tuple)


@st.composite
def batches(draw: st.DrawFn) -> list[Record]:
    """Records in rising offset order, with holes or without."""
    offset = draw(OFFSETS)
    records = []
    for step in draw(st.lists(st.just(1) | st.integers(1, 10_000), min_size=1, max_size=12)):
        offset += step
        records.append(
            Record(
                offset,
                draw(TIMESTAMPS),
                draw(st.none() | BYTES),
                draw(st.none() | BYTES),
                draw(HEADERS),
            )
        )
    return records


def _lines(records: list[Record]) -> bytes:
    return b"".join(record.value + b"\n" for record in records if record.value is not None)


@quick
@given(batches())
def test_what_is_encoded_comes_back(records: list[Record]) -> None:
    encoded = encode(records)

    decoded = decode(encoded.body)

    assert list(decoded.records) == records
    assert decoded.sha256 == encoded.sha256 == content_sha256(records)


@quick
@given(batches())
def test_any_gzip_reader_sees_the_values_one_a_line(records: list[Record]) -> None:
    assert gzip.decompress(encode(records).body) == _lines(records)


@quick
@given(batches(), st.data())
def test_a_truncated_object_is_an_error_that_names_a_position(
    records: list[Record], data: st.DataObject
) -> None:
    body = encode(records).body
    length = data.draw(st.integers(0, len(body) - 1))

    with pytest.raises(RawFormatError, match="at byte"):
        decode(body[:length])


@quick
@given(batches(), st.data())
def test_a_flipped_bit_never_passes_for_the_records_that_were_written(
    records: list[Record], data: st.DataObject
) -> None:
    encoded = encode(records)
    body = bytearray(encoded.body)
    body[data.draw(st.integers(0, len(body) - 1))] ^= 1 << data.draw(st.integers(0, 7))

    try:
        decoded = decode(bytes(body))
    except RawFormatError:
        return

    # Some header bits (time, system) mean nothing; then the content must be untouched.
    assert (list(decoded.records), decoded.sha256) == (records, encoded.sha256)


@quick
@given(st.binary(max_size=300))
def test_a_foreign_file_is_an_error_and_nothing_else(body: bytes) -> None:
    with pytest.raises(RawFormatError):
        decode(body)


@quick
@given(batches(), st.binary(max_size=200), st.data())
def test_a_mangled_index_is_an_error_and_nothing_else(
    records: list[Record], noise: bytes, data: st.DataObject
) -> None:
    payload = pack_index(records)
    at = data.draw(st.integers(0, len(payload)))

    for mangled in (payload[:at] + noise, payload[:at] + noise + payload[at:], noise):
        try:
            entries = unpack_index(mangled)
        except RawFormatError:
            continue
        assert all(entry.length is None or 0 <= entry.length < NULL for entry in entries)


@settings(deadline=None, max_examples=5)
@given(st.integers(0, 2**32))
def test_an_index_larger_than_one_extra_field_goes_on_in_further_members(seed: int) -> None:
    rng = random.Random(seed)
    # Random keys do not compress, so the index needs several members.
    records = [Record(n, n, rng.randbytes(3000), b'{"n":%d}' % n) for n in range(80)]

    encoded = encode(records)

    assert encoded.body.count(b"\x1f\x8b\x08\x04") > 80 * 3000 // MAX_CHUNK_BYTES
    assert list(decode(encoded.body).records) == records
    assert gzip.decompress(encoded.body) == _lines(records)
    # A reader that stops after the first member has still read every line.
    header = 12 + int.from_bytes(encoded.body[10:12], "little")
    first = zlib.decompressobj(-zlib.MAX_WBITS).decompress(encoded.body[header:])
    assert first == _lines(records)


def test_a_key_larger_than_any_extra_field_comes_back() -> None:
    records = [Record(7, 1, random.Random(1).randbytes(200_000), b"", (("h", None),))]

    assert list(decode(encode(records).body).records) == records


@pytest.mark.parametrize("level", [0, 1, 9])
def test_the_hash_does_not_depend_on_the_compressor(level: int) -> None:
    records = [Record(n, n, None, b"x" * n) for n in range(50)]

    def stream() -> Compressor:
        return zlib.compressobj(level, zlib.DEFLATED, -zlib.MAX_WBITS)

    assert encode(records, Deflate(stream, zlib.crc32)).sha256 == encode(records).sha256


@pytest.mark.parametrize(
    ("one", "other"),
    [
        (Record(1, 1, None, b""), Record(1, 1, None, None)),
        (Record(1, 1, None, b"v"), Record(1, 1, b"", b"v")),
        (Record(1, 1, None, b"v"), Record(2, 1, None, b"v")),
        (Record(1, 1, None, b"v"), Record(1, 2, None, b"v")),
        (Record(1, 1, None, b"v"), Record(1, 1, None, b"v", (("", None),))),
    ],
)
def test_the_hash_tells_apart_what_lines_alone_cannot(one: Record, other: Record) -> None:
    assert content_sha256([one]) != content_sha256([other])


@pytest.mark.parametrize("compress", [bytes, gzip.compress])
def test_lines_of_another_writer_are_told_apart_by_their_head(compress: Any) -> None:
    body = compress(json.dumps({"data": []}).encode() + b"\n")

    assert not has_index(body[:16])
    assert has_index(encode([Record(0, 0, None, b"v")]).body[:16])
    with pytest.raises(RawFormatError):
        decode(body)
