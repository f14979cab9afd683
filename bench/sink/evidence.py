"""Counts what is stored: objects read back, unpacked, and compared with the topic."""

from dataclasses import dataclass

from isal import igzip

from bench.sink.corpus import Tally, number_of
from bench.sink.store import Objects


@dataclass(frozen=True, slots=True)
class Evidence:
    """What a writer left. `foreign` are lines that are no value of the topic."""

    objects: int
    stored_bytes: int
    lines: int
    lost: int
    doubled: int
    foreign: int
    is_equal: bool

    @property
    def verdict(self) -> str:
        """In words: `all, once`, or what is wrong."""
        wrong = [
            f"{count} {name}"
            for name, count in (
                ("lost", self.lost),
                ("doubled", self.doubled),
                ("foreign", self.foreign),
            )
            if count
        ]
        if wrong:
            return ", ".join(wrong)
        return "all, once" if self.is_equal else "bytes differ"


def examine(store: Objects, bucket: str, expected: Tally) -> Evidence:
    """Read a bucket back. What does not end in .gz (a marker, a manifest) is not data."""
    seen = bytearray(expected.values)
    tally = Tally()
    objects = stored = foreign = doubled = 0
    for item in store.objects(bucket):
        if not item.key.endswith(".gz"):
            continue
        objects += 1
        stored += item.size
        for line in _lines(igzip.decompress(store.read(bucket, item.key))):
            tally.add(line)
            number = number_of(line)
            if number is None or number >= expected.values:
                foreign += 1
            elif seen[number]:
                doubled += 1
            else:
                seen[number] = 1
    lost = expected.values - sum(seen)
    return Evidence(objects, stored, tally.values, lost, doubled, foreign, tally == expected)


def _lines(body: bytes) -> list[bytes]:
    lines = body.split(b"\n")
    # The newline ends a line: after the last one there is nothing.
    return lines[:-1] if lines[-1] == b"" else lines
