"""Which JSON key becomes which column, and how: the explicit schema of each feed."""

from dataclasses import dataclass
from typing import Literal

from coinlake.contracts.feeds import FEEDS

Kind = Literal["text", "amount", "ratio", "int", "bigint", "boolean", "millis"]


@dataclass(frozen=True, slots=True)
class Field:
    """One column of an element, the key it comes from and the rule for its type."""

    column: str
    key: str
    kind: Kind


@dataclass(frozen=True, slots=True)
class Element:
    """What one entry of a feed's `data` is: the table of its rows and their columns.

    `identity` are columns that a row cannot be without. A row also needs one of `price`, where
    there are any. `tokens` is the key of a map that a table of its own is made from.
    """

    table: str
    fields: tuple[Field, ...]
    identity: tuple[str, ...]
    price: tuple[str, ...] = ()
    tokens: str | None = None


def _fields(text: str) -> tuple[Field, ...]:
    found = []
    for line in text.strip().splitlines():
        column, key, kind = line.split()
        found.append(Field(column, key, kind))  # type: ignore[arg-type]  # checked by a test
    return tuple(found)


ELEMENTS: dict[str, Element] = {
    "assets": Element(
        "quotes",
        _fields(
            """asset_id id text
            symbol symbol text
            name name text
            rank rank int
            price_usd priceUsd amount
            supply supply amount
            max_supply maxSupply amount
            market_cap_usd marketCapUsd amount
            volume_24h_usd volumeUsd24Hr amount
            change_24h_pct changePercent24Hr ratio
            vwap_24h_usd vwap24Hr ratio
            explorer explorer text"""
        ),
        identity=("asset_id",),
        price=("price_usd",),
        tokens="tokens",
    ),
    "rates": Element(
        "rates",
        _fields(
            """rate_id id text
            symbol symbol text
            currency_symbol currencySymbol text
            type type text
            rate_usd rateUsd amount"""
        ),
        identity=("rate_id",),
        price=("rate_usd",),
    ),
    "exchanges": Element(
        "exchanges",
        _fields(
            """exchange_id exchangeId text
            name name text
            rank rank int
            percent_total_volume percentTotalVolume amount
            volume_usd volumeUsd amount
            trading_pairs tradingPairs int
            socket socket boolean
            exchange_url exchangeUrl text
            updated_ts updated millis"""
        ),
        identity=("exchange_id",),
    ),
    "markets": Element(
        "markets",
        _fields(
            """exchange_id exchangeId text
            rank rank int
            base_symbol baseSymbol text
            base_id baseId text
            quote_symbol quoteSymbol text
            quote_id quoteId text
            price_quote priceQuote amount
            price_usd priceUsd amount
            volume_24h_usd volumeUsd24Hr amount
            percent_exchange_volume percentExchangeVolume amount
            trades_24h tradesCount24Hr bigint
            updated_ts updated millis"""
        ),
        identity=("exchange_id", "base_id", "quote_id"),
        price=("price_usd", "price_quote"),
    ),
}
"""The element of each feed, by the feed's name."""

MAIN_TABLE: dict[str, str] = {feed: element.table for feed, element in ELEMENTS.items()}
"""The table that takes a feed's rows; its quarantine takes records and objects, too."""

TABLES_OF_FEED: dict[str, tuple[str, ...]] = {
    name: tuple(table for main in feed.tables for table in (main, f"{main}_quarantine"))
    for name, feed in FEEDS.items()
}
"""Every table that an hour of a feed publishes an object to, in the order of publishing."""
