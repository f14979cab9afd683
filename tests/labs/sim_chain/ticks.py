"""Is every tick told: as an answer, a failure, or as one that was missed?"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Set
from dataclasses import dataclass, field

from coinlake.contracts.missed_ticks import MissedTicks
from ingestor.core.page import Page
from ingestor.core.schedule import Tick


@dataclass
class _PageTicks:
    told: set[int] = field(default_factory=set)
    answered: set[int] = field(default_factory=set)
    planned: set[int] = field(default_factory=set)
    asked: dict[int, int] = field(default_factory=dict)
    """The interval of each tick that was asked."""


def _wrong(ticks: _PageTicks, missed: Set[int], stopped_ms: int) -> Iterator[str]:
    """What is wrong with what is told of one page."""
    told, both = ticks.told | missed, ticks.answered & missed
    if both:
        yield f"{min(both)} is answered and missed"
    for due_ms, interval_ms in sorted(ticks.asked.items()):
        if due_ms - interval_ms not in told and due_ms > min(told):
            yield f"nothing is told of {due_ms - interval_ms}"
            return
    last_ms, interval_ms = max(told, default=0), max(ticks.asked.values(), default=0)
    if interval_ms and last_ms < stopped_ms - 2 * interval_ms - 1_000:
        yield f"nothing is told after {last_ms}"


class Ticks:
    """The ticks of each page, by when they were due; all of a page have one interval."""

    def __init__(self) -> None:
        self._pages: dict[str, _PageTicks] = {}

    def asked(self, page: Page, tick: Tick, *, is_answered: bool) -> None:
        """An attempt was told to have an outcome."""
        ticks = self._of(page.key)
        ticks.told.add(tick.due_ms)
        ticks.asked[tick.due_ms] = tick.interval_ms
        if is_answered:
            ticks.answered.add(tick.due_ms)

    def planned(self, page: Page, tick: Tick) -> None:
        """Where a schedule begins, or goes on: only the very first has nothing before it."""
        ticks = self._of(page.key)
        if not ticks.told:
            ticks.told.add(tick.due_ms)
        ticks.planned.add(tick.due_ms)

    def known(self, last: Mapping[str, Tick]) -> None:
        """What a journal says of the last tick of each page: an outcome, if it is not the plan."""
        for key, tick in last.items():
            ticks = self._of(key)
            if tick.due_ms not in ticks.planned:
                ticks.told.add(tick.due_ms)

    def judge(
        self,
        gaps: Iterable[MissedTicks],
        stopped_ms: int,
        blame: Callable[[str, str], None],
    ) -> None:
        """Nothing between two ticks is untold, nothing is told twice, and none is missing at the end."""
        missed: dict[str, set[int]] = {}
        for gap in gaps:
            due = range(gap.from_ms, gap.to_ms + 1, gap.interval_ms)
            if len(due) != gap.count:
                blame("tick", f"{gap.page}: {gap.count} ticks are {len(due)}")
            missed.setdefault(gap.page, set()).update(due)
        for key, ticks in self._pages.items():
            for wrong in _wrong(ticks, missed.get(key, set()), stopped_ms):
                blame("tick", f"{key}: {wrong}")

    def _of(self, key: str) -> _PageTicks:
        return self._pages.setdefault(key, _PageTicks())
