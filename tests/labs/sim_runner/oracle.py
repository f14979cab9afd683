"""What must be true of the bucket, checked at the moment that something lands there."""

import json
from collections.abc import Callable

from coinlake.contracts.batches import parse_manifest
from coinlake.contracts.cloud import CURATED_PREFIX, LEDGER_PREFIX
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour, parse_hour
from coinlake.contracts.ledger import (
    LedgerEntry,
    curated_key,
    ledger_key,
    ledger_prefix,
    parse_entry,
)
from coinlake.contracts.raw_layout import RAW_PREFIX, topic_prefix
from etl_runner.core.hours import FeedHour
from tests.labs.bucket import Bucket, Stored
from tests.labs.sim.wire import is_late

MAIN = {feed: dataset.published[0] for feed, dataset in TABULAR.items()}


class Oracle:
    """Watches every PUT. `violations` is empty in a good run."""

    def __init__(
        self,
        note: Callable[[str], None],
        reached: Callable[[str], None],
        promised_ms: Callable[[str], int],
        ignores: frozenset[str] = frozenset(),
    ) -> None:
        self._note = note
        self._reached = reached
        self._promised_ms = promised_ms
        self._ignores = ignores
        self.bucket: Bucket | None = None
        self.violations: list[str] = []
        self.raw: dict[tuple[str, str], list[str]] = {}
        """The ids of each raw object that there ever was, by key and ETag."""
        self.versions: dict[FeedHour, dict[int, str]] = {}
        """The batch of each version that was ever committed."""
        self.touched: set[FeedHour] = set()
        """Hours at which a hand was laid: what is published may differ for a while."""
        self.on_time: set[tuple[str, str]] = set()
        """Raw objects that landed before their hour could be held for closed."""
        self.close_age_ms = 0
        self.now_ms: Callable[[], int] = lambda: 0
        self.commits = 0
        self.published: Callable[[FeedHour], None] = lambda _: None

    def blame(self, kind: str, text: str) -> None:
        """Something is not as promised."""
        if kind not in self._ignores:
            self._note(f"VIOLATION {kind}: {text}")
            self.violations.append(f"{kind}: {text}")

    def landed(self, key: str, stored: Stored, replaced: bool) -> None:
        if key.startswith(RAW_PREFIX):
            self.raw[key, stored.etag] = json.loads(stored.body)
            if not self._is_late(key):
                self.on_time.add((key, stored.etag))
        elif key.startswith(CURATED_PREFIX):
            self._published(key, stored)
        elif key.startswith(LEDGER_PREFIX):
            self._committed(key, stored, replaced)

    def _is_late(self, key: str) -> bool:
        _, topic, dt, hour, _ = key.split("/")
        at = parse_hour(f"{dt}/{hour}")
        if at is None:
            return True
        is_old = self.now_ms() >= at.end_ms + self.close_age_ms
        return is_old or self._promised_ms(topic) >= at.end_ms

    def live(self, feed: str, boundary: Hour) -> None:
        """A live view reads the tables up to here: no answer of these hours may be missing there."""
        assert self.bucket is not None
        prefix = topic_prefix(TABULAR[feed].topic)
        heads: dict[Hour, LedgerEntry | None] = {}
        for key, stored in self.bucket.objects.items():
            if not key.startswith(prefix) or (key, stored.etag) not in self.on_time:
                continue
            at = parse_hour("/".join(key.split("/")[2:4]))
            if at is None or at > boundary or not self.raw[key, stored.etag]:
                continue
            if FeedHour(feed, at) in self.touched:
                continue
            if at not in heads:
                heads[at] = self._head(FeedHour(feed, at))
            head = heads[at]
            is_in = head is not None and (
                head.closed_by != "open" or key in {one.key for one in head.inputs}
            )
            if not is_in:
                self.blame("live gap", f"{feed} is live after {boundary.path}, without {key}")

    def _head(self, hour: FeedHour) -> LedgerEntry | None:
        assert self.bucket is not None
        prefix = ledger_prefix(hour.feed, hour.at)
        keys = [key for key in self.bucket.objects if key.startswith(prefix)]
        return parse_entry(self.bucket.objects[max(keys)].body) if keys else None

    def _published(self, key: str, stored: Stored) -> None:
        _, table, dt, hour, _ = key.split("/")
        at = parse_hour(f"{dt}/{hour}")
        feed = next(name for name, main in MAIN.items() if table in TABULAR[name].published)
        batch_id = stored.metadata.get("batch_id", "")
        assert at is not None
        rows = json.loads(stored.body)
        self._note(f"bucket: {key} version {stored.metadata.get('version')} of {batch_id[:6]}")
        if len(rows) != len(set(rows)):
            self.blame("doubled", f"{key} has rows twice")
        if table == MAIN[feed] and sorted(rows) != self._wanted(feed, at, batch_id):
            self.blame(
                "partial", f"{key} has not the rows of what {batch_id[:6]} was frozen from"
            )

    def _wanted(self, feed: str, at: Hour, batch_id: str) -> list[str]:
        assert self.bucket is not None
        found = self.bucket.objects.get(f"batches/{batch_id}/manifest.json")
        if found is None:
            return ["no manifest"]
        for hour in parse_manifest(found.body).hours:
            if (hour.feed, hour.at) == (feed, at):
                ids = [self.raw[item.key, item.etag] for item in hour.inputs]
                return sorted(one for some in ids for one in some)
        return ["not in the manifest"]

    def _committed(self, key: str, stored: Stored, replaced: bool) -> None:
        entry = parse_entry(stored.body)
        hour = FeedHour(entry.feed, entry.at)
        known = self.versions.setdefault(hour, {})
        self.commits += 1
        self.published(hour)
        self._note(f"ledger: {hour} version {entry.version} of {entry.batch_id[:6]}")
        if replaced:
            self.blame("overwritten", f"{key} was overwritten")
        if entry.version > 1 and entry.version - 1 not in known:
            self.blame("gap", f"{hour} has version {entry.version} and no {entry.version - 1}")
        if entry.version in known and hour not in self.touched:
            self.blame("twice", f"{hour} has version {entry.version} twice")
        known[entry.version] = entry.batch_id
        if entry.complete:
            self._reached("complete hour")
            self._closed_afterwards(hour, entry)
            promised_ms = self._promised_ms(TABULAR[entry.feed].topic)
            if promised_ms < entry.at.end_ms:
                self.blame("early", f"{hour} is complete, and the stream only to {promised_ms}")
        self._is_published(hour, entry)

    def _closed_afterwards(self, hour: FeedHour, entry: LedgerEntry) -> None:
        assert self.bucket is not None
        before = self.bucket.objects.get(ledger_key(hour.feed, hour.at, entry.version - 1))
        if before is None or hour in self.touched:
            return
        older = parse_entry(before.body)
        if not older.complete and older.inputs == entry.inputs:
            self._reached("closed afterwards")

    def _is_published(self, hour: FeedHour, entry: LedgerEntry) -> None:
        assert self.bucket is not None
        for output in entry.outputs:
            there = self.bucket.objects.get(curated_key(output.table, entry.at))
            is_there = there is not None and there.etag == output.etag
            if is_there or hour in self.touched or self._is_newer(there, entry):
                continue
            if is_late.get() and self._is_of_next(there, entry):
                # Two requests of two batches that both come late: the next batch has replaced what
                # this entry names, which its runner had given up. The next pass sees it and mends it.
                self._note(f"{hour} version {entry.version} was committed late")
                continue
            self.blame("unpublished", f"{hour} is committed, {output.table} is not published")

    @staticmethod
    def _is_of_next(there: Stored | None, entry: LedgerEntry) -> bool:
        """Whether another batch of the same version has put it."""
        return there is not None and there.metadata.get("version") == str(entry.version)

    @staticmethod
    def _is_newer(there: Stored | None, entry: LedgerEntry) -> bool:
        version = "0" if there is None else there.metadata.get("version", "0")
        return int(version) > entry.version
