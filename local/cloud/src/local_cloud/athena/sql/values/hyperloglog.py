"""HyperLogLog as airlift's stats library has it: sets by their hashes, and about how many there are.

P. Flajolet et al., "HyperLogLog" (2007), with the sparse form and the measured biases of S. Heule et
al., "HyperLogLog in Practice" (2013), as SparseHll, DenseHll and BiasCorrection have them.
"""

import math
import struct
from bisect import bisect_left
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path

from local_cloud.athena.sql.failures import QueryError, invalid_argument, not_supported
from local_cloud.athena.sql.values import java_math

_MASK = 2**64 - 1
# A sparse entry: 26 bits of the hash, and how many zeros follow.
_PREFIX, _ZERO_BITS = 26, 6
_SPARSE_V2, _DENSE_V2 = 2, 3
_MAX_DELTA = 15
_LINEAR_SHARE = 0.4
# For 4 to 16 bits: estimates, and by how much each was too high. Written by tests/conformance.
BIASES = Path(__file__).with_name("hyperloglog_biases.tsv")


def _zeros(hash_: int, bits: int) -> int:
    """Leading zeros behind the first `bits`."""
    rest = (hash_ << bits & _MASK) | 1 << (bits - 1)
    return 64 - rest.bit_length()


@dataclass(slots=True)
class HyperLogLog:
    """Sparse entries by prefix while there are few, else a value for each bucket."""

    bits: int
    entries: dict[int, int] = field(default_factory=dict)
    buckets: list[int] | None = None

    def add(self, hash_: int) -> None:
        if self.buckets is not None:
            index = hash_ >> (64 - self.bits)
            self.buckets[index] = max(self.buckets[index], _zeros(hash_, self.bits) + 1)
            return
        prefix, zeros = hash_ >> (64 - _PREFIX), _zeros(hash_, _PREFIX)
        self.entries[prefix] = max(self.entries.get(prefix, 0), zeros)
        # The array of entries has room for one, and then for ten more at a time.
        room = 1 + -(-(len(self.entries) - 1) // 10) * 10
        self._dense_if_larger(room)

    def add_all(self, hashes: Iterable[int]) -> "HyperLogLog":
        for one in hashes:
            self.add(one)
        return self

    def _dense_if_larger(self, room: int) -> None:
        # The sizes in memory of SparseHll and DenseHll, with the headers of their arrays.
        if 24 + 16 + 4 * room > 40 + 16 + 2**self.bits // 2:
            self.buckets = self._dense()

    def _dense(self) -> list[int]:
        if self.buckets is not None:
            return self.buckets
        made = [0] * 2**self.bits
        rest = _PREFIX - self.bits
        for prefix, zeros in self.entries.items():
            index, low = prefix >> rest, prefix & (1 << rest) - 1
            found = rest - low.bit_length() if low else rest + zeros
            made[index] = max(made[index], found + 1)
        return made

    def merge(self, other: "HyperLogLog") -> None:
        if self.bits != other.bits:
            raise QueryError(
                "GENERIC_INTERNAL_ERROR", "Cannot merge HLLs with different number of buckets"
            )
        if self.buckets is None and other.buckets is None:
            for prefix, zeros in other.entries.items():
                self.entries[prefix] = max(self.entries.get(prefix, 0), zeros)
            self._dense_if_larger(len(self.entries))
            return
        pairs = zip(self._dense(), other._dense(), strict=True)
        self.buckets = [max(a, b) for a, b in pairs]

    def cardinality(self) -> int:
        if self.buckets is None:
            total = 2**_PREFIX
            return _linear(total - len(self.entries), total)
        total = 2**self.bits
        empty = self.buckets.count(0)
        if empty > _LINEAR_SHARE * total:
            return _linear(empty, total)
        estimate = _alpha(self.bits) * total * total / sum(2.0**-one for one in self.buckets)
        return java_math.rounded(_unbiased(estimate, self.bits))

    def serialized(self) -> bytes:
        if self.buckets is None:
            entries = sorted(
                (prefix << _ZERO_BITS | zeros) for prefix, zeros in self.entries.items()
            )
            head = struct.pack("<bbh", _SPARSE_V2, self.bits, len(entries))
            return head + struct.pack(f"<{len(entries)}I", *entries)
        base = min(self.buckets)
        deltas = [min(one - base, _MAX_DELTA) for one in self.buckets]
        over = [i for i, one in enumerate(self.buckets) if one - base > _MAX_DELTA]
        packed = bytes(a << 4 | b for a, b in zip(deltas[::2], deltas[1::2], strict=True))
        return (
            struct.pack("<bbb", _DENSE_V2, self.bits, base)
            + packed
            + struct.pack(f"<H{len(over)}H", len(over), *over)
            + bytes(self.buckets[i] - base - _MAX_DELTA for i in over)
        )


def deserialized(data: bytes) -> HyperLogLog:
    tag, bits = data[0], data[1]
    if tag == _SPARSE_V2:
        (count,) = struct.unpack_from("<h", data, 2)
        entries = struct.unpack_from(f"<{count}I", data, 4)
        zeros = (1 << _ZERO_BITS) - 1
        return HyperLogLog(bits, {one >> _ZERO_BITS: one & zeros for one in entries})
    if tag != _DENSE_V2:
        raise not_supported("HyperLogLogs of other formats")
    base, half = data[2], 2**bits // 2
    buckets = [base + delta for byte in data[3 : 3 + half] for delta in (byte >> 4, byte & 15)]
    (count,) = struct.unpack_from("<H", data, 3 + half)
    over = struct.unpack_from(f"<{count}H", data, 5 + half)
    for place, more in zip(over, data[5 + half + 2 * count :], strict=True):
        buckets[place] += more
    return HyperLogLog(bits, {}, buckets)


def _linear(empty: int, total: int) -> int:
    return java_math.rounded(total * java_math.ln(total * 1.0 / empty))


def _alpha(bits: int) -> float:
    small = {4: 0.673, 5: 0.697, 6: 0.709}
    return small.get(bits) or 0.7213 / (1 + 1.079 / 2**bits)


@cache
def _biases() -> dict[int, tuple[list[float], list[float]]]:
    lines = (line.split("\t") for line in BIASES.read_text().splitlines())
    return {
        int(bits): ([*map(float, measured.split())], [*map(float, biases.split())])
        for bits, measured, biases in lines
    }


def _unbiased(estimate: float, bits: int) -> float:
    """DenseHll.correctBias: the biases are straight lines between the measured estimates."""
    measured, biases = _biases()[bits]
    if not measured[0] <= estimate <= measured[-1]:
        return estimate
    at = bisect_left(measured, estimate)
    if measured[at] == estimate:
        return estimate - biases[at]
    low, high = measured[at - 1], measured[at]
    rise = biases[at] - biases[at - 1]
    return estimate - ((estimate - low) * rise / (high - low) + biases[at - 1])


def bits_for(standard_error: float) -> int:
    """ApproximateCountDistinctAggregation.standardErrorToBuckets."""
    if not 0.0040625 <= standard_error <= 0.26:
        raise invalid_argument(
            f"Max standard error must be in [0.0040625, 0.26]: {standard_error}"
        )
    return (math.ceil(1.0816 / (standard_error * standard_error)) - 1).bit_length()
