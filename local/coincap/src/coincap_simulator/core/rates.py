"""`/rates` and `/rates/{slug}`: fiat money and a few coins in USD."""

from coincap_simulator.core.answers import HttpAnswer, error, stamped_last
from coincap_simulator.core.catalogue import Currency
from coincap_simulator.core.market_data import MarketData
from coincap_simulator.core.noise import Walk, series_key
from coincap_simulator.core.numbers import amount, significant
from coincap_simulator.core.paging import Query, names

_DAILY_MOVE = 0.004
# Fifteen digits are what a float64 always keeps; recorded rates use all of them.
_DIGITS = 15
# These are pegged to the dollar one to one, or are the dollar.
_ONE = 1.0


def rate_list(data: MarketData, query: Query, now_ms: int) -> HttpAnswer:
    """All rates in one fixed order, or those named in `ids`."""
    ids = names(query, "ids")
    rows = [row for row in _rows(data, now_ms) if ids is None or row["id"] in ids]
    return stamped_last(rows, now_ms)


def one_rate(data: MarketData, slug: str, now_ms: int) -> HttpAnswer:
    """One rate, `data` an object."""
    for row in _rows(data, now_ms):
        if row["id"] == slug:
            return stamped_last(row, now_ms)
    return error("Conversion rate not found", 404)


def fiat_rate(data: MarketData, currency: Currency, now_ms: int) -> float:
    """USD for one unit of fiat money."""
    if currency.rate_usd == _ONE:
        return _ONE
    walk = Walk(series_key(data.seed, "rate", currency.id), _DAILY_MOVE, data.tick_ms)
    return significant(currency.rate_usd * walk.factor(now_ms), _DIGITS)


def _rows(data: MarketData, now_ms: int) -> list[dict[str, object]]:
    fiat = [_fiat(data, currency, now_ms) for currency in data.catalogue.currencies]
    symbols = {asset.id: asset.symbol for asset in data.catalogue.assets}
    crypto = [
        _row(id_, symbols[id_], sign, "crypto", data.price(id_, now_ms))
        for id_, sign in data.catalogue.crypto_rates
    ]
    return fiat + crypto


def _fiat(data: MarketData, currency: Currency, now_ms: int) -> dict[str, object]:
    rate = fiat_rate(data, currency, now_ms)
    return _row(currency.id, currency.symbol, currency.currency_symbol, "fiat", rate)


def _row(id_: str, symbol: str, sign: str | None, kind: str, rate: float) -> dict[str, object]:
    return {
        "id": id_,
        "symbol": symbol,
        "currencySymbol": sign,
        "type": kind,
        "rateUsd": amount(rate),
    }
