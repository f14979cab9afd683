"""Keeps the bodies that were served, by hash, within a budget of bytes."""

from collections import OrderedDict
from enum import Enum

# Enough to tell "was here" from "never served" for every entry of a full ledger.
_REMEMBERED = 200_000


class MissingBody(Enum):
    """Why a body cannot be given."""

    EVICTED = "evicted"
    UNKNOWN = "unknown"


class Bodies:
    """Oldest out first; what was put out is still known by name."""

    def __init__(self, max_bytes: int) -> None:
        self._max_bytes = max_bytes
        self._bytes = 0
        self._kept: OrderedDict[str, bytes] = OrderedDict()
        self._gone: OrderedDict[str, None] = OrderedDict()

    @property
    def size(self) -> int:
        """Bytes kept now; never above the budget."""
        return self._bytes

    def put(self, sha256: str, body: bytes) -> None:
        """Keep it; a body larger than the whole budget is evicted at once."""
        if sha256 in self._kept:
            self._kept.move_to_end(sha256)
            return
        self._gone.pop(sha256, None)
        self._kept[sha256] = body
        self._bytes += len(body)
        while self._bytes > self._max_bytes:
            oldest, gone = self._kept.popitem(last=False)
            self._bytes -= len(gone)
            self._gone[oldest] = None
        while len(self._gone) > _REMEMBERED:
            self._gone.popitem(last=False)

    def get(self, sha256: str) -> bytes | MissingBody:
        if sha256 in self._kept:
            return self._kept[sha256]
        return MissingBody.EVICTED if sha256 in self._gone else MissingBody.UNKNOWN
