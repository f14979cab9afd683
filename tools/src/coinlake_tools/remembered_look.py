"""A look at a topic that goes on from what was proven: only the days that can have changed.

Where the chain has a gap behind the prefix, the object is looked for where it must lie (the hour of its
first record, as Kafka has it), then ever further back, and at last everywhere.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from coinlake.contracts.hours import HOUR_MS, UNKNOWN_HOUR, hour_of
from coinlake.contracts.raw_layout import RawKey, topic_prefix
from coinlake.store import Listed, ObjectStore
from coinlake_tools.audit_memory import (
    ChainMemory,
    DayLook,
    DayProof,
    calendar,
    digest_of,
    due_days,
    look_at_day,
)
from coinlake_tools.chain_audit import Seen
from coinlake_tools.lake_chain import (
    Heads,
    TopicView,
    sorted_out,
    topic_epochs,
)
from coinlake_tools.lake_log import Kept, LakeLog

# Late objects of one replay are found one by one, from Kafka's records; beyond this by listing.
_MAX_STEPS = 256
# How far back a gap is looked for, before everything is listed.
_REACHES_DAYS = (8, 32, 128)
_RECENT_MS = 48 * HOUR_MS
_DAY_MS = 24 * HOUR_MS
_READ_AT_ONCE = 1000
Where = tuple[int, int]
"""Epoch and partition: a chain of the topic."""


@dataclass
class RememberedLook:
    """One audit's look at one topic, over the memories of all of its chains."""

    store: ObjectStore
    log: LakeLog
    topic: str
    memories: Mapping[Where, ChainMemory]
    now_ms: int
    heads: Heads
    listed: dict[str, list[Listed]] = field(default_factory=dict)
    """The days that were looked at now, with all that lies there."""
    _strange: dict[str, Listed] = field(default_factory=dict)
    _first_names_seen: bool = False

    def __post_init__(self) -> None:
        # What came since the last audit lies in hours since then, but for what was late.
        since_ms = min(
            (min(one.written_ms, self.now_ms) for one in self.memories.values()),
            default=self.now_ms,
        )
        self.first = hour_of(since_ms - _RECENT_MS).dt

    @property
    def days_looked_at(self) -> int:
        """How many days of the remembered part were listed now, or came since."""
        return len(self.listed)

    async def view(self) -> TopicView:
        """The topic now: what is behind each prefix, of the days that are looked at."""
        await self._list_first_names()
        await self._list_window()
        return await self.seen()

    async def searched(self, view: TopicView, kept: Mapping[int, Kept]) -> TopicView:
        """The same, once what is missing was looked for wherever it can be."""
        for _ in range(_MAX_STEPS):
            late = await self._late_day(view, kept)
            if late is None:
                break
            await self._list_day(late)
            view = await self.seen()
        for days in (*_REACHES_DAYS, None):
            if not _has_gap(view, kept):
                break
            self.first = "" if days is None else hour_of(self.now_ms - days * _DAY_MS).dt
            await self._list_window()
            view = await self.seen()
        return view

    async def prove_again(self, budget: int, *, raw_expires: bool) -> None:
        """Look at some older days again: those whose proof is the oldest."""
        if raw_expires:
            await self._list_expired()
        for day in due_days(self.memories.values(), self.first, budget):
            await self._list_day(day)

    async def differing(self, view: TopicView) -> dict[Where, dict[str, DayLook]]:
        """Per chain the days that are not as they were proven, and what is wrong with them."""
        found: dict[Where, dict[str, DayLook]] = {}
        for at, memory in self.memories.items():
            chain = view.chain(*at)
            for day, known in self.by_day(at, memory.end).items():
                proof = memory.days.get(day, DayProof(0, digest_of(()), (), 0))
                if digest_of(listed for _, listed in known) != proof.digest:
                    seen = await self.heads.look(known)
                    found.setdefault(at, {})[day] = look_at_day(chain, day, proof, seen)
        return found

    def by_day(self, at: Where, stop: int) -> dict[str, list[tuple[RawKey, Listed]]]:
        """A chain's objects up to an offset, by the days that were looked at."""
        found: dict[str, list[tuple[RawKey, Listed]]] = {}
        for day, entries in self.listed.items():
            named, _ = sorted_out(self.topic, (at[0],), entries)
            found[day] = [
                (key, listed)
                for key, listed in named
                if (key.epoch, key.partition) == at and key.link < stop
            ]
        return found

    async def seen(self) -> TopicView:
        """What the days that were listed have behind the prefixes."""
        epochs, findings = await topic_epochs(self.store, self.topic)
        everything = [
            *self._strange.values(),
            *(one for day in self.listed.values() for one in day),
        ]
        named, strange = sorted_out(self.topic, epochs, everything)
        new = [
            (key, listed)
            for key, listed in named
            if key.link >= self._end_of((key.epoch, key.partition))
        ]
        chains: dict[Where, list[Seen]] = {}
        for seen in await self.heads.look(new):
            chains.setdefault((seen.key.epoch, seen.key.partition), []).append(seen)
        before = {at: memory.prefix for at, memory in self.memories.items()}
        return TopicView(self.topic, epochs, chains, findings + strange, before)

    def _end_of(self, at: Where) -> int:
        memory = self.memories.get(at)
        return 0 if memory is None else memory.end

    async def _late_day(self, view: TopicView, kept: Mapping[int, Kept]) -> str | None:
        """The day of an object that a chain lacks, where it lies outside of the days looked at."""
        for at, offset, stop in _gaps(view, kept):
            log = kept.get(at[1]) if at[0] == view.newest else None
            if log is None or offset < log.start:
                continue
            records = await self.log.records(
                self.topic, at[1], offset, min(stop, offset + _READ_AT_ONCE)
            )
            if not records:
                continue
            hour = hour_of(records[0].timestamp_ms)
            if hour.dt in self.listed:
                continue
            key = RawKey(self.topic, hour, at[0], at[1], offset)
            if await self.store.head(str(key)) is not None:
                return hour.dt
        return None

    async def _list_first_names(self) -> None:
        """What lies in the topic's folder before its first day; what is behind is in the window."""
        if self._first_names_seen:
            return
        self._first_names_seen = True
        async for entry in self.store.list(topic_prefix(self.topic)):
            if self._day_of(entry) is not None:
                return
            self._strange[entry.key] = entry

    async def _list_window(self) -> None:
        """All days from the first on, also those that are not yet: producers' clocks are not ours."""
        found: dict[str, list[Listed]] = {}
        prefix = topic_prefix(self.topic)
        async for entry in self.store.list(prefix, f"{prefix}dt={self.first}"):
            day = self._day_of(entry)
            if day is None:
                self._strange[entry.key] = entry
            else:
                found.setdefault(day, []).append(entry)
        days = _days_from(self.first, self.now_ms, self.memories.values())
        self.listed |= {day: [] for day in days} | found

    async def _list_day(self, day: str) -> None:
        prefix = f"{topic_prefix(self.topic)}dt={day}/"
        self.listed[day] = [entry async for entry in self.store.list(prefix)]

    async def _list_expired(self) -> None:
        """The days that a rule of the bucket has emptied, from each chain's beginning on."""
        for at, memory in self.memories.items():
            started = {
                day: proof.spans[0][0] for day, proof in memory.days.items() if proof.spans
            }
            for day in sorted(started, key=lambda day: started[day]):
                if day not in self.listed:
                    await self._list_day(day)
                if self.by_day(at, memory.end)[day]:
                    break

    def _day_of(self, entry: Listed) -> str | None:
        folder, slash, _ = entry.key.removeprefix(topic_prefix(self.topic)).partition("/")
        return folder.removeprefix("dt=") if slash and folder.startswith("dt=") else None


