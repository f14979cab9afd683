"""A raw zone of days or years, made of names and metadata alone, and audits of it."""

from collections import Counter
from dataclasses import dataclass, field
from datetime import date, timedelta

from coinlake.contracts.epochs import Epoch
from coinlake.contracts.hours import Hour, hour_of
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey, epoch_key
from coinlake.contracts.raw_meta import RawMeta
from coinlake_tools.audit import PROVEN_AGAIN_A_DAY, Audit
from coinlake_tools.audit_verdict import Verdict
from tests.labs.bucket import BucketStore, Stored
from tests.labs.counted import Counted, counted_store
from tests.unit.coinlake_tools.lake import TOPIC, TOPIC_ID, FakeLakeLog

LAST = date(2026, 11, 22)
DAY_MS = 86_400_000
NOON = "12"
SIZE = 10
"""Offsets of an object; each day has two, at 6 and at 12 o'clock."""


@dataclass
class Years:
    """So many days up to noon of the last; Kafka has the last two days."""

    days: int
    store: BucketStore
    network: Counted
    log: FakeLakeLog = field(default_factory=FakeLakeLog)
    end: int = 0
    today: date = LAST

    def __post_init__(self) -> None:
        self.bucket = self.store.bucket
        epoch = Epoch(TOPIC, 1, {0: 0}, "test", 0, TOPIC_ID)
        self.bucket.put(epoch_key(TOPIC, 1), epoch.encode(), {})
        self.log.logs[0] = []
        for n in range(self.days):
            self._live(LAST - timedelta(days=self.days - 1 - n))
        self._expire()

    @property
    def now_ms(self) -> int:
        return Hour(self.today.isoformat(), NOON).end_ms

    def next_day(self, days: int = 1) -> None:
        for _ in range(days):
            self.today += timedelta(days=1)
            self._live(self.today)
        self._expire()

    def put(self, hour: Hour, link: int, *, kafka: bool = True, **said: int) -> str:
        """The next object of the chain, in this hour, and its records in Kafka."""
        meta = {
            "link": link,
            "first_offset": link,
            "next_offset": link + SIZE,
            "records": SIZE,
            "values": SIZE,
            "min_timestamp_ms": hour.start_ms,
            "max_timestamp_ms": hour.start_ms + 1,
            "complete_to_ms": link,
        } | said
        told = RawMeta(**meta, sha256="0" * 64, writer="test").encode()
        key = str(RawKey(TOPIC, hour, 1, 0, link))
        self.bucket.objects[key] = Stored(b"", f"etag of {key}", told, hour.start_ms)
        if kafka:
            self.log.logs[0] += [
                Record(link + n, hour.start_ms, None, b"v") for n in range(SIZE)
            ]
            self.end = link + SIZE
        return key

    def key(self, day: int, which: int = 0) -> str:
        """An object of a day, counted from the first."""
        dt = (LAST - timedelta(days=self.days - 1 - day)).isoformat()
        return str(RawKey(TOPIC, Hour(dt, ("06", NOON)[which]), 1, 0, (2 * day + which) * SIZE))

    def replace(self, key: str, **said: str) -> None:
        """The same name and metadata, other bytes."""
        old = self.bucket.objects[key]
        self.bucket.objects[key] = Stored(b"x", "other", {**old.metadata, **said}, 99)

    async def audit(self, again: int | None = PROVEN_AGAIN_A_DAY, **more: bool) -> Verdict:
        self.network.calls.clear()
        auditing = Audit(
            self.store,
            self.log,
            deep=False,
            wait_s=0.0,
            again=again,
            now_ms=lambda: self.now_ms,
            **more,
        )
        return await auditing.run([TOPIC], lambda _: None)

    @property
    def calls(self) -> Counter[str]:
        return Counter(self.network.calls)

    def _live(self, day: date) -> None:
        for hour in ("06", NOON):
            self.put(Hour(day.isoformat(), hour), self.end)

    def _expire(self) -> None:
        """Two days are kept."""
        first = hour_of(self.now_ms - 2 * DAY_MS).start_ms
        self.log.logs[0] = [one for one in self.log.logs[0] if one.timestamp_ms >= first]
        self.log.starts[0] = self.log.logs[0][0].offset


def years(days: int) -> Years:
    return Years(days, *counted_store())
