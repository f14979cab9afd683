"""The tables of the database `coinlake`: columns with their Hive types, partitions, quarantine."""

from dataclasses import dataclass

AMOUNT = "decimal(38,18)"
# Shortest-form doubles: up to 17 digits, with exponents.
RATIO = "decimal(38,28)"
PARTITION_KEYS = ("dt", "hour")
"""Both strings in every table; `hour` is '00' to '23'."""


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its type, as Hive and Athena spell it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class Table:
    """A table without its partition columns; `sort` is the order of rows inside an object."""

    name: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...]


def _columns(text: str) -> tuple[Column, ...]:
    pairs = (item.split(maxsplit=1) for item in text.strip().splitlines())
    return tuple(Column(name, kind) for name, kind in pairs)


_PROVENANCE = """
    source string
    poll_id string
    topic string
    epoch int
    kafka_partition int
    kafka_offset bigint
    element_index int
    raw_object string
"""

QUOTES = Table(
    "quotes",
    _columns(
        f"""asset_id string
    symbol string
    name string
    rank int
    price_usd {AMOUNT}
    supply {AMOUNT}
    max_supply {AMOUNT}
    market_cap_usd {AMOUNT}
    volume_24h_usd {AMOUNT}
    change_24h_pct {RATIO}
    vwap_24h_usd {RATIO}
    explorer string
    source_ts timestamp
    received_ts timestamp
    extra map<string,string>{_PROVENANCE}"""
    ),
    ("asset_id", "received_ts", "kafka_offset", "element_index"),
)

ASSET_TOKENS = Table(
    "asset_tokens",
    _columns(
        f"""asset_id string
    chain_id string
    address string
    address_index int
    source_ts timestamp
    received_ts timestamp{_PROVENANCE}"""
    ),
    ("asset_id", "chain_id", "address_index", "received_ts", "kafka_offset"),
)

CANDLES_1M = Table(
    "candles_1m",
    _columns(
        f"""asset_id string
    minute timestamp
    open {AMOUNT}
    high {AMOUNT}
    low {AMOUNT}
    close {AMOUNT}
    quotes bigint
    first_source_ts timestamp
    last_source_ts timestamp"""
    ),
    ("asset_id", "minute"),
)

RATES = Table(
    "rates",
    _columns(
        f"""rate_id string
    symbol string
    currency_symbol string
    type string
    rate_usd {AMOUNT}
    source_ts timestamp
    received_ts timestamp
    extra map<string,string>{_PROVENANCE}"""
    ),
    ("rate_id", "received_ts", "kafka_offset", "element_index"),
)

EXCHANGES = Table(
    "exchanges",
    _columns(
        f"""exchange_id string
    name string
    rank int
    percent_total_volume {AMOUNT}
    volume_usd {AMOUNT}
    trading_pairs int
    socket boolean
    exchange_url string
    updated_ts timestamp
    source_ts timestamp
    received_ts timestamp
    extra map<string,string>{_PROVENANCE}"""
    ),
    ("exchange_id", "received_ts", "kafka_offset", "element_index"),
)

MARKETS = Table(
    "markets",
    _columns(
        f"""exchange_id string
    rank int
    base_symbol string
    base_id string
    quote_symbol string
    quote_id string
    price_quote {AMOUNT}
    price_usd {AMOUNT}
    volume_24h_usd {AMOUNT}
    percent_exchange_volume {AMOUNT}
    trades_24h bigint
    updated_ts timestamp
    source_ts timestamp
    received_ts timestamp
    extra map<string,string>{_PROVENANCE}"""
    ),
    ("exchange_id", "base_id", "quote_id", "received_ts", "kafka_offset", "element_index"),
)

TABLES: dict[str, Table] = {
    table.name: table for table in (QUOTES, ASSET_TOKENS, CANDLES_1M, RATES, EXCHANGES, MARKETS)
}


def quarantine_of(table: str) -> Table:
    """The sibling table that keeps what could not become a row of `table`, with its reason."""
    return Table(
        f"{table}_quarantine",
        _columns(
            f"""reason string
    rule string
    raw string
    raw_etag string
    received_ts timestamp{_PROVENANCE}"""
        ),
        ("topic", "kafka_partition", "kafka_offset", "element_index"),
    )


def with_quarantine(table: str) -> tuple[Table, Table]:
    """A table and its quarantine."""
    return TABLES[table], quarantine_of(table)
