"""The feeds: datasets that are polled, each with its route, how often, and how much at a time."""

from dataclasses import dataclass

from coinlake.contracts import datasets
from coinlake.contracts.datasets import ELEMENTS, Dataset
from coinlake.contracts.elements import Element


@dataclass(frozen=True, slots=True)
class Feed:
    """One polled route, relative to the API's base URL, with the defaults of its settings.

    `limit` is the number of items on a page, 0 where the route knows no paging; `item_bytes` the
    largest recorded item (tests/data/coincap), rounded up: a first call must not be a surprise.
    """

    dataset: Dataset
    route: str
    about: str
    interval_s: float
    limit: int
    item_bytes: int
    pages: int = 1

    @property
    def name(self) -> str:
        return self.dataset.name

    @property
    def topic(self) -> str:
        return self.dataset.topic

    @property
    def element(self) -> Element:
        """What an entry of its answers is: the rules of a usable answer follow from it."""
        return ELEMENTS[self.name]


# The intervals give assets most of a free plan's credits.
ASSETS = Feed(datasets.ASSETS, "/assets", "Prices: the main feed.", 60, 100, 710)
RATES = Feed(datasets.RATES, "/rates", "Conversion rates.", 3_600, 0, 160)
EXCHANGES = Feed(datasets.EXCHANGES, "/exchanges", "Exchanges.", 86_400, 100, 420)
MARKETS = Feed(datasets.MARKETS, "/markets", "Markets.", 3_600, 100, 420)

FEEDS: dict[str, Feed] = {feed.name: feed for feed in (ASSETS, RATES, EXCHANGES, MARKETS)}
"""Every feed by name, in the order in which people expect to read them."""
