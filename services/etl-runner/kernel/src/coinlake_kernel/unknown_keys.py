"""Keys that no column knows, over the answers of an hour: how often, since when, and an example."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from coinlake.contracts.ledger import MAX_UNKNOWN_FIELDS, UnknownField

_MAX_TEXT = 100
_LATER = float("inf")


@dataclass(slots=True)
class _Seen:
    example: str
    first_ms: int | None
    last_ms: int | None


@dataclass(slots=True)
class UnknownKeys:
    """What was seen of each name."""

    _seen: dict[str, _Seen] = field(default_factory=dict)

    def add(self, examples: Mapping[str, str], received_ms: int | None) -> None:
        """Take an answer's unknown keys, each with the text of its first value."""
        for name, text in examples.items():
            seen = self._seen.get(name)
            if seen is None:
                self._seen[name] = _Seen(text, received_ms, received_ms)
            elif received_ms is not None:
                if received_ms < (_LATER if seen.first_ms is None else seen.first_ms):
                    seen.example, seen.first_ms = text, received_ms
                seen.last_ms = max(received_ms, seen.last_ms or 0)

    def told(self, tallies: Mapping[str, int]) -> tuple[UnknownField, ...]:
        """As the ledger tells them; `tallies` has how often each was there (`unknown:<name>`)."""
        counts = {name: tallies[f"unknown:{name}"] for name in self._seen}
        most = sorted(counts, key=lambda name: (-counts[name], name))[:MAX_UNKNOWN_FIELDS]
        return tuple(self._told(name, counts[name]) for name in most)

    def _told(self, name: str, rows: int) -> UnknownField:
        seen = self._seen[name]
        return UnknownField(
            shortened(name), rows, shortened(seen.example), seen.first_ms, seen.last_ms
        )


def shortened(text: str) -> str:
    """A text for people: what others send may be of any length."""
    return text if len(text) <= _MAX_TEXT else f"{text[: _MAX_TEXT - 1]}…"
