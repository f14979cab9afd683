"""The simulator's books over all its lives: every body that it served, and who asked for it."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from tests.compose.outside import Outside

Entry = dict[str, Any]


@dataclass(slots=True)
class Books:
    """The present life's ledger, and what was copied of earlier ones before they ended."""

    outside: Outside
    lost: Counter[str] = field(default_factory=Counter)
    _earlier: list[Entry] = field(default_factory=list)

    def close(self) -> None:
        """Copy the present ledger: the simulator's next life begins with an empty one.

        Nobody may ask the simulator meanwhile.
        """
        self._earlier += self.outside.served()

    def entries(self) -> list[Entry]:
        """One entry per answer to a poll, in the order in which they ended."""
        both = self._earlier + self.outside.served()
        return [entry for entry in both if entry["path"].startswith("/v3/")]


def hashes(entries: list[Entry], *, complete: bool = False) -> Counter[str]:
    """How often each body was served; `complete`: only where the client surely has all of it."""
    return Counter(entry["sha256"] for entry in entries if entry["complete"] or not complete)


def unnamed(lost: Counter[str], entries: list[Entry], gaps: list[Entry]) -> list[Entry]:
    """Polls whose answers died with the ingestor and that no named missed tick tells of."""
    missing = []
    for sha256, times in lost.items():
        polls = [entry for entry in entries if entry["sha256"] == sha256]
        told = [poll for poll in polls if any(_tells_of(gap, poll) for gap in gaps)]
        if len(told) < times:
            missing += [poll for poll in polls if poll not in told]
    return missing


def _tells_of(gap: Entry, poll: Entry) -> bool:
    """Whether a gap of the poll's page that blames a death covers its moment."""
    feed = poll["path"].removeprefix("/v3/")
    page = f"{feed}?{poll['query']}" if poll["query"] else feed
    covers: bool = gap["from_ms"] <= poll["wall_ms"] < gap["to_ms"] + gap["interval_ms"]
    return gap["page"] == page and gap["cause"] == "down" and covers
