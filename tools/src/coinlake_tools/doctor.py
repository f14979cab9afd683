"""`coinlake doctor`: what differs between raw, ledger, published objects and catalog. It only reads."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta

from coinlake.contracts.cloud import LEDGER_PREFIX
from coinlake.differences import Difference, Kind, Remedy, differences, hours_of
from coinlake.errors import ConfigError
from coinlake_tools.lake_day import DayReader, day_of

HOUR_MS = 3_600_000
PATIENCE_H = 6.0
"""How long something normal may last: an hour, its run, and a run that failed and is tried again."""
# More of one kind tell nothing that the first do not, and a lake of years has many.
_KEPT = 1000


@dataclass(frozen=True, slots=True)
class Judgement:
    """What is passed over: what is normal, until it lasts too long; raw that a rule has expired."""

    now_ms: int
    patience_h: float = PATIENCE_H
    raw_expires_days: float | None = None

    def is_late(self, one: Difference) -> bool:
        """Whether something normal has lasted too long."""
        is_old = one.since_ms is not None and self._age_h(one.since_ms) > self.patience_h
        return one.kind.remedy is Remedy.TIME and is_old

    def must_be_seen_to(self, one: Difference) -> bool:
        return one.kind.remedy is not Remedy.TIME or self.is_late(one)

    def has_expired(self, one: Difference) -> bool:
        """Whether a raw object is gone as the bucket's rule wants."""
        if one.kind is not Kind.INPUT_GONE or self.raw_expires_days is None or one.at is None:
            return False
        return self._age_h(one.at.end_ms) > self.raw_expires_days * 24

    def _age_h(self, then_ms: int) -> float:
        return (self.now_ms - then_ms) / HOUR_MS


@dataclass
class Diagnosis:
    """What a look found. `found` keeps the first of each kind, `counts` counts all of them."""

    judgement: Judgement
    days: list[str] = field(default_factory=list)
    hours: int = 0
    counts: Counter[Kind] = field(default_factory=Counter)
    late: Counter[Kind] = field(default_factory=Counter)
    found: list[Difference] = field(default_factory=list)
    expired: int = 0

    def add(self, differing: Iterable[Difference]) -> None:
        for one in differing:
            if self.judgement.has_expired(one):
                self.expired += 1
                continue
            self.counts[one.kind] += 1
            self.late[one.kind] += self.judgement.is_late(one)
            if self.counts[one.kind] <= _KEPT:
                self.found.append(one)

    @property
    def must_be_seen_to(self) -> int:
        """How many differences a person must see to."""
        faults = sum(n for kind, n in self.counts.items() if kind.remedy is not Remedy.TIME)
        return faults + sum(self.late.values())

    @property
    def exit_code(self) -> int:
        return 1 if self.must_be_seen_to else 0


async def diagnose(
    reader: DayReader,
    bucket: str,
    days: Sequence[str],
    feeds: Sequence[str],
    judgement: Judgement,
) -> Diagnosis:
    """Look at each day of each feed, one at a time. Raises TransientError where it cannot."""
    diagnosis = Diagnosis(judgement, list(days))
    for dt in days:
        for feed in feeds:
            hours = hours_of(await reader.look(feed, dt))
            diagnosis.hours += sum(hour.at is not None for hour in hours)
            for hour in hours:
                diagnosis.add(differences(hour, bucket))
    return diagnosis


class WholeLake:
    """All days of some feeds, and what is of no day."""

    def __init__(self) -> None:
        self._days: set[str] = set()
        self.strange: list[Difference] = []

    @property
    def days(self) -> list[str]:
        """Every day of which there is anything, oldest first."""
        return sorted(self._days)

    async def read(self, reader: DayReader, feeds: Iterable[str]) -> "WholeLake":
        """Ask which days there are. Raises TransientError."""
        for feed in feeds:
            found = await reader.everything(feed)
            self._days |= found.days
            for table, name in found.strange:
                self.strange.append(_of_no_day(feed, table, name))
        return self


def _of_no_day(feed: str, table: str | None, name: str) -> Difference:
    said = "is the folder of no day"
    if name.endswith("/"):
        kind = Kind.OBJECT_STRAY if table else Kind.RAW_STRAY
        kind = Kind.LEDGER_STRAY if name.startswith(LEDGER_PREFIX) else kind
        return Difference(kind, feed, None, table, name, said)
    said = f"{name} is registered, which is no day"
    return Difference(Kind.PARTITION_STRAY, feed, None, table, None, said)


def last_days(now_ms: int, count: int) -> list[str]:
    """Today and the days before it, oldest first (UTC)."""
    if count < 1:
        raise ConfigError(f"--days wants at least 1, not {count}")
    today = datetime.fromtimestamp(now_ms / 1000, UTC).date()
    return [(today - timedelta(days=n)).isoformat() for n in reversed(range(count))]


def day_named(dt: str) -> str:
    """A day as the partitions name it. Raises ConfigError where it is none."""
    if day_of(dt) is None:
        raise ConfigError(f"invalid day: {dt} (write it like 2026-11-22)")
    return dt