def _gaps(view: TopicView, kept: Mapping[int, Kept]) -> Iterable[tuple[Where, int, int]]:
    """What each chain lacks: from where to where, the ends of the log with them."""
    for at in {*view.before, *view.chains}:
        result = view.audited(*at)
        end = view.before[at].end if at in view.before else result.origin
        for tile in result.tiles:
            if tile.key.link > end:
                yield at, end, tile.key.link
            end = max(end, tile.meta.next_offset)
        log = kept.get(at[1]) if at[0] == view.newest else None
        if log is not None and end < log.end:
            yield at, end, log.end


def _has_gap(view: TopicView, kept: Mapping[int, Kept]) -> bool:
    """Whether something is missing that is behind the chain's end, or that Kafka has no more."""
    return any(
        stop <= view.audited(*at).end
        or (at[0] == view.newest and at[1] in kept and offset < kept[at[1]].start)
        for at, offset, stop in _gaps(view, kept)
    )


def _days_from(first: str, now_ms: int, memories: Iterable[ChainMemory]) -> list[str]:
    """Every day of the calendar from the first on; all that are remembered where it is none."""
    today = hour_of(now_ms).dt
    if first:
        return calendar(first, today)
    known = {day for memory in memories for day in memory.days}
    dated = known - {UNKNOWN_HOUR.dt}
    return sorted(known | set(calendar(min(dated, default=today), today)))
