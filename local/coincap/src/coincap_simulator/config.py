"""The command line, as one frozen value."""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path

from coincap_simulator.core.credits import (
    PLANS,
    CreditKey,
    CreditPlan,
    key_from,
    keyring,
    plan_from,
)
from coincap_simulator.core.gate import RefusalPolicy
from coincap_simulator.core.switches import Switches

DEFAULT_KEY = "simulator:simulator"
_MAX_ASSETS = 5_000


@dataclass(frozen=True, slots=True)
class Settings:
    """All that can be chosen. Latency is a pair of ms between which each answer takes.

    `recorded` is the folder of recorded answers; None is the package's own.
    """

    host: str
    port: int
    admin_port: int
    seed: int
    assets: int
    tick_ms: int
    latency_ms: tuple[int, int]
    clock_start_ms: int | None
    clock_rate: float
    keys: dict[str, CreditKey]
    policy: RefusalPolicy
    switches: Switches
    chunked: bool
    recorded: Path | None
    ledger_kept: int
    bodies_max_bytes: int | None


def settings_from(arguments: Sequence[str]) -> Settings:
    """Read the arguments; exits with a sentence when one makes no sense."""
    parser = _parser()
    given = parser.parse_args(arguments)
    try:
        plans = dict(PLANS) | {plan.name: plan for plan in map(plan_from, given.plan)}
        keys = _keys(given.key, plans)
    except ValueError as error:
        parser.error(str(error))
    return Settings(
        host=given.host,
        port=given.port,
        admin_port=given.admin_port,
        seed=given.seed,
        assets=given.assets,
        tick_ms=given.tick_s,
        latency_ms=given.latency_ms,
        clock_start_ms=given.clock_start,
        clock_rate=given.clock_rate,
        keys=keys,
        policy=RefusalPolicy(given.require_key, given.bad_key_status, given.no_credits_status),
        switches=Switches(given.limit_over == "400", given.exponents),
        chunked=given.chunked,
        recorded=given.recorded,
        ledger_kept=given.ledger_entries,
        bodies_max_bytes=given.bodies_max_bytes if given.keep_bodies else None,
    )


def _keys(texts: Sequence[str], plans: dict[str, CreditPlan]) -> dict[str, CreditKey]:
    """The default key is always there, unless a key of its name is given."""
    given = [key_from(text, plans) for text in texts]
    default = key_from(DEFAULT_KEY, plans)
    if default.name not in {key.name for key in given}:
        given.append(default)
    return keyring(given)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="coincap_simulator",
        description="A CoinCap v3 on this machine.",
        formatter_class=argparse.ArgumentDefaultsHelpFormatter,
    )
    flag = argparse.BooleanOptionalAction
    add = parser.add_argument
    add("--host", default="127.0.0.1", help="address to listen on")
    add("--port", type=int, default=0, help="port of the API; 0 picks a free one")
    add("--admin-port", type=int, default=0, help="port of the admin surface")
    add("--seed", type=int, default=42, help="seed of all prices")
    add("--assets", type=Between(1, _MAX_ASSETS), default=150, help="how many are listed")
    add("--tick-s", type=_tick_ms, default="10", help="seconds between new prices")
    add("--latency-ms", type=_latency, default="200..400", help="A or A..B")
    add("--clock-start", type=_instant, help="RFC 3339 time to begin at; else the real time")
    add("--clock-rate", type=_rate, default=1.0, help="simulated seconds in a second; 0 stands")
    add("--limit-over", choices=("clamp", "400"), default="clamp", help="a limit over 2000")
    add("--exponents", action=flag, default=True, help="1.2e-7 rather than 0.00000012")
    add("--chunked", action=flag, default=False, help="chunked transfer, no Content-Length")
    add("--recorded", type=_folder, help="folder of recorded answers, else the package's own")
    _add_account_options(parser)
    at_least_one = Between(1, 10_000_000)
    add("--ledger-entries", type=at_least_one, default=100_000, help="entries that are kept")
    add("--keep-bodies", action=flag, default=True, help="keep bodies for the admin port")
    add("--bodies-max-bytes", type=Between(0, 1 << 40), default=256 << 20, help="for bodies")
    return parser


def _add_account_options(parser: argparse.ArgumentParser) -> None:
    add = parser.add_argument
    add(
        "--plan",
        action="append",
        default=[],
        metavar="NAME:CREDITS:PER_MINUTE",
        help="'-': none",
    )
    add(
        "--key",
        action="append",
        default=[],
        metavar="NAME:PLAN[:SECRET]",
        help="may be repeated",
    )
    add(
        "--require-key",
        action=argparse.BooleanOptionalAction,
        default=True,
        help="on every call",
    )
    add("--bad-key-status", type=int, choices=(401, 403), default=403, help="no or unknown key")
    add(
        "--no-credits-status", type=int, choices=(403, 429), default=403, help="credits used up"
    )


class Between:
    """An integer within bounds, for argparse."""

    def __init__(self, least: int, most: int) -> None:
        self._least, self._most = least, most

    def __call__(self, text: str) -> int:
        value = int(text)
        if not self._least <= value <= self._most:
            raise argparse.ArgumentTypeError(f"{text} is not in {self._least}..{self._most}")
        return value


def _folder(text: str) -> Path:
    folder = Path(text)
    if not folder.is_dir():
        raise argparse.ArgumentTypeError(f"{text} is no folder")
    return folder


def _tick_ms(text: str) -> int:
    milliseconds = round(float(text) * 1000)
    # History lives on whole minutes; a tick that does not divide one would not meet it.
    if milliseconds < 1 or 60_000 % milliseconds:
        raise argparse.ArgumentTypeError("a tick must divide a minute")
    return milliseconds


def _latency(text: str) -> tuple[int, int]:
    first, _, last = text.partition("..")
    low, high = int(first), int(last or first)
    if not 0 <= low <= high:
        raise argparse.ArgumentTypeError("latency is A or A..B with 0 <= A <= B")
    return low, high


def _instant(text: str) -> int:
    at = datetime.fromisoformat(text)
    if at.tzinfo is None:
        raise argparse.ArgumentTypeError("the time needs a zone, such as Z")
    return round(at.timestamp() * 1000)


def _rate(text: str) -> float:
    rate = float(text)
    if not 0 <= rate <= 100_000:
        raise argparse.ArgumentTypeError("a rate is between 0 and 100000")
    return rate
