"""Time zones as Trino 476 knows them: what each zone's clocks show, from `zones_476.tsv`.

`tests/conformance/Zones.java` prints that file from the two libraries that Trino asks: Joda-Time,
which computes, and java.time, which reads and writes texts. A line has the names of zones that
are alike (`=` what Joda-Time calls it); their offsets in seconds ("?" where the libraries
disagree); the changes as a span of time since the one before (the first since 1970) and the letter
of the offset from then on; and the changes that return every year. Spans are in base 36: quarters
of an hour, or seconds behind a plus sign. The last lines have names that only a library knows.

Moments here are seconds since 1970-01-01 UTC, local times seconds since 1970-01-01 00:00.
"""

from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, lru_cache
from importlib import resources

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.values.calendar import date_of, day_of_week, days_of

DAY_S = 86_400
# Changes that return every year are listed up to this year, and computed beyond it.
_LISTED_UNTIL = 2101


@dataclass(frozen=True, slots=True)
class Yearly:
    """A change on the same day of every year (java.time's ZoneOffsetTransitionRule).

    On the first `weekday` (0: any) from that day on, or back from that day before the month's
    end; `seconds` after that day's midnight in UTC.
    """

    month: int
    day: int
    weekday: int
    seconds: int
    offset: int

    def at(self, year: int) -> int:
        if self.day < 0:
            following = days_of(year + self.month // 12, self.month % 12 + 1, 1)
            days = following + self.day
            days -= (day_of_week(days) - self.weekday) % 7 if self.weekday else 0
        else:
            days = days_of(year, self.month, self.day)
            days += (self.weekday - day_of_week(days)) % 7 if self.weekday else 0
        return days * DAY_S + self.seconds


@dataclass(frozen=True, slots=True)
class Change:
    """Clocks go from one offset to another; None is an offset that cannot be told."""

    at: int
    before: int | None
    after: int | None


@dataclass(frozen=True, slots=True)
class Zone:
    """One zone's offsets: `offsets[i]` holds from `starts[i - 1]` on."""

    name: str
    starts: tuple[int, ...]
    offsets: tuple[int | None, ...]
    yearly: tuple[Yearly, ...] = ()

    @property
    def fixed(self) -> bool:
        return not self.starts

    def offset(self, moment: int) -> int:
        """How many seconds the clocks are ahead of UTC."""
        if self.yearly and moment >= self.starts[-1]:
            found = self._ruled(moment)
        else:
            found = self.offsets[bisect_right(self.starts, moment)]
        if found is None:
            raise not_supported(f"the time in {self.name} {_about(moment)}")
        return found

    def _ruled(self, moment: int) -> int | None:
        year = date_of(moment // DAY_S)[0]
        found = self.offsets[-1]
        for one in self._changes_of(year - 1, year):
            if one.at <= moment:
                found = one.after
        return found

    def _changes_of(self, first: int, last: int) -> Iterator[Change]:
        before = None
        for year in range(first - 1, last + 1):
            for at, after in sorted((one.at(year), one.offset) for one in self.yearly):
                if year >= first:
                    yield Change(at, before, after)
                before = after

    def changes(self, start: int, end: int) -> list[Change]:
        """The changes after `start`, up to and with `end`."""
        low, high = bisect_right(self.starts, start), bisect_right(self.starts, end)
        found = [
            Change(self.starts[i], self.offsets[i], self.offsets[i + 1])
            for i in range(low, high)
        ]
        if self.yearly and end >= self.starts[-1]:
            start = max(start, self.starts[-1])
            first, last = date_of(start // DAY_S)[0], date_of(end // DAY_S)[0]
            coming = self._changes_of(first - 1, last + 1)
            found += [one for one in coming if start < one.at <= end]
        return found


def _about(moment: int) -> str:
    year, month, day = date_of(moment // DAY_S)
    return f"around {year:04d}-{month:02d}-{day:02d}"


@dataclass(frozen=True, slots=True)
class KnownZones:
    """Names of regions: to Trino with their lines, and those that only a library knows."""

    trino: Mapping[str, str]
    only_java: frozenset[str]
    only_joda: frozenset[str]
    # What Joda-Time calls a region, where that is another name.
    joda_names: Mapping[str, str]


@cache
def _known() -> KnownZones:
    text = resources.files(__package__).joinpath("zones_476.tsv").read_text()
    trino, only, renamed = dict[str, str](), dict[str, set[str]](), dict[str, str]()
    for line in text.splitlines():
        names, _, rest = line.partition("\t")
        for one in names.split(" "):
            name, _, other = one.partition("=")
            if other:
                renamed[name] = other
            if rest in ("java", "joda"):
                only.setdefault(rest, set()).add(name)
            else:
                trino[name] = rest
    return KnownZones(trino, frozenset(only["java"]), frozenset(only["joda"]), renamed)


def trino_knows(region: str) -> bool:
    """Whether TimeZoneKey has a region of this name; case matters."""
    return region in _known().trino


def java_knows(region: str) -> bool:
    """Whether java.time has a region of this name; case matters."""
    return region in _known().trino or region in _known().only_java


def joda_names() -> Mapping[str, str]:
    """Every region that Joda-Time knows, and what it calls it (UTC is among them)."""
    known = _known()
    names = (*known.trino, *known.only_joda, "UTC")
    return {one: known.joda_names.get(one, one) for one in names}


@lru_cache(maxsize=4096)
def zone(name: str) -> Zone:
    """The zone that Trino calls `name` (`UTC`, `+05:30` or a region)."""
    if name == "UTC":
        return Zone(name, (), (0,))
    if name[0] in "+-":
        minutes = int(name[1:3]) * 60 + int(name[4:6])
        return Zone(name, (), ((-60 if name[0] == "-" else 60) * minutes,))
    listed, changes, yearly = _known().trino[name].split("\t")
    offsets = [None if one == "?" else int(one) for one in listed.split(" ")]
    made = _listed(name, offsets, changes)
    if not yearly:
        return made
    rules = tuple(Yearly(*map(int, one.split(","))) for one in yearly.split(" "))
    return _with_rules(made, rules)


def _listed(name: str, offsets: list[int | None], changes: str) -> Zone:
    starts, found, at = [], [offsets[0]], 0
    for one in changes.split():
        span = one[:-1]
        at += int(span[1:], 36) if span[0] == "+" else int(span, 36) * 900
        starts.append(at)
        found.append(offsets[ord(one[-1]) - ord("A")])
    return Zone(name, tuple(starts), tuple(found))


def _with_rules(made: Zone, rules: tuple[Yearly, ...]) -> Zone:
    first = date_of(made.starts[-1] // DAY_S)[0]
    coming = sorted(
        (one.at(year), one.offset) for year in range(first, _LISTED_UNTIL) for one in rules
    )
    coming = [one for one in coming if one[0] > made.starts[-1]]
    starts = (*made.starts, *(at for at, _ in coming))
    return Zone(made.name, starts, (*made.offsets, *(offset for _, offset in coming)), rules)
