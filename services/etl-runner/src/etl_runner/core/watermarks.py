"""How far each partition of a topic is promised to be complete."""

from coinlake.contracts.raw_layout import parse_raw_key
from coinlake.contracts.topics import TOPICS

# Producers' clocks are not ours; one that is further ahead is broken (chrony holds a host to
# milliseconds, a laptop that slept is seconds off).
AHEAD_MS = 60_000


class Promises:
    """The highest promise of each partition. Times are ms since the epoch, UTC."""

    def __init__(self) -> None:
        self._complete_to: dict[tuple[str, int], int] = {}
        self._seen: dict[str, set[int]] = {}

    def promised(
        self, topic: str, partition: int, complete_to_ms: int | None, now_ms: int
    ) -> bool:
        """Take a promise from an object's metadata or an announcement; it only rises.

        False where it is of a time that has not come: nobody can promise what was not received,
        so a clock is broken, and the promise is not believed before its time.
        """
        self.seen(topic, partition)
        if complete_to_ms is None:
            return True
        if complete_to_ms > now_ms + AHEAD_MS:
            return False
        known = self._complete_to.get((topic, partition), complete_to_ms)
        self._complete_to[topic, partition] = max(known, complete_to_ms)
        return True

    def seen(self, topic: str, partition: int) -> None:
        """A partition that has records: from now on nothing is complete without its promise."""
        self._seen.setdefault(topic, set()).add(partition)

    def seen_in(self, raw_key: str) -> None:
        """The same by the key of a raw object."""
        named = parse_raw_key(raw_key)
        if named is not None:
            self.seen(named.topic, named.partition)

    def watermark_ms(self, topic: str) -> int | None:
        """Up to where every partition of a topic is complete; None where one has not promised."""
        partitions = self.partitions(topic)
        found = [self._complete_to.get((topic, number)) for number in partitions]
        known = [ms for ms in found if ms is not None]
        return min(known) if known and len(known) == len(found) else None

    def partitions(self, topic: str) -> set[int]:
        """Those that the topic is made with, and those that were seen beside them."""
        made = TOPICS[topic].partitions if topic in TOPICS else 0
        return {*range(made), *self._seen.get(topic, ())}
