"""Keys that no column knows, as published hours have them: one log line for each, and a gauge."""

from coinlake import logs
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry
from etl_runner.metrics import EtlMetrics

log = logs.get(__name__)

# Names come from outside: an API that invents keys must not fill memory and log.
MAX_NAMES = 500


class UnknownFields:
    """Tells each name once in the life of the process."""

    def __init__(self, metrics: EtlMetrics) -> None:
        self._metrics = metrics
        self._told: set[tuple[str, str]] = set()
        self._newest: dict[str, Hour] = {}

    def published(self, entry: LedgerEntry) -> None:
        """Tell what is new in an hour that was committed; the gauge is about the newest hour."""
        for one in entry.unknown_fields:
            at = (entry.feed, one.name)
            if at in self._told or len(self._told) >= MAX_NAMES:
                continue
            self._told.add(at)
            log.warning(
                "unknown_field",
                feed=entry.feed,
                name=one.name,
                hour=entry.at.path,
                rows=one.rows,
                first_seen_ms=one.first_seen_ms,
            )
        # A late object rebuilds an old hour, which says nothing of what the API sends now.
        if entry.at >= self._newest.get(entry.feed, entry.at):
            self._newest[entry.feed] = entry.at
            self._metrics.unknown_names.labels(feed=entry.feed).set(len(entry.unknown_fields))
