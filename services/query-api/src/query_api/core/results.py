"""A bounded memory of finished answers: so many, and so many bytes; who was asked last stays."""

from collections import OrderedDict
from dataclasses import dataclass
from typing import Generic, TypeVar

Answer = TypeVar("Answer")


@dataclass(frozen=True, slots=True)
class ResultLimits:
    """How much is kept. `max_bytes` 0 keeps nothing."""

    max_entries: int
    max_bytes: int


class KeptResults(Generic[Answer]):
    """Answers by question. An answer of more than a quarter of all bytes is not kept."""

    def __init__(self, limits: ResultLimits) -> None:
        self._limits = limits
        self._kept: OrderedDict[bytes, tuple[Answer, int]] = OrderedDict()
        self.size_bytes = 0

    def __len__(self) -> int:
        return len(self._kept)

    def get(self, key: bytes) -> Answer | None:
        """The answer to a question; None where there is none any more."""
        found = self._kept.get(key)
        if found is None:
            return None
        self._kept.move_to_end(key)
        return found[0]

    def put(self, key: bytes, answer: Answer, size_bytes: int) -> None:
        """Keep an answer, and drop those that were not asked for the longest."""
        self.drop(key)
        if size_bytes * 4 > self._limits.max_bytes:
            return
        self._kept[key] = (answer, size_bytes)
        self.size_bytes += size_bytes
        while (
            len(self._kept) > self._limits.max_entries
            or self.size_bytes > self._limits.max_bytes
        ):
            self.drop(next(iter(self._kept)))

    def drop(self, key: bytes) -> None:
        """Forget an answer; fine where it is not there."""
        found = self._kept.pop(key, None)
        if found is not None:
            self.size_bytes -= found[1]
