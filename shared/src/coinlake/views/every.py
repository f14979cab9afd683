"""Every view by name, as they are before the first hour is published."""

from coinlake.contracts.datasets import ELEMENTS, TABULAR
from coinlake.contracts.hours import Hour
from coinlake.views.candles import INTERVALS_MS, candles
from coinlake.views.definition import View
from coinlake.views.live import DEFAULT_SKEW_MS, live_views

_FIRST = Hour("2000-01-01", "00")
STANDING: dict[str, View] = {view.name: view for view in map(candles, INTERVALS_MS)}
"""Views whose text never changes."""
LIVE: dict[str, View] = {
    view.name: view
    for feed in ELEMENTS
    for view in live_views(TABULAR[feed], _FIRST, DEFAULT_SKEW_MS)
}
"""Views that hold a boundary, with one that is before all data."""
VIEWS: dict[str, View] = STANDING | LIVE
