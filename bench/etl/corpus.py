"""An hour of raw assets: answers of 20 to 2,000 assets in CoinCap's number formats."""

import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from random import Random

import orjson

from coincap_simulator.catalogue_files import load_catalogue
from coincap_simulator.core.assets import asset_list
from coincap_simulator.core.market_data import MarketData
from coincap_simulator.core.numbers import amount, shortest
from coincap_simulator.core.switches import Switches
from coinlake.contracts.headers import AnswerHeaders
from coinlake.contracts.hours import Hour
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey

HOUR = Hour("2026-11-20", "07")
SIZES = (20, 100, 500, 2000)
"""Assets in an answer, in turn."""
_ASSETS = 2000
_OBJECT_BYTES = 8 * 1024 * 1024
_AMOUNTS = ("priceUsd", "marketCapUsd", "volumeUsd24Hr")
_RATIOS = ("changePercent24Hr", "vwap24Hr")


@dataclass(frozen=True, slots=True)
class Corpus:
    """Raw objects by key, as files below `folder`, and how much they hold."""

    folder: Path
    keys: tuple[str, ...]
    answer_bytes: int
    answers: int

    def body(self, key: str) -> bytes:
        return (self.folder / key).read_bytes()


def corpus(folder: Path, megabytes: int, seed: int = 7) -> Corpus:
    """Make the hour below the folder, or take it from there."""
    told = folder / "corpus.json"
    if not told.is_file():
        shutil.rmtree(folder, ignore_errors=True)
        folder.mkdir(parents=True)
        told.write_bytes(orjson.dumps(_write(folder, megabytes * 1_000_000, seed)))
    keys, answer_bytes, answers = orjson.loads(told.read_bytes())
    return Corpus(folder, tuple(keys), answer_bytes, answers)


def _write(folder: Path, size: int, seed: int) -> tuple[list[str], int, int]:
    keys: list[str] = []
    waiting: list[Record] = []
    written = held = 0
    offset = 0
    bodies = list(_bodies(size, seed))
    for offset, body in enumerate(bodies):
        at_ms = HOUR.start_ms + offset * 3_600_000 // len(bodies)
        told = AnswerHeaders(
            f"{offset:036d}", at_ms, at_ms, 200, "/v3/assets", "", "coincap", ""
        )
        waiting.append(Record(offset, at_ms, b"assets", body, tuple(told.encode())))
        held += len(body)
        written += len(body)
        if held >= _OBJECT_BYTES or offset == len(bodies) - 1:
            key = str(RawKey("coincap.assets.v1", HOUR, 0, 0, waiting[0].offset))
            path = folder / key
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_bytes(encode(waiting).body)
            keys.append(key)
            waiting, held = [], 0
    return keys, written, len(bodies)


def _bodies(size: int, seed: int) -> Iterator[bytes]:
    """Answers until they have so many bytes. The first tick is the simulator's; in each later one
    every price moves, written digit for digit as CoinCap does."""
    random = Random(seed)
    data = MarketData(load_catalogue(_ASSETS), seed, 60_000)
    first = asset_list(data, {"limit": str(_ASSETS)}, HOUR.start_ms, Switches()).body
    assets = orjson.loads(first)["data"]
    made = place = number = 0
    while made < size:
        count = SIZES[number % len(SIZES)]
        page = [_moved(random, assets[(place + n) % _ASSETS]) for n in range(count)]
        place = (place + count) % _ASSETS
        body = orjson.dumps({"timestamp": HOUR.start_ms + number, "data": page})
        number += 1
        made += len(body)
        yield body


def _moved(random: Random, asset: dict[str, str | None]) -> dict[str, str | None]:
    factor = 1 + random.uniform(-0.01, 0.01)
    moved = dict(asset)
    for key in _AMOUNTS:
        if (text := asset[key]) is not None:
            moved[key] = amount(float(text) * factor)
    for key in _RATIOS:
        if (text := asset[key]) is not None:
            moved[key] = shortest(float(text) * factor)
    return moved
