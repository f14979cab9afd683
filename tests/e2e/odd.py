"""Answers of no sense, and the past hour that they are published into."""

import json
from datetime import UTC, datetime
from typing import Any

DT, HOUR = "2026-03-04", "05"
PAST_MS = int(datetime(2026, 3, 4, 5, 6, 7, tzinfo=UTC).timestamp() * 1000)
TOPIC = "coincap.assets.v1"


def asset(name: str, **changes: Any) -> dict[str, Any]:
    """An element of an answer, with some of its fields changed."""
    plain: dict[str, Any] = {
        "id": name,
        "rank": "1",
        "symbol": "ONE",
        "name": name,
        "supply": "1.5",
        "maxSupply": None,
        "marketCapUsd": "3.0",
        "volumeUsd24Hr": "4",
        "priceUsd": "2.000000001",
        "changePercent24Hr": "-1.2e-7",
        "vwap24Hr": None,
        "explorer": None,
        "tokens": {},
    }
    return {**plain, **changes}


def body(*assets: dict[str, Any], indent: int | None = None) -> bytes:
    """An answer that holds these elements."""
    return json.dumps({"timestamp": PAST_MS, "data": list(assets)}, indent=indent).encode()


VALUES = (
    body(asset("plain")),
    body(asset("pretty"), indent=2),  # newlines inside the value
    b"this is no JSON",
    b"",
    body(asset("number", priceUsd=7)),
    body(asset("wrong-type", priceUsd={"usd": "1"}), asset("beside-it")),
    body(asset("odd-rank", rank="first", supply=[1], changePercent24Hr="n/a")),
    b'{"timestamp":1,"data":{"message":"We are deprecating this version"}}',
)
