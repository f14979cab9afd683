"""`/assets/{slug}/history` and `/ta/{slug}/candlesticks`: the walk on a fixed grid of time.

A point depends on seed, asset and its own time only, so it never changes once it was served.
"""

from datetime import UTC, datetime

import orjson

from coincap_simulator.core.answers import (
    BadParameterError,
    HttpAnswer,
    json_answer,
    stamped_first,
)
from coincap_simulator.core.market_data import MarketData
from coincap_simulator.core.numbers import amount, shortest
from coincap_simulator.core.paging import Query, window

_MINUTE_MS = 60_000
_HOUR_MS = 60 * _MINUTE_MS
_DAY_MS = 24 * _HOUR_MS

# Length of a step, and of the longest window that one call gives (southernt/rcoincap, R/helpers.R;
# m1, m30, h2, h6 and h12 are interpolated).
_INTERVALS = {
    "m1": (_MINUTE_MS, _DAY_MS),
    "m5": (5 * _MINUTE_MS, 2 * _DAY_MS),
    "m15": (15 * _MINUTE_MS, 7 * _DAY_MS),
    "m30": (30 * _MINUTE_MS, 14 * _DAY_MS),
    "h1": (_HOUR_MS, 30 * _DAY_MS),
    "h2": (2 * _HOUR_MS, 61 * _DAY_MS),
    "h6": (6 * _HOUR_MS, 183 * _DAY_MS),
    "h12": (12 * _HOUR_MS, 365 * _DAY_MS),
    "d1": (_DAY_MS, 730 * _DAY_MS),
}
_CANDLES_BY_DEFAULT = 100
# Prices looked at inside a candle to find its high and low.
_LOOKS = 12


def price_history(data: MarketData, slug: str, query: Query, now_ms: int) -> HttpAnswer:
    """Prices on the grid, the newest at the start of the current step."""
    step_ms, span_ms = _interval(query.get("interval", ""))
    newest = now_ms // step_ms * step_ms
    times = _grid(query, step_ms, span_ms, newest - span_ms + step_ms, newest)
    return stamped_first([_point(data, slug, at_ms) for at_ms in times], now_ms)


def candlesticks(data: MarketData, slug: str, query: Query, now_ms: int) -> HttpAnswer:
    """Finished candles. The key is `candles`, not `data`, and the values are JSON numbers
    (truss44/mcp-crypto-price, 9b1fc22)."""
    step_ms, span_ms = _interval(query.get("interval") or query.get("fetchInterval") or "h1")
    newest = now_ms // step_ms * step_ms - step_ms
    first = newest - (_CANDLES_BY_DEFAULT - 1) * step_ms
    times = _grid(query, step_ms, span_ms, first, newest)
    candles = [_candle(data, slug, at_ms, step_ms) for at_ms in times]
    return json_answer({"candles": candles, "timestamp": now_ms})


def _interval(name: str) -> tuple[int, int]:
    if name not in _INTERVALS:
        raise BadParameterError(f"no interval {name!r}")
    return _INTERVALS[name]


def _grid(query: Query, step_ms: int, span_ms: int, first: int, newest: int) -> range:
    """The times asked for, or those from `first` to `newest`; never one after `newest`."""
    asked = window(query)
    if asked is None:
        return range(first, newest + 1, step_ms)
    start, end = asked
    if end - start > span_ms:
        raise BadParameterError("the window is too long for this interval")
    return range(-(-start // step_ms) * step_ms, min(end, newest) + 1, step_ms)


def _point(data: MarketData, slug: str, at_ms: int) -> dict[str, object]:
    date = datetime.fromtimestamp(at_ms // 1000, UTC).strftime("%Y-%m-%dT%H:%M:%S.000Z")
    return {"priceUsd": amount(data.price(slug, at_ms)), "time": at_ms, "date": date}


def _candle(data: MarketData, slug: str, at_ms: int, step_ms: int) -> dict[str, object]:
    looks = [data.price(slug, at_ms + step_ms * look // _LOOKS) for look in range(_LOOKS + 1)]
    numbers = {"open": looks[0], "high": max(looks), "low": min(looks), "close": looks[-1]}
    # JavaScript prints 87711, not 87711.0; orjson would not.
    return {name: orjson.Fragment(shortest(value)) for name, value in numbers.items()} | {
        "time": at_ms
    }
