"""The ledger: every body that was served, so that tests can ask where each of them is now."""

from collections import Counter, deque
from collections.abc import Iterator, Set
from dataclasses import dataclass, replace

OTHER_FEED = "other"
SIMULATED_FEEDS = frozenset({"assets", "rates", "exchanges", "markets"})


@dataclass(frozen=True, slots=True)
class ServedEntry:
    """One answer. `sha256` and `bytes` are of the decoded body, whatever the transport did.

    `complete`: the whole body was written and the connection was still there after the last
    byte had left our buffers. `at_ms` is the simulated clock, `wall_ms` the machine's.
    """

    at_ms: int
    wall_ms: int
    method: str
    path: str
    query: str
    status: int
    sha256: str
    bytes: int
    complete: bool
    key: str | None
    scripted: bool
    seq: int = 0


class ServedLedger:
    """The last entries in the order in which they ended; numbers start at 1 and have no holes.

    `recorded` are the routes of recorded answers: each is counted as a feed, too.
    """

    def __init__(self, kept: int, recorded: Set[str] = frozenset()) -> None:
        self._feeds = SIMULATED_FEEDS | recorded
        self._entries: deque[ServedEntry] = deque(maxlen=kept)
        self._last_seq = 0
        self._bytes = 0
        self._complete = 0
        self._by_status: Counter[int] = Counter()
        self._by_feed: Counter[str] = Counter()

    def add(self, served: ServedEntry) -> ServedEntry:
        """Give it the next number; forget the oldest entry when full."""
        self._last_seq += 1
        entry = replace(served, seq=self._last_seq)
        self._entries.append(entry)
        self._bytes += entry.bytes if entry.complete else 0
        self._complete += entry.complete
        self._by_status[entry.status] += 1
        self._by_feed[feed(entry.path, self._feeds)] += 1
        return entry

    def since(self, seq: int) -> Iterator[ServedEntry]:
        """Entries numbered above `seq`, oldest first; those forgotten are missing."""
        return (entry for entry in tuple(self._entries) if entry.seq > seq)

    def summary(self) -> dict[str, object]:
        """Counts since the start, also of what was forgotten."""
        return {
            "count": self._last_seq,
            "complete": self._complete,
            "incomplete": self._last_seq - self._complete,
            "complete_bytes": self._bytes,
            "by_status": {str(status): n for status, n in sorted(self._by_status.items())},
            "by_feed": dict(sorted(self._by_feed.items())),
            "first_seq": self._entries[0].seq if self._entries else None,
            "last_seq": self._last_seq,
            "forgotten": self._last_seq - len(self._entries),
        }


def feed(path: str, feeds: Set[str] = SIMULATED_FEEDS) -> str:
    """`assets` for `/v3/assets`, and so on; what is no feed's route is `other`."""
    version, _, route = path.strip("/").partition("/")
    return route if version == "v3" and route in feeds else OTHER_FEED
