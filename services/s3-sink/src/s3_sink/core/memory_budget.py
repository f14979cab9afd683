"""One byte budget over fetched, open, compressed and in-flight records: when to pause."""

from dataclasses import dataclass

# Resume well below the mark, or each poll would pause and resume all partitions.
_RESUME_AT = 0.7
# What a fetched byte takes before it is in a part. JSON of the kind that CoinCap sends is packed by
# producers to about a quarter; the answer itself is there three times while it is taken apart.
_UNPACKED = 4
_COPIES = 3
# Of the budget: what fetching may take, and what the allocator loses between records of all sizes.
_FETCHING = 0.3
_WASTE = 0.2
# Enough for thousands of records a poll. The blocks that it takes stay below what the heap gives back
# to the system at once: with 16 MiB the sink spent a tenth of its time on fresh pages, as measured
# (ADR 0040).
_MOST_AT_ONCE = 2 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class MemoryBudget:
    """`max_bytes` over all stages; a fetch brings at most `fetch_bytes` of one partition."""

    max_bytes: int
    fetch_bytes: int

    @property
    def request_bytes(self) -> int:
        """What all fetches that are under way together may bring, bytes as on the wire."""
        affordable = int(self.max_bytes * _FETCHING) // (_UNPACKED + _COPIES)
        return max(1, min(affordable, _MOST_AT_ONCE))

    @property
    def unpacked_bytes(self) -> int:
        """What one poll may hand out, unpacked; a batch that is bigger comes record by record."""
        return self.request_bytes * _UNPACKED

    def mark(self, partitions: int) -> int:
        """Held bytes at which fetching pauses, so that what is on its way still fits."""
        fetched = min(partitions * self.fetch_bytes, self.request_bytes)
        usable = int(self.max_bytes * (1 - _WASTE))
        return max(1, usable - fetched * (_UNPACKED + _COPIES))

    def is_held(self, weight: int, partitions: int, was_held: bool) -> bool:
        """Whether one partition is to wait, so that its trouble leaves room for the others."""
        share = self.mark(partitions) // (2 if partitions > 1 else 1)
        return weight >= (share * _RESUME_AT if was_held else share)

    def is_paused(self, held_bytes: int, partitions: int, was_paused: bool) -> bool:
        """Whether fetching is to be paused now."""
        mark = self.mark(partitions)
        return held_bytes >= (mark * _RESUME_AT if was_paused else mark)
