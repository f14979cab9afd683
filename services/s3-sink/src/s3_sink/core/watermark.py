"""How far a stream is complete: what the producers' heartbeats promised, and nothing else."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from coinlake.contracts.headers import COMPLETE_TO, PRODUCER, complete_to_ms, text_headers
from coinlake.contracts.raw_index import Record


@dataclass(frozen=True, slots=True)
class Watermark:
    """The promises so far, in ms since the epoch, UTC.

    `floor` is what the chain says already. `required` are the producers that must all have
    promised; empty: any heartbeat counts.
    """

    required: frozenset[str] = frozenset()
    floor: int | None = None
    by_producer: Mapping[str, int] = field(default_factory=dict)

    @property
    def complete_to_ms(self) -> int | None:
        """The stream's position; it never goes back."""
        if self.required:
            known = [self.by_producer[name] for name in self.required & set(self.by_producer)]
            reached = min(known) if len(known) == len(self.required) else None
        else:
            reached = max(self.by_producer.values(), default=None)
        return max((at for at in (self.floor, reached) if at is not None), default=None)

    def after(self, records: Iterable[Record]) -> "Watermark":
        """The promises once these records are stored too."""
        latest = dict(self.by_producer)
        for record in records:
            carried = watermark_of(record)
            if carried is not None:
                producer = text_headers(record.headers).get(PRODUCER, "")
                latest[producer] = max(carried, latest.get(producer, carried))
        return Watermark(self.required, self.floor, latest)

    def at_least(self, floor: int | None) -> "Watermark":
        """The promises where another object of the chain has already told this position."""
        known = [at for at in (self.floor, floor) if at is not None]
        return Watermark(self.required, max(known, default=None), self.by_producer)


def watermark_of(record: Record) -> int | None:
    """What a heartbeat promises; None where the record is none."""
    if record.value is not None or not any(name == COMPLETE_TO for name, _ in record.headers):
        return None
    return complete_to_ms(record.headers)
