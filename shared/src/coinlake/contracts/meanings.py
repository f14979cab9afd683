"""What each column means, in which unit, and where it is from: comments of the catalog.

Of CoinCap's own fields: CoinCap API 3.0, OpenAPI document, schemas Asset, Rate, Exchange, Market. A
column that is not told here is an error, so that no table goes without.
"""

from coinlake.contracts.tables import PARTITION_KEYS, TableSchema, main_name

_MEANINGS = """
dt | UTC day in which the answer was received, YYYY-MM-DD
hour | UTC hour in which the answer was received, 00 to 23
source_ts | UTC time that CoinCap says the answer was made at, ms; not when the price was made. Null where it is none or too far from the receive time
received_ts | UTC time at which the answer was received, ms
extra | keys that no column knows, and texts of values that their columns could not hold
source | who asked: the API or the simulator, as the ingestor was told
poll_id | the poll that got the answer, 32 hex digits
tick_id | the tick that it was polled for; all pages of one tick have the same
topic | Kafka topic of the record
epoch | life of that topic: it rises where a topic was made anew
kafka_partition | Kafka partition of the record
kafka_offset | Kafka offset of the record
element_index | place of the element in the answer's data, from 0
raw_object | key of the raw object that the row was made from
reason | why it was refused: in a quarantine in words, in rejected the name of the reason
rule | the rule that it broke
raw | the JSON text that was refused, or the whole body
raw_etag | ETag of the raw object
asset_id | CoinCap's id of the asset (slug); the only key: symbols are shared
symbol | ticker; several may share one
name | name for people
rank | CoinCap's rank by market capitalisation, from 1; null where it has none
price_usd | US dollars for one unit, volume weighted over CoinCap's exchanges
supply | units in circulation
max_supply | most units that will ever exist; null where there is no such limit or it is unknown
market_cap_usd | US dollars, supply times price
volume_24h_usd | US dollars traded in the 24 hours before
change_24h_pct | per cent by which the price changed in the 24 hours before
vwap_24h_usd | US dollars, volume weighted average price of the 24 hours before
explorer | address of the block explorer
chain_id | id of the chain that the token lives on, as CoinCap names it
address | address of the token on that chain
address_index | place of the address in the chain's list, from 0
minute | UTC minute of source_ts that the candle begins at
open | US dollars, the first price of the candle by source_ts
high | US dollars, the highest price of the candle
low | US dollars, the lowest price of the candle
close | US dollars, the last price of the candle by source_ts
quotes | rows of quotes that the candle is made of
first_source_ts | source_ts of the open
last_source_ts | source_ts of the close
rate_id | CoinCap's id of the currency (slug)
currency_symbol | sign of the currency; null where it has none
type | fiat or crypto
rate_usd | US dollars for one unit of the currency
exchange_id | CoinCap's id of the exchange (slug)
percent_total_volume | per cent of the volume of all exchanges
volume_usd | US dollars traded on the exchange in the 24 hours before
trading_pairs | number of trading pairs
socket | whether CoinCap reads its trades over a socket
exchange_url | address of the exchange
updated_ts | UTC time at which CoinCap last heard of it, ms; 1970 where never
base_symbol | ticker of what is bought
base_id | CoinCap's id of what is bought
quote_symbol | ticker of what is paid with
quote_id | CoinCap's id of what is paid with
price_quote | units of quote_id for one unit of base_id
percent_exchange_volume | per cent of the exchange's volume
trades_24h | trades in the 24 hours before
feed | feed that the answer was asked for; null where the page is none of a feed
page | page that was asked for: the key of the record in Kafka
url | address that was asked, as the ingestor told it
status | HTTP status of the answer; null where the record tells none
requested_ts | UTC time at which the answer was asked for, ms
text | the body as UTF-8, at most 1 MiB of it; bytes that are no UTF-8 are replaced
is_truncated | true where the body has more text than `text`
bytes | size of the whole body in bytes
sha256 | SHA-256 of the whole body, 64 hex digits
is_live | true where the row was read from the raw zone: its hour is not in the tables yet
"""

_TABLES = {
    "quotes": "One row per asset and answer of /assets.",
    "asset_tokens": "One row per asset, chain and address of an answer of /assets.",
    "candles_1m": "Partial candles: one row per asset, minute of source_ts and receive hour, so that"
    " a minute at an hour's edge has two rows, to be merged as the view candles does.",
    "rates": "One row per currency and answer of /rates.",
    "exchanges": "One row per exchange and answer of /exchanges.",
    "markets": "One row per exchange and pair and answer of /markets.",
    "rejected": "One row per answer in which nothing could be used.",
}


def _read(text: str) -> dict[str, str]:
    pairs = [line.split(" | ", 1) for line in text.strip().splitlines()]
    return {pair[0]: pair[1] for pair in pairs}


MEANINGS = _read(_MEANINGS)


def meaning_of(column: str) -> str:
    """What a column of any table or view means, with its unit. Raises KeyError."""
    return MEANINGS[column]


def table_meaning(name: str) -> str:
    """What a row of the table is. Raises KeyError."""
    main = main_name(name)
    if main == name:
        return _TABLES[name]
    return f"What could not become a row of {main}, with the reason and its text."


def described(table: TableSchema) -> dict[str, str]:
    """Each column of a table, then its partition keys, with what they mean."""
    names = [column.name for column in table.columns]
    return {name: meaning_of(name) for name in (*names, *PARTITION_KEYS)}
