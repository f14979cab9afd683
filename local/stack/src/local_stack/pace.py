"""How often the laptop's ingestor polls each feed, and how much at a time."""

from collections.abc import Mapping
from dataclasses import dataclass

from ingestor.core.credits import first_price
from ingestor.core.feeds import FEEDS


@dataclass(frozen=True, slots=True)
class FeedPace:
    """The settings of one feed: seconds between its ticks, pages, items on a page (0: no paging)."""

    interval_s: int
    pages: int
    limit: int


# The main feed's two pages show how pages of one tick belong together.
_SIMULATED = {"assets": FeedPace(5, 2, 100), "rates": FeedPace(15, 1, 0)}
_REAL = {"assets": FeedPace(60, 1, 10), "rates": FeedPace(600, 1, 0)}

SIMULATED: Mapping[str, FeedPace] = {
    name: _SIMULATED.get(name, FeedPace(20, 1, feed.limit)) for name, feed in FEEDS.items()
}
"""Against the simulator, where credits cost nothing."""
REAL: Mapping[str, FeedPace] = {
    name: _REAL.get(name, FeedPace(300, 1, min(feed.limit, 10))) for name, feed in FEEDS.items()
}
"""Against the real API: small pages, so that a demo costs little."""

HISTORY_SOURCE = "simulator-history"
"""The `source` of answers of the hours before, which nobody polled (`local_stack.history`)."""
HISTORY_EVERY_S, HISTORY_ASSETS = 15, 50
"""Enough for candles of a minute, of what people look at; more would make a demo start later."""

CREDITS_PER_ANSWER: Mapping[str, int] = {
    name: first_price(name, pace.limit or None) for name, pace in REAL.items()
}
"""The most that one answer of the real API costs: the ingestor sets this aside before it has seen
one."""
