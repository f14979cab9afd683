"""What must be true of the chain in every moment: from what came in to what is told to be complete."""

from __future__ import annotations

import json
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import lru_cache

from coinlake.contracts.announcements import Landed
from coinlake.contracts.cloud import CURATED_PREFIX, LEDGER_PREFIX
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.headers import POLL_ID, SHA256, complete_to_ms, text_headers
from coinlake.contracts.hours import Hour, hour_of
from coinlake.contracts.ledger import LedgerEntry, curated_key, parse_entry
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RAW_PREFIX, parse_raw_key
from coinlake.contracts.raw_meta import parse_raw_meta
from coinlake.contracts.topics import GAPS
from etl_runner.core.hours import FeedHour
from ingestor.core.page import Page
from ingestor.core.ports import ApiAnswer
from s3_sink.core.ports import Commit, Partition
from s3_sink.core.start import Start
from tests.labs.bucket import Bucket, Stored
from tests.labs.sim_chain.glue import row_of
from tests.labs.sim_chain.ingestor import WITH_TABLES

FEED_OF = {TABULAR[name].topic: name for name in WITH_TABLES}
Named = tuple[str, str]
"""An answer as the tables know it: its key, and the hash of its value."""


@lru_cache(maxsize=256)
def rows_of(body: bytes) -> frozenset[Named]:
    """The answers that a published object has rows of."""
    return frozenset((row[0], row[1]) for row in json.loads(body))


@dataclass(frozen=True)
class Sent:
    """An answer as it first came to Kafka."""

    partition: Partition
    record: Record
    named: Named
    hour: Hour


class Hints:
    """Hears the sinks: what they announce goes on to the runners."""

    def __init__(self, tell: Callable[[Landed], None]) -> None:
        self._tell = tell

    def told(self, name: str, landed: Landed) -> None:
        self._tell(landed)

    def started(self, name: str, partition: int, link: int) -> None:
        """Who owes an announcement is the business of the sink's own world."""

    def let_go(self, name: str, partition: int) -> None:
        """As above."""


@dataclass
class Heard:
    """A body that an ingestor has got in whole."""

    who: str
    key: str
    body: bytes


