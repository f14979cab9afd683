"""Determinism by seed and clock, and history as the grid of the same walk."""

import json
import math
import statistics
from collections.abc import Mapping
from itertools import pairwise
from typing import Any

from hypothesis import given
from hypothesis import strategies as st

from coincap_simulator.catalogue_files import load_catalogue
from coincap_simulator.core.market_data import MarketData
from coincap_simulator.core.mood import MarketMood
from coincap_simulator.core.noise import Walk, series_key, unit
from coincap_simulator.core.routes import CoinCap

HOUR = 3_600_000
NOW = 1_795_370_399_123  # 2026-11-22T17:59:59.123Z
CALLS: list[tuple[str, Mapping[str, str]]] = [
    ("/v3/assets", {"limit": "2000"}),
    ("/v3/rates", {}),
    ("/v3/exchanges", {"limit": "100"}),
    ("/v3/markets", {"limit": "2000"}),
    ("/v3/assets/bitcoin/history", {"interval": "h1"}),
    ("/v3/assets/tether/markets", {}),
    ("/v3/ta/solana/candlesticks", {"interval": "m5"}),
]


def fresh(seed: int = 42) -> CoinCap:
    return CoinCap(MarketData(load_catalogue(150), seed, tick_ms=10_000))


def read(coincap: CoinCap, path: str, query: Mapping[str, str], now_ms: int) -> Any:
    return json.loads(coincap.answer(path, query, now_ms).body)


def test_the_same_seed_and_instant_give_the_same_bytes_whatever_was_asked_before(
    coincap: CoinCap,
) -> None:
    other = fresh()
    for step in range(5):
        other.answer("/v3/assets", {}, NOW - step * 7 * HOUR)

    for path, query in CALLS:
        assert other.answer(path, query, NOW) == coincap.answer(path, query, NOW)


def test_another_seed_gives_other_prices_of_the_same_assets(coincap: CoinCap) -> None:
    ours = read(coincap, "/v3/assets", {"limit": "2000"}, NOW)["data"]
    theirs = read(fresh(seed=43), "/v3/assets", {"limit": "2000"}, NOW)["data"]

    assert {row["id"] for row in ours} == {row["id"] for row in theirs}
    assert {row["priceUsd"] for row in ours}.isdisjoint(
        row["priceUsd"] for row in theirs if not row["priceUsd"].startswith("0.99")
    )


def test_within_a_data_tick_only_the_timestamp_moves(coincap: CoinCap) -> None:
    tick = NOW // 10_000 * 10_000

    for path, query in CALLS:
        first, last = read(coincap, path, query, tick), read(coincap, path, query, tick + 9_999)
        assert first.pop("timestamp") == tick
        assert last.pop("timestamp") == tick + 9_999
        assert first == last


def test_the_next_tick_moves_prices(coincap: CoinCap) -> None:
    before = read(coincap, "/v3/assets", {}, NOW)["data"]
    after = read(coincap, "/v3/assets", {}, NOW + 10_000)["data"]
    old = {row["id"]: row["priceUsd"] for row in before}

    moved = [row["id"] for row in after if old.get(row["id"]) != row["priceUsd"]]

    assert len(moved) > 80


def test_a_history_point_is_the_price_that_was_served_at_that_instant(
    coincap: CoinCap,
) -> None:
    history = read(coincap, "/v3/assets/xrp/history", {"interval": "m1"}, NOW)["data"]

    for point in history[-5:]:
        asset = read(coincap, "/v3/assets/xrp", {}, point["time"] + 9_000)["data"]
        assert asset["priceUsd"] == point["priceUsd"]


def test_the_default_history_is_720_hours_that_slide_by_one_and_never_change(
    coincap: CoinCap,
) -> None:
    path, query = "/v3/assets/bitcoin/history", {"interval": "h1"}
    now = read(coincap, path, query, NOW)["data"]
    later = read(coincap, path, query, NOW + HOUR)["data"]

    assert len(now) == 720
    assert now[-1]["time"] == NOW // HOUR * HOUR
    assert now[-1]["date"] == "2026-11-22T17:00:00.000Z"
    assert {b["time"] - a["time"] for a, b in pairwise(now)} == {HOUR}
    assert later[:-1] == now[1:]


