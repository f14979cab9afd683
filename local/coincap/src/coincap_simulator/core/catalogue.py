"""Who exists: assets, fiat money and exchanges, as written in the package's data files."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from coincap_simulator.core.noise import series_key, share, unit

# Coins of one in six assets live on other chains; the keys are those seen in recorded answers.
_TOKEN_CHAINS = ("1", "10", "56", "137", "42161")
_TOKEN_SHARE = 1 / 6


@dataclass(frozen=True, slots=True)
class Asset:
    """What does not walk. `daily_coins` are minted each day, `digits` are kept of a price."""

    id: str
    symbol: str
    name: str
    price_usd: float
    supply: float
    max_supply: float | None
    explorer: str | None
    tokens: Mapping[str, list[str]]
    stable: bool = False
    daily_coins: float = 0.0
    digits: int = 8
    always_null: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Currency:
    """Fiat money; `rate_usd` is the price of one unit around which it walks."""

    id: str
    symbol: str
    currency_symbol: str | None
    rate_usd: float


@dataclass(frozen=True, slots=True)
class Exchange:
    """A venue. One without volume is dead: nulls, no pairs, `updated` 0."""

    id: str
    name: str
    volume_usd: float
    pairs: int
    socket: bool | None
    url: str

    @property
    def dead(self) -> bool:
        return self.volume_usd == 0


@dataclass(frozen=True, slots=True)
class Catalogue:
    """Everything that exists. `listed` of the assets are in `/assets`, all of them have a walk."""

    assets: tuple[Asset, ...]
    listed: int
    currencies: tuple[Currency, ...]
    crypto_rates: tuple[tuple[str, str | None], ...]
    exchanges: tuple[Exchange, ...]


def catalogue(
    assets: str,
    rates: str,
    exchanges: str,
    tokens: Mapping[str, Mapping[str, list[str]]],
    listed: int,
) -> Catalogue:
    """Read the data files; beyond the assets that are written, more are invented."""
    known = [_asset(row, tokens) for row in _rows(assets)]
    known += [_invented(number) for number in range(len(known) + 1, listed + 1)]
    crypto = next(line for line in rates.splitlines() if line.startswith("@crypto "))
    pairs = (item.split(":") for item in crypto.split()[1:])
    return Catalogue(
        assets=tuple(known),
        listed=listed,
        currencies=tuple(
            Currency(id_, symbol, sign or None, float(rate))
            for id_, symbol, sign, rate in _rows(rates)
        ),
        crypto_rates=tuple((id_, sign or None) for id_, sign in pairs),
        exchanges=tuple(_exchange(row) for row in _rows(exchanges)),
    )


def _rows(text: str) -> Iterator[list[str]]:
    # split("\n") and no strip: the Afghani's sign ends in a blank, and that is an oddity to keep.
    for line in text.split("\n"):
        if line and not line.startswith(("#", "@")):
            yield line.split("|")


def _asset(row: list[str], tokens: Mapping[str, Mapping[str, list[str]]]) -> Asset:
    id_, symbol, name, price, supply, max_supply, flags, explorer = row
    options = [flag.partition("=")[::2] for flag in flags.split(",") if flag]
    named = dict(options)
    return Asset(
        id=id_,
        symbol=symbol,
        name=name,
        price_usd=float(price),
        supply=float(supply),
        max_supply=float(max_supply) if max_supply else None,
        explorer=explorer or None,
        tokens=tokens[id_] if id_ in tokens else _some_tokens(id_),
        stable="stable" in named,
        daily_coins=float(named.get("daily", 0)),
        digits=int(named.get("sig", 8)),
        always_null=frozenset(value for flag, value in options if flag == "null"),
    )


def _exchange(row: list[str]) -> Exchange:
    id_, name, volume, pairs, socket, url = row
    return Exchange(
        id_, name, float(volume), int(pairs), bool(int(socket)) if socket else None, url
    )


def _some_tokens(id_: str) -> dict[str, list[str]]:
    if share("tokens", id_) >= _TOKEN_SHARE:
        return {}
    chains = [chain for chain in _TOKEN_CHAINS if share("chain", id_, chain) < 0.4] or ["1"]
    return {chain: [_address(id_, chain)] for chain in chains}


def _address(id_: str, chain: str) -> str:
    words = (series_key("address", id_, chain, part) for part in range(3))
    return "0x" + "".join(f"{word:016x}" for word in words)[:40]


def _invented(number: int) -> Asset:
    key = series_key("invented", number)
    supply = float(round(10 ** (6 + 6 * unit(key, 0))))
    # Market caps fall with the rank, so that invented coins stay behind the written ones.
    cap = 2e7 / number * (0.5 + unit(key, 1))
    return Asset(
        id=f"simcoin-{number}",
        symbol=f"SIM{number}",
        name=f"Simcoin {number}",
        price_usd=cap / supply,
        supply=supply,
        max_supply=supply * 2 if unit(key, 2) < 0.5 else None,
        explorer=None if unit(key, 3) < 0.1 else f"https://explorer.example/simcoin-{number}#/",
        tokens=_some_tokens(f"simcoin-{number}"),
    )
