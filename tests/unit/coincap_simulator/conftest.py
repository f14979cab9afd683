"""A simulated CoinCap without HTTP, and the recorded answers it is compared with."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from coincap_simulator.catalogue_files import load_catalogue
from coincap_simulator.core.market_data import MarketData
from coincap_simulator.core.routes import CoinCap

RECORDINGS = Path(__file__).resolve().parents[2] / "data" / "coincap"


@pytest.fixture(scope="session")
def coincap() -> CoinCap:
    return CoinCap(MarketData(load_catalogue(150), seed=42, tick_ms=10_000))


@pytest.fixture(scope="session")
def recorded() -> Callable[[str], Any]:
    def read(name: str) -> Any:
        return json.loads((RECORDINGS / name).read_text("utf-8"))

    return read
