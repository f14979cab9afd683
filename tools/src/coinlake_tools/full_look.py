"""A look at all of a topic: every object listed, and its metadata read."""

from collections.abc import Mapping
from dataclasses import dataclass, field

from coinlake.contracts.hours import UNKNOWN_HOUR, hour_of
from coinlake.contracts.raw_layout import RawKey
from coinlake.store import Listed, ObjectStore
from coinlake_tools.audit_memory import ChainMemory, DayLook, calendar
from coinlake_tools.lake_chain import Heads, TopicView, topic_view
from coinlake_tools.lake_log import Kept
from coinlake_tools.remembered_look import Where


@dataclass
class FullLook:
    """One audit's look at one topic that trusts no memory."""

    store: ObjectStore
    topic: str
    now_ms: int
    heads: Heads
    memories: Mapping[Where, ChainMemory] = field(default_factory=dict)
    _view: TopicView | None = None

    @property
    def days_looked_at(self) -> int:
        """Nothing is remembered of which some days could be counted."""
        return 0

    async def view(self) -> TopicView:
        """Everything of the topic."""
        self._view = await topic_view(self.store, self.topic, self.heads)
        return self._view

    async def searched(self, view: TopicView, kept: Mapping[int, Kept]) -> TopicView:
        """Nothing can lie elsewhere."""
        return view

    async def prove_again(self, budget: int, *, raw_expires: bool) -> None:
        """All of it is looked at anyway."""

    async def seen(self) -> TopicView:
        """The last look."""
        return self._view or await self.view()

    async def differing(self, view: TopicView) -> dict[Where, dict[str, DayLook]]:
        """There is nothing that it could differ from."""
        return {}

    def by_day(self, at: Where, stop: int) -> dict[str, list[tuple[RawKey, Listed]]]:
        """A chain's objects up to an offset, by every day since its first."""
        seen = [] if self._view is None else self._view.chains.get(at, [])
        found: dict[str, list[tuple[RawKey, Listed]]] = {}
        for one in seen:
            if one.key.link < stop:
                found.setdefault(one.key.hour.dt, []).append((one.key, one.listed))
        today = hour_of(self.now_ms).dt
        first = min((day for day in found if day != UNKNOWN_HOUR.dt), default=today)
        every = (UNKNOWN_HOUR.dt, *calendar(first, today))
        return {day: [] for day in every} | found
