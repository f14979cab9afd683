"""CoinCap-like answers of a wanted size: seeded, numbered, no two alike."""

import random
from collections.abc import Iterator
from dataclasses import dataclass
from hashlib import blake2b

_ASSET = (
    '{"id":"%s","rank":"%d","symbol":"%s","name":"%s","supply":"%s","maxSupply":%s,'
    '"marketCapUsd":"%s","volumeUsd24Hr":"%s","priceUsd":"%s","changePercent24Hr":"%s",'
    '"vwap24Hr":"%s"%s}'
)
_ENVELOPE = b'{"poll":"%010d","data":[%s],"timestamp":%d}'
_NUMBER = slice(len('{"poll":"'), len('{"poll":"') + 10)
_AROUND = len(_ENVELOPE % (0, b"", 1_790_000_000_000)) + 1
# What one asset of the real API takes, explorer and all.
_REAL_ASSET = 385
_FRAGMENTS = 12_000
_ASSETS = 200
_HASH_WIDTH = 16
_SYLLABLES = (
    "bit",
    "eth",
    "lite",
    "dog",
    "sol",
    "car",
    "dan",
    "ave",
    "poly",
    "cos",
    "mon",
    "ri",
)


@dataclass(frozen=True, slots=True)
class Corpus:
    """What a topic is filled with. `size` is bytes of a value, to within a few."""

    size: int
    values: int

    @classmethod
    def of(cls, size: int, megabytes: float) -> "Corpus":
        """About so many MB (10^6 bytes) in values of a size."""
        return cls(size, max(1, round(megabytes * 1e6 / size)))


@dataclass(slots=True)
class Tally:
    """A multiset of values: how many, how many bytes, and a sum of hashes for their content."""

    values: int = 0
    size: int = 0
    hashes: int = 0

    def add(self, value: bytes) -> None:
        self.values += 1
        self.size += len(value)
        # A sum, so that the order in which objects are read does not matter.
        digest = blake2b(value, digest_size=_HASH_WIDTH).digest()
        self.hashes = (self.hashes + int.from_bytes(digest)) % (1 << (8 * _HASH_WIDTH))

    def __eq__(self, other: object) -> bool:
        if not isinstance(other, Tally):
            return NotImplemented
        return self.as_tuple() == other.as_tuple()

    __hash__ = None  # type: ignore[assignment]

    def as_tuple(self) -> tuple[int, int, int]:
        return self.values, self.size, self.hashes


def values(corpus: Corpus, first_ms: int) -> Iterator[bytes]:
    """The values in order. `first_ms` is the time of the first answer."""
    rng = random.Random(f"coinlake-bench-{corpus.size}")
    room = max(1, corpus.size - _AROUND)
    count = max(1, round(room / _REAL_ASSET))
    pool = min(_FRAGMENTS, (corpus.values + 1) * count)
    fragments = _fragments(rng, room // count - 1, pool)
    picks = range(count)
    for number in range(corpus.values):
        at = int(rng.random() * (len(fragments) - count))
        data = b",".join([fragments[at + step] for step in picks])
        yield _ENVELOPE % (number, data, first_ms + number // 100)


def number_of(value: bytes) -> int | None:
    """The number that `values` gave it; None where it is no value of ours."""
    digits = value[_NUMBER]
    return int(digits) if digits.isdigit() else None


def _fragments(rng: random.Random, length: int, pool: int) -> list[bytes]:
    """A pool far larger than gzip's window, so that no repetition helps it."""
    names = [_name(rng) for _ in range(_ASSETS)]
    supplies = [f"{rng.uniform(1e5, 1e10):.16f}" for _ in names]
    return [
        _fragment(rng, names[at % _ASSETS], supplies[at % _ASSETS], at % _ASSETS, length)
        for at in range(pool)
    ]


def _name(rng: random.Random) -> str:
    return "".join(rng.choices(_SYLLABLES, k=3)) + str(rng.randrange(10))


def _fragment(rng: random.Random, name: str, supply: str, rank: int, length: int) -> bytes:
    """One asset, as long as wanted where that can be had from its decimals."""
    is_long = length > 300
    explorer = f',"explorer":"https://explorer.{name}.example/"' if is_long else ""
    shown = supply if is_long else supply.split(".")[0]

    def built(decimals: int, last: int) -> str:
        places = (decimals,) * 4 + (last,)
        numbers = [_decimal(rng, places[at], whole) for at, whole in enumerate(_WHOLES)]
        return _ASSET % (
            name,
            rank + 1,
            name[:4].upper(),
            name.capitalize(),
            shown,
            f'"{shown}"' if rank % 2 else "null",
            *numbers,
            explorer,
        )

    spare = length - len(built(1, 1)) + 5
    each = max(1, spare // 5)
    return built(each, max(1, spare - 4 * each)).encode()


_WHOLES = (1_874_395_061_849, 41_874_395_061, 94_466, 3, 94_821)


def _decimal(rng: random.Random, places: int, whole: int) -> str:
    """A decimal as CoinCap writes it: many places, the last ones mostly zeros."""
    meant = min(places, 10)
    digits = f"{rng.randrange(10**meant):0{meant}d}"
    return f"{whole + rng.randrange(max(2, whole // 50))}".zfill(len(str(whole))) + (
        "." + digits + "0" * (places - meant)
    )
