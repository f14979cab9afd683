"""The world at an instant: prices, caps and ranks of all assets, from seed and clock alone."""

import math
from dataclasses import dataclass

from coincap_simulator.core.catalogue import Asset, Catalogue
from coincap_simulator.core.mood import MarketMood
from coincap_simulator.core.noise import Walk, series_key, unit
from coincap_simulator.core.numbers import significant

_HOUR_MS = 3_600_000
_DAY_MS = 24 * _HOUR_MS
# Coins minted are counted from here, near the recordings from which the supplies come.
_SUPPLY_SINCE_MS = 1_766_620_800_000  # 2025-12-25

# Typical daily moves. A stablecoin stays within a few tenths of a percent.
_DAILY_MOVE = 0.035
_DAILY_MOVE_STABLE = 0.0004
_DAILY_MOVE_VOLUME = 0.12

# Fields that are null now and then, for ten minutes, in one of 150 assets.
_NOW_AND_THEN = (
    "rank",
    "marketCapUsd",
    "volumeUsd24Hr",
    "changePercent24Hr",
    "vwap24Hr",
    "explorer",
)
_NULL_SHARE = 1 / 150
_NULL_MS = 600_000
# The best known assets never have a passing null: a demo looks at them.
_ALWAYS_WHOLE = 12


@dataclass(frozen=True, slots=True)
class Quote:
    """One asset in one tick. `nulls` names the fields that are null in the answer."""

    asset: Asset
    rank: int
    supply: float
    market_cap_usd: float
    volume_usd: float
    price_usd: float
    change_percent: float
    vwap: float
    nulls: frozenset[str]


class MarketData:
    """Prices of one seed. Remembers the last tick, since many calls fall into the same one."""

    def __init__(self, catalogue: Catalogue, seed: int, tick_ms: int) -> None:
        self.catalogue = catalogue
        self.seed = seed
        self.tick_ms = tick_ms
        self._assets = {asset.id: asset for asset in catalogue.assets}
        self._listed = catalogue.assets[: catalogue.listed]
        self._listed_ids = frozenset(asset.id for asset in self._listed)
        self._price_walks = {a.id: self._price_walk(a) for a in catalogue.assets}
        self._volume_walks = {
            a.id: Walk(series_key(seed, "volume", a.id), _DAILY_MOVE_VOLUME, tick_ms)
            for a in catalogue.assets
        }
        self._mood = MarketMood(seed, tick_ms)
        self._betas = {a.id: _beta(seed, a) for a in catalogue.assets}
        self._last: tuple[int, tuple[Quote, ...]] = (-1, ())
        self._grid: dict[tuple[str, int], float] = {}

    def listed(self, asset_id: str) -> Asset | None:
        """The asset, if `/assets` shows it."""
        return self._assets[asset_id] if asset_id in self._listed_ids else None

    def price(self, asset_id: str, at_ms: int) -> float:
        """USD for one coin at any instant, past or future; constant within a data tick."""
        asset = self._assets[asset_id]
        own = self._price_walks[asset_id].factor(at_ms)
        market = math.exp(self._betas[asset_id] * self._mood.log_factor(at_ms))
        return significant(asset.price_usd * own * market, asset.digits)

    def quotes(self, at_ms: int) -> tuple[Quote, ...]:
        """All listed assets in the order of their market caps."""
        tick = at_ms // self.tick_ms
        if self._last[0] != tick:
            self._last = (tick, self._tick_quotes(tick * self.tick_ms))
        return self._last[1]

    def quote(self, asset_id: str, at_ms: int) -> Quote | None:
        """The newest quote of a listed asset."""
        return next((q for q in self.quotes(at_ms) if q.asset.id == asset_id), None)

    def _price_walk(self, asset: Asset) -> Walk:
        move = _DAILY_MOVE_STABLE if asset.stable else _DAILY_MOVE
        return Walk(series_key(self.seed, "price", asset.id), move, self.tick_ms)

    def _tick_quotes(self, at_ms: int) -> tuple[Quote, ...]:
        priced = [(asset, self.price(asset.id, at_ms)) for asset in self._listed]
        whole = {asset.id for asset in self._listed[:_ALWAYS_WHOLE]}
        rows = [(price * _supply(asset, at_ms), asset, price) for asset, price in priced]
        # The id breaks ties, so that equal caps have one order on every machine.
        rows.sort(key=lambda row: (-row[0], row[1].id))
        return tuple(
            self._quote(asset, price, rank, at_ms, may_be_null=asset.id not in whole)
            for rank, (_, asset, price) in enumerate(rows, 1)
        )

    def _quote(
        self, asset: Asset, price: float, rank: int, at_ms: int, *, may_be_null: bool
    ) -> Quote:
        supply = _supply(asset, at_ms)
        yesterday = self.price(asset.id, at_ms - _DAY_MS)
        nulls = set(asset.always_null)
        if may_be_null:
            nulls |= self._passing_nulls(asset.id, at_ms)
        return Quote(
            asset=asset,
            rank=rank,
            supply=supply,
            market_cap_usd=price * supply,
            volume_usd=self._volume(asset, price * supply, at_ms),
            price_usd=price,
            change_percent=(price / yesterday - 1.0) * 100.0,
            vwap=self._vwap(asset.id, price, at_ms),
            nulls=frozenset(nulls),
        )

    def _volume(self, asset: Asset, cap: float, at_ms: int) -> float:
        # A stablecoin turns over far more of its cap in a day than a coin does.
        turnover = 0.4 if asset.stable else 0.03
        return cap * turnover * self._volume_walks[asset.id].factor(at_ms)

    def _vwap(self, asset_id: str, price: float, at_ms: int) -> float:
        """The mean of the last day's three-hour prices and the newest, weighted by noise."""
        key = series_key(self.seed, "weight", asset_id)
        newest = at_ms // (3 * _HOUR_MS)
        total, weights = price, 1.0
        for index in range(newest - 7, newest + 1):
            weight = 0.5 + unit(key, index)
            total += weight * self._grid_price(asset_id, index)
            weights += weight
        return total / weights

    def _grid_price(self, asset_id: str, index: int) -> float:
        """A three-hour price; remembered, as each is read by thousands of ticks."""
        if (asset_id, index) not in self._grid:
            if len(self._grid) > 16 * len(self._assets):
                self._grid.clear()
            self._grid[asset_id, index] = self.price(asset_id, index * 3 * _HOUR_MS)
        return self._grid[asset_id, index]

    def _passing_nulls(self, asset_id: str, at_ms: int) -> set[str]:
        slot = at_ms // _NULL_MS
        return {
            field
            for field in _NOW_AND_THEN
            if unit(series_key(self.seed, "null", field, asset_id), slot) < _NULL_SHARE
        }


def _beta(seed: int, asset: Asset) -> float:
    """How far an asset follows the market: a stablecoin not at all."""
    return 0.0 if asset.stable else 0.6 + unit(series_key(seed, "beta", asset.id), 0)


def _supply(asset: Asset, at_ms: int) -> float:
    """Coins that exist. Grows by whole hours, as block explorers are asked now and then."""
    hours = (at_ms - _SUPPLY_SINCE_MS) // _HOUR_MS
    grown = max(0.0, asset.supply + asset.daily_coins * hours / 24)
    return grown if asset.max_supply is None else min(grown, asset.max_supply)
