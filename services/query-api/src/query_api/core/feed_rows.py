"""Which rows the typed endpoints offer of each feed: its columns, and the order of a list."""

from dataclasses import dataclass

from coinlake.contracts.datasets import ASSETS, EXCHANGES, MARKETS, RATES, TABLES, Dataset
from coinlake.contracts.elements import Element

# Columns are named one by one: a service that is newer than the catalog asks for none that is not
# there yet.
_TIMES = ("source_ts", "received_ts")
_NUMBERS = (
    "price_usd",
    "supply",
    "max_supply",
    "market_cap_usd",
    "volume_24h_usd",
    "change_24h_pct",
    "vwap_24h_usd",
)


@dataclass(frozen=True, slots=True)
class FeedRows:
    """Rows of a feed's main table.

    `listed` are the columns of a latest row, `told` those of a row in a history. `order` is that of a
    list of latest rows.
    """

    dataset: Dataset
    listed: tuple[str, ...]
    told: tuple[str, ...]
    order: str

    @property
    def element(self) -> Element:
        """What an element of the feed is."""
        if self.dataset.element is None:
            raise ValueError(f"{self.dataset.name} has no elements")
        return self.dataset.element

    @property
    def table(self) -> str:
        """The main table's name."""
        return self.element.table

    @property
    def identity(self) -> tuple[str, ...]:
        """The columns that tell one thing from another."""
        return self.element.identity

    def types(self) -> dict[str, str]:
        """The Hive type of each of the table's columns."""
        return {column.name: column.type for column in TABLES[self.table].columns}


ASSET_ROWS = FeedRows(
    ASSETS,
    ("asset_id", "symbol", "name", "rank", *_NUMBERS, "explorer", *_TIMES, "extra"),
    ("asset_id", *_TIMES, *_NUMBERS, "rank", "extra"),
    "rank NULLS LAST, asset_id",
)
RATE_ROWS = FeedRows(
    RATES,
    ("rate_id", "symbol", "currency_symbol", "type", "rate_usd", *_TIMES, "extra"),
    ("rate_id", *_TIMES, "rate_usd", "extra"),
    "rate_id",
)
EXCHANGE_ROWS = FeedRows(
    EXCHANGES,
    (
        "exchange_id",
        "name",
        "rank",
        "percent_total_volume",
        "volume_usd",
        "trading_pairs",
        "socket",
        "exchange_url",
        "updated_ts",
        *_TIMES,
        "extra",
    ),
    (
        "exchange_id",
        *_TIMES,
        "rank",
        "percent_total_volume",
        "volume_usd",
        "trading_pairs",
        "updated_ts",
        "extra",
    ),
    "rank NULLS LAST, exchange_id",
)
MARKET_ROWS = FeedRows(
    MARKETS,
    (
        "exchange_id",
        "rank",
        "base_symbol",
        "base_id",
        "quote_symbol",
        "quote_id",
        "price_quote",
        "price_usd",
        "volume_24h_usd",
        "percent_exchange_volume",
        "trades_24h",
        "updated_ts",
        *_TIMES,
        "extra",
    ),
    (),
    "volume_24h_usd DESC NULLS LAST, exchange_id, base_id, quote_id",
)
