"""Content codings: a body in pieces, compressed as it comes (RFC 9110, 8.4.1; RFC 8878)."""

import zlib
from collections.abc import Callable
from typing import Any

import zstandard

from query_api.core.ports import Coding

IDENTITY = "identity"
# Above these levels the answer takes longer to make than it saves on the way (measured: CSV of
# quotes, 1 core).
_ZLIB_LEVEL = 4
_ZSTD_LEVEL = 3
# zlib's window size, with 16 more for gzip's frame around it (zlib manual, deflateInit2).
_GZIP_WINDOW, _ZLIB_WINDOW = 31, 15


class _Plain:
    def compress(self, data: Any) -> Any:
        return data

    def flush(self) -> bytes:
        return b""


_MAKERS: dict[str, Callable[[], Any]] = {
    "zstd": lambda: zstandard.ZstdCompressor(level=_ZSTD_LEVEL).compressobj(),
    "gzip": lambda: zlib.compressobj(_ZLIB_LEVEL, zlib.DEFLATED, _GZIP_WINDOW),
    # HTTP's deflate has zlib's frame (RFC 9110, 8.4.1.2).
    "deflate": lambda: zlib.compressobj(_ZLIB_LEVEL, zlib.DEFLATED, _ZLIB_WINDOW),
    IDENTITY: _Plain,
}
CODINGS = tuple(name for name in _MAKERS if name != IDENTITY)
"""What is offered, the best first."""


def coding_of(name: str) -> Coding:
    """A compressor for one body."""
    made: Coding = _MAKERS[name]()
    return made
