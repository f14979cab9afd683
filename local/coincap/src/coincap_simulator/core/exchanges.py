"""`/exchanges` and `/exchanges/{id}`."""

from dataclasses import dataclass

from coincap_simulator.core.answers import HttpAnswer, error, stamped_last
from coincap_simulator.core.catalogue import Exchange
from coincap_simulator.core.market_data import MarketData
from coincap_simulator.core.noise import Walk, series_key, share
from coincap_simulator.core.numbers import amount, wide_amount
from coincap_simulator.core.paging import Query, page

_DEFAULT_LIMIT = 10
_DAILY_MOVE = 0.08
# A venue was looked at up to this long before the tick.
_LAG_MS = 45_000


@dataclass(frozen=True, slots=True)
class Venue:
    """An exchange in one tick; `percent` is its share of all volume, in percent."""

    exchange: Exchange
    rank: int
    volume_usd: float
    percent: float
    updated_ms: int


def exchange_list(
    data: MarketData, query: Query, now_ms: int, *, refuse_over: bool
) -> HttpAnswer:
    """A page of exchanges by rank, ten unless told."""
    cut = page(query, _DEFAULT_LIMIT, refuse_over=refuse_over)
    return stamped_last([_row(venue) for venue in cut.of(venues(data, now_ms))], now_ms)


def one_exchange(data: MarketData, id_: str, now_ms: int) -> HttpAnswer:
    """One exchange, `data` an object; its 404 has no timestamp."""
    for venue in venues(data, now_ms):
        if venue.exchange.id == id_:
            return stamped_last(_row(venue), now_ms)
    return error("Exchange not found", 404)


def venues(data: MarketData, now_ms: int) -> list[Venue]:
    """All exchanges by volume; the dead come last."""
    tick_ms = now_ms // data.tick_ms * data.tick_ms
    volumes = [
        (_volume(data, exchange, now_ms), exchange) for exchange in data.catalogue.exchanges
    ]
    volumes.sort(key=lambda item: (-item[0], item[1].id))
    total = sum(volume for volume, _ in volumes)
    return [
        Venue(exchange, rank, volume, volume / total * 100.0, tick_ms - lag_ms(exchange.id))
        for rank, (volume, exchange) in enumerate(volumes, 1)
    ]


def lag_ms(name: str) -> int:
    """How far behind the tick something was looked at; fixed per name."""
    return int(share("lag", name) * _LAG_MS)


def _volume(data: MarketData, exchange: Exchange, now_ms: int) -> float:
    walk = Walk(series_key(data.seed, "exchange", exchange.id), _DAILY_MOVE, data.tick_ms)
    return exchange.volume_usd * walk.factor(now_ms)


def _row(venue: Venue) -> dict[str, object]:
    exchange = venue.exchange
    return {
        "exchangeId": exchange.id,
        "name": exchange.name,
        "rank": str(venue.rank),
        "percentTotalVolume": None if exchange.dead else wide_amount(venue.percent),
        "volumeUsd": None if exchange.dead else amount(venue.volume_usd),
        "tradingPairs": str(exchange.pairs),
        "socket": exchange.socket,
        "exchangeUrl": exchange.url,
        "updated": 0 if exchange.dead else venue.updated_ms,
    }
