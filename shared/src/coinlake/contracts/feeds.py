"""The CoinCap routes that are polled, each with its topic and the tables made from it."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Feed:
    """One polled route. `route` is relative to the API's base URL, `tables` are fed by it."""

    name: str
    route: str
    tables: tuple[str, ...]

    @property
    def topic(self) -> str:
        return f"coincap.{self.name}.v1"


ASSETS = Feed("assets", "/assets", ("quotes", "asset_tokens", "candles_1m"))
RATES = Feed("rates", "/rates", ("rates",))
EXCHANGES = Feed("exchanges", "/exchanges", ("exchanges",))
MARKETS = Feed("markets", "/markets", ("markets",))

FEEDS: dict[str, Feed] = {feed.name: feed for feed in (ASSETS, RATES, EXCHANGES, MARKETS)}
"""Every feed by name, in the order in which people expect to read them."""


def feed_of_topic(topic: str) -> Feed | None:
    """The feed that publishes to `topic`; None for topics that no table is made from."""
    for feed in FEEDS.values():
        if feed.topic == topic:
            return feed
    return None
