"""`/assets`, `/assets/{slug}` and `/price/bysymbol/{list}`."""

from coincap_simulator.core.answers import BadParameterError, HttpAnswer, error, stamped_first
from coincap_simulator.core.market_data import MarketData, Quote
from coincap_simulator.core.numbers import amount, shortest
from coincap_simulator.core.paging import Query, names, page
from coincap_simulator.core.switches import Switches

_DEFAULT_LIMIT = 100
_MAX_SYMBOLS = 100


def asset_list(data: MarketData, query: Query, now_ms: int, switches: Switches) -> HttpAnswer:
    """A page of assets by rank; unknown ids are silently absent."""
    cut = page(query, _DEFAULT_LIMIT, refuse_over=switches.refuse_over)
    ids = names(query, "ids")
    search = query.get("search", "").lower()
    found = [
        quote
        for quote in data.quotes(now_ms)
        if (ids is None or quote.asset.id in ids) and _matches(quote, search)
    ]
    return stamped_first([asset_row(quote, switches) for quote in cut.of(found)], now_ms)


def one_asset(data: MarketData, slug: str, now_ms: int, switches: Switches) -> HttpAnswer:
    """One asset, `data` an object."""
    quote = data.quote(slug, now_ms)
    if quote is None:
        return unknown_asset(slug, now_ms)
    return stamped_first(asset_row(quote, switches), now_ms)


def unknown_asset(slug: str, now_ms: int) -> HttpAnswer:
    """The 404 of all routes below `/assets/{slug}`."""
    return error(f"{slug} not found", 404, now_ms)


def prices_by_symbol(data: MarketData, symbols: str, now_ms: int) -> HttpAnswer:
    """Bare prices in the order asked for, null for an unknown symbol (as several clients read it).

    A symbol that two assets share means the one with the larger cap.
    """
    wanted = symbols.split(",")
    if len(wanted) > _MAX_SYMBOLS:
        raise BadParameterError(f"more than {_MAX_SYMBOLS} symbols")
    prices: dict[str, str] = {}
    for quote in data.quotes(now_ms):
        prices.setdefault(quote.asset.symbol, shortest(quote.price_usd))
    return stamped_first([prices.get(symbol.upper()) for symbol in wanted], now_ms)


def asset_row(quote: Quote, switches: Switches) -> dict[str, object]:
    """The 13 keys in the recorded order."""
    asset = quote.asset
    row: dict[str, object] = {
        "id": asset.id,
        "rank": str(quote.rank),
        "symbol": asset.symbol,
        "name": asset.name,
        "supply": amount(quote.supply),
        "maxSupply": None if asset.max_supply is None else amount(asset.max_supply),
        "marketCapUsd": amount(quote.market_cap_usd),
        "volumeUsd24Hr": amount(quote.volume_usd),
        "priceUsd": amount(quote.price_usd),
        "changePercent24Hr": shortest(quote.change_percent, exponents=switches.exponents),
        "vwap24Hr": shortest(quote.vwap, exponents=switches.exponents),
        "explorer": asset.explorer,
        "tokens": asset.tokens,
    }
    return {key: None if key in quote.nulls else value for key, value in row.items()}


def _matches(quote: Quote, search: str) -> bool:
    return search in quote.asset.id or search in quote.asset.symbol.lower()
