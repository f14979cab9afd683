"""Checksums of S3 requests: computed here, compared with what came."""

import base64
import zlib

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from local_cloud.errors import AwsError
from local_cloud.wire import checksums
from local_cloud.wire.crc import CRC32C, CRC64NVME, LANES, PLAIN_BYTES, Crc

# The same machinery with the polynomial of zlib's own CRC.
CRC32 = Crc(32, 0xEDB88320)


def test_the_sums_have_their_known_check_values() -> None:
    # "check" in the CRC catalogue: the sum of the nine digits.
    assert CRC32C.of(b"123456789") == 0xE3069283
    assert CRC64NVME.of(b"123456789") == 0xAE8B14860A799888


# The first example builds its tables.
@settings(deadline=None, max_examples=30)
@given(st.binary(max_size=64), st.integers(0, 2 * LANES))
def test_lanes_give_what_one_byte_after_the_other_gives(some: bytes, more: int) -> None:
    data = some + b"\x5a" * (PLAIN_BYTES - len(some) + more)

    assert CRC32.of(data) == zlib.crc32(data)


def _chunked(body: bytes, trailer: str) -> bytes:
    return (
        f"{len(body):x};chunk-signature=0\r\n".encode()
        + body
        + (f"\r\n0;chunk-signature=0\r\n{trailer}\r\n\r\n").encode()
    )


def _crc32(body: bytes) -> str:
    return base64.b64encode(zlib.crc32(body).to_bytes(4, "big")).decode()


def test_a_sum_in_a_trailer_is_that_of_the_bytes_inside_the_chunks() -> None:
    headers = {"content-encoding": "aws-chunked", "x-amz-trailer": "x-amz-checksum-crc32"}

    kept = checksums.check(headers, _chunked(b"abc", f"x-amz-checksum-crc32:{_crc32(b'abc')}"))

    assert kept == {"x-amz-checksum-crc32": _crc32(b"abc")}
    with pytest.raises(AwsError, match="BadDigest"):
        checksums.check(headers, _chunked(b"abc", f"x-amz-checksum-crc32:{_crc32(b'x')}"))


@pytest.mark.parametrize("raw", [b"", b"3\r\nabc", b"zz\r\nabc\r\n0\r\n\r\n"])
def test_chunks_that_do_not_add_up_are_refused(raw: bytes) -> None:
    with pytest.raises(AwsError, match=r"IncompleteBody|InvalidRequest"):
        checksums.check({"content-encoding": "aws-chunked"}, raw)


def test_a_sum_that_is_not_computed_here_is_refused_by_name() -> None:
    with pytest.raises(AwsError, match="x-amz-checksum-xxhash64"):
        checksums.check({"x-amz-checksum-xxhash64": "x"}, b"abc")