def test_candles_hang_together_and_hold_the_history(coincap: CoinCap) -> None:
    candles = read(coincap, "/v3/ta/bitcoin/candlesticks", {"interval": "h1"}, NOW)["candles"]
    history = read(coincap, "/v3/assets/bitcoin/history", {"interval": "h1"}, NOW)["data"]
    prices = {point["time"]: float(point["priceUsd"]) for point in history}

    assert len(candles) == 100
    assert candles[-1]["time"] == NOW // HOUR * HOUR - HOUR
    for candle, following in pairwise(candles):
        assert candle["open"] == prices[candle["time"]]
        assert candle["close"] == following["open"]
        assert candle["low"] <= min(candle["open"], candle["close"])
        assert candle["high"] >= max(candle["open"], candle["close"])


def test_ranks_swap_within_hours(coincap: CoinCap) -> None:
    orders = {
        tuple(quote.asset.id for quote in coincap.data.quotes(NOW + hour * HOUR))
        for hour in range(6)
    }

    assert len(orders) == 6


def test_the_change_is_against_the_price_a_day_before(coincap: CoinCap) -> None:
    now = read(coincap, "/v3/assets/ethereum", {}, NOW)["data"]
    before = read(coincap, "/v3/assets/ethereum", {}, NOW - 24 * HOUR)["data"]

    change = (float(now["priceUsd"]) / float(before["priceUsd"]) - 1.0) * 100.0

    assert float(now["changePercent24Hr"]) == change


def test_mined_coins_become_more_but_never_more_than_their_maximum(coincap: CoinCap) -> None:
    then = coincap.data.quote("bitcoin", NOW)
    later = coincap.data.quote("bitcoin", NOW + 24 * HOUR)
    in_ages = coincap.data.quote("bitcoin", NOW + 20_000 * 24 * HOUR)

    assert then is not None
    assert later is not None
    assert in_ages is not None
    assert later.supply == then.supply + 450
    assert in_ages.supply == 21_000_000


@given(st.integers(), st.integers(min_value=-(10**15), max_value=10**15))
def test_noise_is_uniform_in_its_bounds(key: int, index: int) -> None:
    assert 0.0 <= unit(key & (2**64 - 1), index) < 1.0


@given(st.integers(min_value=0, max_value=4 * 10**12))
def test_a_walk_stays_near_its_base_and_has_no_jumps(at_ms: int) -> None:
    walk = Walk(series_key(1, "price", "x"), 0.035, 10_000)

    now, after = walk.factor(at_ms), walk.factor(at_ms + 10_000)

    assert 0.3 < now < 3.0
    assert abs(after / now - 1.0) < 0.01


def test_the_walk_is_pinned_so_that_a_change_of_it_is_seen() -> None:
    # A changed walk changes every recorded demo and every expectation that names a price.
    coincap = fresh()

    assert coincap.data.price("bitcoin", 1_795_369_160_671) == 69372.5


def test_the_market_crashes_now_and_then_and_no_price_jumps() -> None:
    mood = MarketMood(42, 10_000)
    hours = [NOW + minute * 60_000 for minute in range(0, 30 * 24 * 60, 5)]

    held = [mood.crash(at_ms) for at_ms in hours]
    steps = [abs(later - earlier) for earlier, later in pairwise(held)]

    # A month has some, and calm between them.
    assert 0.05 < max(held) < 0.3
    assert sum(value < 0.02 for value in held) > len(held) // 4
    assert max(steps) < 0.04


def test_coins_follow_the_market_and_stablecoins_do_not() -> None:
    data = fresh().data
    hours = [NOW - hour * HOUR for hour in range(300)]

    def moves(asset: str) -> list[float]:
        prices = [data.price(asset, at_ms) for at_ms in hours]
        return [math.log(later / earlier) for earlier, later in pairwise(prices)]

    bitcoin, solana, tether = moves("bitcoin"), moves("solana"), moves("tether")

    assert statistics.correlation(bitcoin, solana) > 0.2
    assert abs(statistics.correlation(bitcoin, tether)) < 0.2
    assert max(map(abs, tether)) < 0.005
