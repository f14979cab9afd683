"""The tables that are made of the quotes of an hour: candles, and the tokens of assets."""

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from coinlake.contracts.datasets import ASSET_TOKENS
from coinlake_kernel.main_table import MainTable, spread
from coinlake_kernel.schemas import MILLIS
from coinlake_kernel.sorted_rows import SortedRows, Whole, ranks, steps

_MINUTE_MS = 60_000


def candles_1m(quotes: MainTable) -> SortedRows:
    """Mergeable partials: per asset, minute of `source_ts` and receive hour.

    Quotes without a source time have no minute and are in no candle. Open and close are those of the
    first and last moment: source time, receive time, place in Kafka, place in the answer.
    """
    source, moment = quotes.times()
    minute = source // _MINUTE_MS
    order = steps(quotes.identity, source, moment, quotes.element_index)
    order = order[source[order] >= 0]
    asset, at = quotes.identity[order], minute[order]
    is_first = np.ones(len(order), bool)
    is_first[1:] = (asset[1:] != asset[:-1]) | (at[1:] != at[:-1])
    first = np.flatnonzero(is_first)
    last = np.append(first[1:], len(order)) - 1 if len(first) else first
    prices = quotes.number("price_usd")
    group = pa.array(np.cumsum(is_first) - 1)
    extremes = (
        pa.table({"group": group, "price": prices.take(pa.array(order))})
        .group_by("group", use_threads=False)
        .aggregate([("price", "max"), ("price", "min")])
    )

    def price(of: Whole) -> pa.Array:
        return prices.take(pa.array(order[of]))

    def millis(of: Whole) -> pa.Array:
        return pa.array(source[order[of]], pa.int64()).cast(MILLIS)

    columns = {
        "asset_id": quotes.text("asset_id", quotes.texts[order[first]]),
        "minute": pa.array(at[first] * _MINUTE_MS, pa.int64()).cast(MILLIS),
        "open": price(first),
        "high": extremes["price_max"].combine_chunks(),
        "low": extremes["price_min"].combine_chunks(),
        "close": price(last),
        "quotes": pa.array(last - first + 1, pa.int64()),
        "first_source_ts": millis(first),
        "last_source_ts": millis(last),
        "volume_24h_usd": quotes.number("volume_24h_usd").take(pa.array(order[last])),
    }
    return SortedRows(columns, np.arange(len(first)))


def orphans(rows: SortedRows, quotes: SortedRows) -> int:
    """How many rows are of an asset that has no row in the quotes."""
    if not len(rows):
        return 0
    own, known = rows.columns["asset_id"], quotes.columns["asset_id"]
    # Asked once for each asset, not for each row.
    there = pc.is_in(own.dictionary, value_set=pc.unique(known).dictionary_decode())
    return len(rows) - int(there.to_numpy(zero_copy_only=False)[own.indices.to_numpy()].sum())


def asset_tokens(quotes: MainTable) -> SortedRows:
    """One row per asset, chain and address of an answer."""
    known = quotes.known_tokens
    tokens = [token for one in known for token in one]
    sizes = np.array([len(one) for one in known], np.int64)
    starts = np.concatenate(([0], np.cumsum(sizes)))[:-1].astype(np.int64)
    map_of = quotes.tokens[quotes.order]
    count = sizes[map_of]
    row = np.repeat(quotes.order, count)
    # The n-th token of its row's map.
    nth = np.arange(len(row)) - np.repeat(np.cumsum(count) - count, count)
    token = np.repeat(starts[map_of], count) + nth
    place = ranks([(chain, index) for chain, _, index in tokens])
    order = steps(quotes.identity[row], place[token])
    record = quotes.record[row]

    def of_token(at: int) -> pa.Array:
        return spread(pa.array([one[at] for one in tokens], pa.string()), token)

    index = np.array([one[2] for one in tokens], np.int32)
    columns = {
        "asset_id": quotes.text("asset_id", quotes.texts[row]),
        "chain_id": of_token(0),
        "address": of_token(1),
        "address_index": pa.array(index[token], pa.int32()),
        "element_index": pa.array(quotes.element_index[row], pa.int32()),
    }
    names = [column.name for column in ASSET_TOKENS.columns]
    columns |= {name: quotes.of_record(name, record) for name in names if name not in columns}
    return SortedRows({name: columns[name] for name in names}, order)
