"""`/markets` and `/assets/{slug}/markets`: who trades what for what, and for how much."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from coincap_simulator.core.answers import HttpAnswer, stamped_first, stamped_last
from coincap_simulator.core.exchanges import Venue, lag_ms, venues
from coincap_simulator.core.market_data import MarketData
from coincap_simulator.core.noise import Walk, series_key, share
from coincap_simulator.core.numbers import amount
from coincap_simulator.core.paging import Query, page
from coincap_simulator.core.rates import fiat_rate

_LIST_LIMIT = 10
_ASSET_LIMIT = 100
_DAILY_MOVE = 0.15
# Venues differ from the world's price by up to half of this share.
_SPREAD = 0.004

# A venue trades the first bases against its quotes; bitcoin everywhere, so that its markets are
# more than the hundred that one answer holds.
_BASES = 40
_BASES_PER_VENUE = 4
_CRYPTO_QUOTES = ("tether", "usd-coin", "bitcoin")
_FIAT_QUOTES = ("united-states-dollar", "euro", "brazilian-real", "thai-baht", "japanese-yen")
# One in 25 pairs has not traded for long: zeros with 16 decimals, as the vendor shows it.
_DEAD_SHARE = 0.04
_DEAD = "0.0000000000000000"


@dataclass(frozen=True, slots=True)
class PairSide:
    """One side of a pair and what it is worth in USD."""

    id: str
    symbol: str
    usd: float


@dataclass(frozen=True, slots=True)
class Market:
    """A pair on a venue in one tick. Volume 0 is a dead pair."""

    venue: Venue
    base: PairSide
    quote: PairSide
    price_usd: float
    volume_usd: float
    rank: int = 0


def market_list(
    data: MarketData, query: Query, now_ms: int, *, refuse_over: bool
) -> HttpAnswer:
    """A page of pairs, ten unless told, by exchange and then by rank there."""
    cut = page(query, _LIST_LIMIT, refuse_over=refuse_over)
    found = [market for market in markets(data, now_ms) if _wanted(market, query)]
    tick_ms = now_ms // data.tick_ms * data.tick_ms
    return stamped_last([_row(market, tick_ms) for market in cut.of(found)], now_ms)


def asset_markets(
    data: MarketData, slug: str, query: Query, now_ms: int, *, refuse_over: bool
) -> HttpAnswer:
    """Pairs with the asset on either side, by display name of the exchange: it joins nothing."""
    cut = page(query, _ASSET_LIMIT, refuse_over=refuse_over)
    found = [
        market
        for market in markets(data, now_ms)
        if slug in (market.base.id, market.quote.id) and market.volume_usd > 0
    ]
    total = sum(market.volume_usd for market in found)
    rows = [_asset_row(market, total) for market in cut.of(found)]
    return stamped_first(rows, now_ms)


def markets(data: MarketData, now_ms: int) -> list[Market]:
    """Every pair of every living venue."""
    found: list[Market] = []
    sides = _sides(data, now_ms)
    living = (venue for venue in venues(data, now_ms) if not venue.exchange.dead)
    for venue in sorted(living, key=lambda venue: venue.exchange.id):
        traded = sorted(
            _venue_markets(data, sides, venue, now_ms),
            key=lambda market: (-market.volume_usd, market.base.id, market.quote.id),
        )
        found += [
            Market(m.venue, m.base, m.quote, m.price_usd, m.volume_usd, rank)
            for rank, m in enumerate(traded, 1)
        ]
    return found


def _venue_markets(
    data: MarketData, sides: Mapping[str, PairSide], venue: Venue, now_ms: int
) -> Iterator[Market]:
    pairs = list(_pairs(data, venue.exchange.id))
    weights = [share("pair", venue.exchange.id, base, quote) for base, quote in pairs]
    total = sum(weights)
    for (base, quote), weight in zip(pairs, weights, strict=True):
        name = f"{venue.exchange.id}/{base}/{quote}"
        walk = Walk(series_key(data.seed, "market", name), _DAILY_MOVE, data.tick_ms)
        dead = share("dead", name) < _DEAD_SHARE
        side = sides[base]
        volume = venue.volume_usd * weight / total * walk.factor(now_ms)
        spread = 1.0 + _SPREAD * (share("spread", data.seed, name) - 0.5)
        yield Market(
            venue=venue,
            base=side,
            quote=sides[quote],
            price_usd=0.0 if dead else side.usd * spread,
            volume_usd=0.0 if dead else volume,
        )


def _pairs(data: MarketData, exchange_id: str) -> Iterator[tuple[str, str]]:
    """Identity, not weather: the same for every seed."""
    for quote in ("tether", _FIAT_QUOTES[int(share("fiat", exchange_id) * len(_FIAT_QUOTES))]):
        yield "bitcoin", quote
    bases = [asset.id for asset in data.catalogue.assets[1:_BASES]]
    bases.sort(key=lambda base: share("base", exchange_id, base))
    for base in bases[:_BASES_PER_VENUE]:
        yield from ((base, quote) for quote in _quotes(exchange_id, base) if quote != base)


def _quotes(exchange_id: str, base: str) -> tuple[str, ...]:
    other = _CRYPTO_QUOTES[1 + int(share("quote", exchange_id, base) * 2)]
    return ("tether", other) if share("two", exchange_id, base) < 0.6 else ("tether",)


def _sides(data: MarketData, now_ms: int) -> dict[str, PairSide]:
    """Everything that is traded, priced once for all venues."""
    coins = {
        asset.id: PairSide(asset.id, asset.symbol, data.price(asset.id, now_ms))
        for asset in data.catalogue.assets[:_BASES]
    }
    money = {
        currency.id: PairSide(currency.id, currency.symbol, fiat_rate(data, currency, now_ms))
        for currency in data.catalogue.currencies
        if currency.id in _FIAT_QUOTES
    }
    return coins | money


def _wanted(market: Market, query: Query) -> bool:
    sides = {
        "exchangeId": {market.venue.exchange.id},
        "baseSymbol": {market.base.symbol},
        "baseId": {market.base.id},
        "quoteSymbol": {market.quote.symbol},
        "quoteId": {market.quote.id},
        "assetSymbol": {market.base.symbol, market.quote.symbol},
        "assetId": {market.base.id, market.quote.id},
    }
    return all(query[name] in allowed for name, allowed in sides.items() if query.get(name))


def _row(market: Market, tick_ms: int) -> dict[str, object]:
    dead = market.volume_usd == 0
    name = f"{market.venue.exchange.id}/{market.base.id}/{market.quote.id}"
    percent = market.volume_usd / market.venue.volume_usd * 100.0
    trades = int(20 + 50_000 * share("trades", name))
    return {
        "exchangeId": market.venue.exchange.id,
        "rank": str(market.rank),
        "baseSymbol": market.base.symbol,
        "baseId": market.base.id,
        "quoteSymbol": market.quote.symbol,
        "quoteId": market.quote.id,
        "priceQuote": _DEAD if dead else amount(market.price_usd / market.quote.usd),
        "priceUsd": _DEAD if dead else amount(market.price_usd),
        "volumeUsd24Hr": _DEAD if dead else amount(market.volume_usd),
        "percentExchangeVolume": _DEAD if dead else amount(percent),
        "tradesCount24Hr": None if dead else str(trades),
        "updated": tick_ms - lag_ms(name),
    }


def _asset_row(market: Market, total: float) -> dict[str, object]:
    return {
        "exchangeId": market.venue.exchange.name,
        "baseId": market.base.id,
        "quoteId": market.quote.id,
        "baseSymbol": market.base.symbol,
        "quoteSymbol": market.quote.symbol,
        "volumeUsd24Hr": amount(market.volume_usd),
        "priceUsd": amount(market.price_usd),
        "volumePercent": amount(market.volume_usd / total * 100.0),
    }
