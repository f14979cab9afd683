"""Every dataset: its topic, what an element of it is, and the tables that are made of it.

A polled feed is a dataset with a route, and only the ingestor knows of routes. What was missed,
what could not be used and what is filled in later are datasets too.
"""

from dataclasses import dataclass
from typing import Literal

from coinlake.contracts import rejected_answers
from coinlake.contracts.elements import AMOUNT, Element, fields
from coinlake.contracts.tables import (
    PROVENANCE,
    TIMES,
    TableSchema,
    columns,
    main_name,
    main_table,
    quarantine_name,
    quarantine_of,
)


@dataclass(frozen=True, slots=True)
class Dataset:
    """Records of one kind.

    Its main table has a row for each `element` of its answers, or is `of_records` and has one for each
    record. `further` are tables that the job makes beside it. What is copied is kept in the raw zone for
    ever. `version` is that of the contract: it rises with each column that is added. Keys that no column
    knows are kept in `extra` (`evolve`), or put their row aside (`freeze`, the hard rule
    `no_unknown_keys`); both are counted and announced.
    """

    name: str
    topic: str
    element: Element | None = None
    further: tuple[TableSchema, ...] = ()
    is_copied: bool = True
    of_records: TableSchema | None = None
    version: int = 1
    unknown_keys: Literal["evolve", "freeze"] = "evolve"

    @property
    def schemas(self) -> tuple[TableSchema, ...]:
        """The tables that are made of it, the main one first; none of a dataset that has no main one."""
        main = self.of_records if self.element is None else main_table(self.element)
        return () if main is None else (main, *self.further)

    @property
    def tables(self) -> tuple[str, ...]:
        """Their names."""
        return tuple(table.name for table in self.schemas)

    @property
    def published(self) -> tuple[str, ...]:
        """Every table that an hour of it publishes, each before its quarantine.

        The order is part of the protocol: who publishes the first table has won the version.
        """
        return tuple(name for main in self.tables for name in (main, quarantine_name(main)))


ASSET_TOKENS = TableSchema(
    "asset_tokens",
    (
        *columns(
            """asset_id string
            chain_id string
            address string
            address_index int"""
        ),
        *TIMES,
        *PROVENANCE,
    ),
    ("asset_id", "chain_id", "address_index", "received_ts", "kafka_offset"),
)
CANDLES_1M = TableSchema(
    "candles_1m",
    columns(
        f"""asset_id string
        minute timestamp
        open {AMOUNT}
        high {AMOUNT}
        low {AMOUNT}
        close {AMOUNT}
        quotes bigint
        first_source_ts timestamp
        last_source_ts timestamp
        volume_24h_usd {AMOUNT}"""
    ),
    ("asset_id", "minute"),
)

ASSETS = Dataset(
    "assets",
    "coincap.assets.v1",
    Element(
        "quotes",
        fields(
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
    further=(ASSET_TOKENS, CANDLES_1M),
    version=2,
)
RATES = Dataset(
    "rates",
    "coincap.rates.v1",
    Element(
        "rates",
        fields(
            """rate_id id text
            symbol symbol text
            currency_symbol currencySymbol text
            type type text
            rate_usd rateUsd amount"""
        ),
        identity=("rate_id",),
        price=("rate_usd",),
    ),
    version=1,
)
EXCHANGES = Dataset(
    "exchanges",
    "coincap.exchanges.v1",
    Element(
        "exchanges",
        fields(
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
    version=1,
)
MARKETS = Dataset(
    "markets",
    "coincap.markets.v1",
    Element(
        "markets",
        fields(
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
    version=1,
)
REJECTED = Dataset(
    "rejected", "coincap.rejected.v1", of_records=rejected_answers.TABLE, version=1
)
"""Answers in which nothing could be used: the only evidence of what the API did."""
HISTORY = Dataset("history", "coincap.history.v1")
GAPS = Dataset("gaps", "coinlake.gaps.v1")
"""Ticks that were missed, see `missed_ticks`."""

DATASETS: dict[str, Dataset] = {
    one.name: one for one in (ASSETS, RATES, EXCHANGES, MARKETS, REJECTED, HISTORY, GAPS)
}
"""Every dataset by name, in the order in which people expect to read them."""
TABULAR: dict[str, Dataset] = {name: one for name, one in DATASETS.items() if one.tables}
"""Those that tables are made of."""
ELEMENTS: dict[str, Element] = {
    name: one.element for name, one in DATASETS.items() if one.element is not None
}
"""What an element is, of those that are answers with elements."""
TABLES: dict[str, TableSchema] = {
    table.name: table for one in TABULAR.values() for table in one.schemas
}
"""Every table that has rows of a dataset, by name; each has a quarantine beside it."""
QUOTES = TABLES["quotes"]


def dataset_of_topic(topic: str) -> Dataset | None:
    """The dataset of a topic that tables are made of; None for every other topic."""
    return next((one for one in TABULAR.values() if one.topic == topic), None)


def dataset_of_page(page: str | None) -> Dataset | None:
    """The dataset that an answer's page is one of (`assets?limit=100&offset=0`), which is its key in
    Kafka; None where it is no page of a polled dataset."""
    name = (page or "").partition("?")[0]
    return DATASETS[name] if name in ELEMENTS else None


def dataset_of_table(table: str) -> Dataset:
    """The dataset that a table, or the sibling of one, is made of. Raises KeyError."""
    main = main_name(table)
    for one in TABULAR.values():
        if main in one.tables:
            return one
    raise KeyError(table)


def table_named(name: str) -> TableSchema:
    """A table, or a quarantine, by its name. Raises KeyError."""
    main = main_name(name)
    return TABLES[name] if main == name else quarantine_of(TABLES[main].name)
