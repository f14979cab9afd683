"""One byte budget over fetched, open, compressed and in-flight records: when to pause."""

from dataclasses import dataclass

# Resume well below the mark, or each poll would pause and resume all partitions.
_RESUME_AT = 0.7
# JSON of the kind that CoinCap sends is packed by producers to about a quarter.
_UNPACKED = 4


@dataclass(frozen=True, slots=True)
class Budget:
    """`max_bytes` over all stages; `fetch_bytes` per partition may arrive once more after a pause."""

    max_bytes: int
    fetch_bytes: int

    def mark(self, partitions: int) -> int:
        """Held bytes at which fetching pauses, so that what is on its way still fits."""
        return max(
            self.max_bytes // 4, self.max_bytes - partitions * self.fetch_bytes * _UNPACKED
        )

    def is_held(self, weight: int, partitions: int, was_held: bool) -> bool:
        """Whether one partition is to wait, so that its trouble leaves room for the others."""
        share = self.mark(partitions) // (2 if partitions > 1 else 1)
        return weight >= (share * _RESUME_AT if was_held else share)

    def is_paused(self, held_bytes: int, partitions: int, was_paused: bool) -> bool:
        """Whether fetching is to be paused now."""
        mark = self.mark(partitions)
        return held_bytes >= (mark * _RESUME_AT if was_paused else mark)
