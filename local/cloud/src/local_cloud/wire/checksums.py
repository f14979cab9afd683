"""The checksums that come with an S3 request, held against its bytes, as S3 does.

(S3 user guide, "Checking object integrity".)
"""

import base64
import hashlib
import zlib
from collections.abc import Callable, Mapping

from local_cloud.errors import AwsError
from local_cloud.wire.crc import CRC32C, CRC64NVME

_SUMS: dict[str, Callable[[bytes], bytes]] = {
    "crc32": lambda body: zlib.crc32(body).to_bytes(4, "big"),
    "crc32c": lambda body: CRC32C.of(body).to_bytes(4, "big"),
    "crc64nvme": lambda body: CRC64NVME.of(body).to_bytes(8, "big"),
    "sha1": lambda body: hashlib.sha1(body, usedforsecurity=False).digest(),
    "sha256": lambda body: hashlib.sha256(body).digest(),
    "sha512": lambda body: hashlib.sha512(body).digest(),
    "md5": lambda body: hashlib.md5(body, usedforsecurity=False).digest(),
}
_HEADER = "x-amz-checksum-"
# These headers begin alike and are no sums.
_OTHERS = ("x-amz-checksum-algorithm", "x-amz-checksum-type", "x-amz-checksum-mode")


def check(headers: Mapping[str, str], raw: bytes) -> dict[str, str]:
    """The sums of a request by their headers' names; BadDigest where one is not that of the body.

    `headers` have lower-case names.
    """
    chunked = "aws-chunked" in headers.get("content-encoding", "") or headers.get(
        "x-amz-content-sha256", ""
    ).startswith("STREAMING-")
    body, trailers = _unchunked(raw) if chunked else (raw, {})
    if (given := headers.get("content-md5")) is not None:
        _compare("md5", "Content-MD5", given, body)
    sums = {name: value for name, value in {**headers, **trailers}.items() if _is_sum(name)}
    for name, value in sums.items():
        _compare(name.removeprefix(_HEADER), name, value, body)
    return sums


def _is_sum(name: str) -> bool:
    return name.startswith(_HEADER) and name not in _OTHERS


def algorithm(headers: Mapping[str, str]) -> str | None:
    """The algorithm whose sum is in a header, as S3 spells it."""
    for name in headers:
        if _is_sum(name):
            return name.removeprefix(_HEADER).upper()
    return None


def _compare(kind: str, name: str, given: str, body: bytes) -> None:
    if kind not in _SUMS:
        raise AwsError("NotImplemented", f"{name} is not there in this local cloud", 501)
    if base64.b64encode(_SUMS[kind](body)).decode() != given.strip():
        raise AwsError("BadDigest", f"The {name} you specified did not match what we received.")


def _unchunked(raw: bytes) -> tuple[bytes, dict[str, str]]:
    """The bytes inside `aws-chunked` framing, and the trailing headers behind them.

    (S3 API, "Signature calculations … using chunked uploads with trailing headers".)
    """
    parts: list[bytes] = []
    at = 0
    while True:
        end = raw.find(b"\r\n", at)
        if end < 0:
            raise AwsError("IncompleteBody", "the last chunk is missing")
        size = _size(raw[at:end])
        at = end + 2
        if size == 0:
            return b"".join(parts), _trailers(raw[at:])
        parts.append(raw[at : at + size])
        at += size + 2


def _size(line: bytes) -> int:
    try:
        return int(line.split(b";")[0], 16)
    except ValueError as error:
        raise AwsError("InvalidRequest", f"no size of a chunk: {line[:40]!r}") from error


def _trailers(raw: bytes) -> dict[str, str]:
    pairs = (line.partition(b":") for line in raw.split(b"\r\n") if b":" in line)
    return {name.decode().strip().lower(): value.decode().strip() for name, _, value in pairs}