@dataclass
class Oracle:
    """Watches API, broker and bucket. `violations` is empty in a good run."""

    note: Callable[[str], None]
    reached: Callable[[str], None]
    counts: Callable[[str], bool]
    now_ms: Callable[[], int]
    announcements: Hints
    bucket: Bucket = field(init=False)
    violations: list[str] = field(default_factory=list)
    heard: list[Heard] = field(default_factory=list)
    answered: Counter[tuple[str, bytes]] = field(default_factory=Counter)
    """Bodies, by page and bytes, that the ingestors took for answered: from then on they count."""
    sent: dict[str, Sent] = field(default_factory=dict)
    """By poll id."""
    commits: int = 0
    heads: dict[FeedHour, LedgerEntry] = field(default_factory=dict)
    _promised: dict[Partition, int] = field(default_factory=dict)
    _stored_to: defaultdict[tuple[str, int], int] = field(
        default_factory=lambda: defaultdict(int)
    )

    def blame(self, kind: str, text: str) -> None:
        """Something is not as promised."""
        if self.counts(kind):
            self.note(f"VIOLATION {kind}: {text}")
            self.violations.append(f"{kind}: {text}")

    # The ingestor.

    def hears(self, who: str, key: str, answer: ApiAnswer) -> None:
        self.heard.append(Heard(who, key, answer.body))

    def answers(self, page: Page, answer: ApiAnswer) -> None:
        self.answered[page.key, answer.body] += 1

    # Kafka.

    def appended(self, partition: Partition, record: Record) -> None:
        """A record has its offset: no promise that was made before may speak against it."""
        if record.value is None:
            told_ms = complete_to_ms(record.headers) or 0
            self._promised[partition] = max(told_ms, self._promised.get(partition, 0))
            return
        if partition.topic == GAPS:
            return
        headers = text_headers(record.headers)
        poll_id, (key, digest, _) = headers[POLL_ID], row_of(record.key, record.value, "")
        if headers[SHA256] != digest:
            self.blame("bytes", f"poll {poll_id} says another hash than that of its value")
        first = self.sent.get(poll_id)
        one = Sent(partition, record, (key, digest), hour_of(record.timestamp_ms))
        if first is not None:
            self._again(first, one)
            return
        self.sent[poll_id] = one
        if one.hour < hour_of(self.now_ms()):
            self.reached("late replay")
        told_ms = self._promised.get(partition, 0)
        if record.timestamp_ms < told_ms:
            self.blame("promise", f"poll {poll_id} is {told_ms - record.timestamp_ms} ms late")

    def _again(self, first: Sent, one: Sent) -> None:
        self.reached("answer twice in Kafka")
        if (first.named, first.record.timestamp_ms) != (one.named, one.record.timestamp_ms):
            self.blame("bytes", f"one poll has two answers: {first.named} and {one.named}")

    def committed(self, member: str, partition: Partition, commit: Commit) -> None:
        """A commit never speaks of more than what is stored."""
        stored_to = self._stored_to[partition.topic, partition.number]
        if commit.offset > stored_to:
            self.blame("ahead", f"{member} commits {commit.offset}, stored is {stored_to}")

    def started(self, partition: Partition, start: Start) -> None:
        """The sink's own world looks at starts."""

    # The bucket.

    def landed(self, key: str, stored: Stored, replaced: bool) -> None:
        if key.startswith(RAW_PREFIX):
            self._raw(key, stored, replaced)
        elif key.startswith(CURATED_PREFIX):
            self._published(key, stored)
        elif key.startswith(LEDGER_PREFIX):
            self._entry(key, stored, replaced)

    def _raw(self, key: str, stored: Stored, replaced: bool) -> None:
        raw, meta = parse_raw_key(key), parse_raw_meta(stored.metadata)
        if raw is None or meta is None or replaced:
            self.blame("raw", f"{key} is foreign, or was overwritten")
            return
        self.note(f"bucket: {key} [{meta.link}, {meta.next_offset}) of {meta.writer}")
        at = (raw.topic, raw.partition)
        self._stored_to[at] = max(self._stored_to[at], meta.next_offset)
        feed = FEED_OF.get(raw.topic)
        if feed is not None and meta.values and FeedHour(feed, raw.hour) in self.heads:
            self.reached("late object")

    def _published(self, key: str, stored: Stored) -> None:
        rows = json.loads(stored.body)
        if len(rows) != len(rows_of(stored.body)):
            self.blame("doubled", f"{key} has rows twice")

    def _entry(self, key: str, stored: Stored, replaced: bool) -> None:
        entry = parse_entry(stored.body)
        hour = FeedHour(entry.feed, entry.at)
        before = self.heads.get(hour)
        self.commits += 1
        self.note(f"ledger: {hour} version {entry.version}, complete: {entry.complete}")
        if replaced or entry.version != (1 if before is None else before.version + 1):
            self.blame("ledger", f"{key} comes after {before and before.version}")
        if entry.version == 2:
            self.reached("second version")
        self.heads[hour] = entry
        told_ms = entry.watermark_ms or 0
        if entry.complete:
            self.reached("complete hour")
        for one in self.sent.values():
            if FEED_OF.get(one.partition.topic) != entry.feed:
                continue
            is_told = one.record.timestamp_ms < told_ms or (
                entry.complete and one.hour == entry.at
            )
            if is_told and one.named not in self.published(entry.feed, one.hour):
                self.blame(
                    "early",
                    f"{hour} is committed (complete: {entry.complete}, all to {told_ms}), "
                    f"{one.partition} {one.record.offset} is in no table",
                )

    def published(self, feed: str, hour: Hour) -> frozenset[Named]:
        """The answers of which an hour of a feed has rows now."""
        there = self.bucket.objects.get(curated_key(TABULAR[feed].published[0], hour))
        return frozenset() if there is None else rows_of(there.body)

    def of_hours(self) -> dict[FeedHour, set[Named]]:
        """The answers in Kafka that must be published, by the hour that they belong to."""
        found: defaultdict[FeedHour, set[Named]] = defaultdict(set)
        for one in self.sent.values():
            feed = FEED_OF.get(one.partition.topic)
            if feed is not None:
                found[FeedHour(feed, one.hour)].add(one.named)
        return dict(found)

    def unjournaled(self) -> Iterator[Heard]:
        """Bodies that were got in whole and never came to Kafka."""
        there = Counter((one.named[0], one.record.value or b"") for one in self.sent.values())
        for one in self.heard:
            if there[one.key, one.body] > 0:
                there[one.key, one.body] -= 1
            else:
                yield one
