"""From path and query to an answer: what is simulated of CoinCap v3, and what is recorded."""

from dataclasses import dataclass

from coincap_simulator.core.answers import BadParameterError, HttpAnswer, bad_parameters, error
from coincap_simulator.core.assets import asset_list, one_asset, prices_by_symbol, unknown_asset
from coincap_simulator.core.exchanges import exchange_list, one_exchange
from coincap_simulator.core.history import candlesticks, price_history
from coincap_simulator.core.market_data import MarketData
from coincap_simulator.core.markets import asset_markets, market_list
from coincap_simulator.core.paging import Query
from coincap_simulator.core.rates import one_rate, rate_list
from coincap_simulator.core.recordings import NOTHING, Recordings
from coincap_simulator.core.switches import USUAL, Switches

_NOWHERE = error("Not found", 404)


@dataclass(frozen=True, slots=True)
class CoinCap:
    """The API without HTTP."""

    data: MarketData
    switches: Switches = USUAL
    recordings: Recordings = NOTHING

    def answer(self, path: str, query: Query, now_ms: int) -> HttpAnswer:
        """What CoinCap says at that instant. `path` is decoded; one slash at its end is fine."""
        parts = path.removesuffix("/").split("/")[1:]
        if not parts or parts[0] != "v3":
            return _NOWHERE
        try:
            return (
                self._simulated(parts[1:], query, now_ms)
                or self._recorded(parts[1:], query, now_ms)
                or _NOWHERE
            )
        except BadParameterError:
            return bad_parameters()

    def _recorded(self, parts: list[str], query: Query, now_ms: int) -> HttpAnswer | None:
        return self.recordings.answer(
            "/".join(parts), query, now_ms, refuse_over=self.switches.refuse_over
        )

    def _simulated(self, parts: list[str], query: Query, now_ms: int) -> HttpAnswer | None:
        match parts:
            case ["assets", *rest]:
                return self._assets(rest, query, now_ms)
            case ["rates"]:
                return rate_list(self.data, query, now_ms)
            case ["rates", slug]:
                return one_rate(self.data, slug, now_ms)
            case ["exchanges"]:
                return exchange_list(
                    self.data, query, now_ms, refuse_over=self.switches.refuse_over
                )
            case ["exchanges", id_]:
                return one_exchange(self.data, id_, now_ms)
        return self._others(parts, query, now_ms)

    def _others(self, parts: list[str], query: Query, now_ms: int) -> HttpAnswer | None:
        match parts:
            case ["markets"]:
                return market_list(
                    self.data, query, now_ms, refuse_over=self.switches.refuse_over
                )
            case ["price", "bysymbol", symbols]:
                return prices_by_symbol(self.data, symbols, now_ms)
            case ["ta", slug, "candlesticks"]:
                if self.data.listed(slug) is None:
                    return unknown_asset(slug, now_ms)
                return candlesticks(self.data, slug, query, now_ms)
        return None

    def _assets(self, rest: list[str], query: Query, now_ms: int) -> HttpAnswer | None:
        if not rest:
            return asset_list(self.data, query, now_ms, self.switches)
        slug, *below = rest
        if self.data.listed(slug) is None:
            return unknown_asset(slug, now_ms)
        match below:
            case []:
                return one_asset(self.data, slug, now_ms, self.switches)
            case ["history"]:
                return price_history(self.data, slug, query, now_ms)
            case ["markets"]:
                return asset_markets(
                    self.data, slug, query, now_ms, refuse_over=self.switches.refuse_over
                )
        return None
