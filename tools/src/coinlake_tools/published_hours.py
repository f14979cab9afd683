"""The hours of some days that the ledger has, and what it says of them."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from coinlake.contracts.cloud import LEDGER_PREFIX
from coinlake.contracts.hours import Hour, parse_hour
from coinlake.contracts.ledger import LedgerEntry
from coinlake.differences import Head, head_keys, head_of
from coinlake.errors import ConfigError, TransientError
from coinlake.fan_out import fan_out
from coinlake.store import ObjectStore
from coinlake_tools.doctor import day_named

_AT_ONCE = 16
MAX_DAYS = 366
"""What somebody asks for by mistake should not list for an hour."""

Keys = dict[tuple[str, Hour], str]
"""The key of the newest version, by feed and hour."""


def days_between(first: str, last: str) -> list[str]:
    """Every day from one to another, both included. Raises ConfigError where that is no range."""
    start, stop = (date.fromisoformat(day_named(day)) for day in (first, last))
    count = (stop - start).days + 1
    if not 0 < count <= MAX_DAYS:
        raise ConfigError(f"{first} to {last} is not a range of at most {MAX_DAYS} days")
    return [(start + timedelta(days=n)).isoformat() for n in range(count)]


async def newest_versions(
    store: ObjectStore, feeds: Iterable[str], days: Sequence[str]
) -> Keys:
    """The newest version of each hour, a listing for each feed and day. Raises TransientError."""

    async def listed(at: tuple[str, str]) -> Keys:
        feed, dt = at
        prefix = f"{LEDGER_PREFIX}feed={feed}/dt={dt}/"
        keys = [one.key async for one in store.list(prefix)]
        return {(feed, hour): key for hour, key in head_keys(keys).items()}

    asked = [(feed, dt) for feed in feeds for dt in days]
    found: Keys = {}
    for some in await fan_out(listed, asked, _AT_ONCE):
        found |= some
    return found


def hours_named(dt: str, name: str | None) -> list[Hour]:
    """One hour of a day, or all of them. Raises ConfigError where there is no such hour."""
    names = [f"{hour:02}" for hour in range(24)] if name is None else [name]
    hours = [parse_hour(f"dt={dt}/hour={one}") for one in names]
    found = [hour for hour in hours if hour is not None]
    if len(found) < len(hours):
        said = f"{dt} {name or ''}".strip()
        raise ConfigError(f"invalid hour: {said} (write it like 2026-11-22 07)")
    return found


async def heads(store: ObjectStore, keys: Sequence[str]) -> list[Head]:
    """What the ledger says under these keys, in their order. Raises TransientError."""

    async def read(key: str) -> Head:
        body = await store.get(key)
        if body is None:
            raise TransientError(f"{key} was listed but no longer exists")
        return head_of(key, body)

    return list(await fan_out(read, keys, _AT_ONCE))


async def entries(store: ObjectStore, keys: Sequence[str]) -> list[LedgerEntry]:
    """The entries of these keys, in their order, without those that cannot be read.

    What cannot be read is for `coinlake doctor` to tell. Raises TransientError.
    """
    return [one for one in await heads(store, keys) if isinstance(one, LedgerEntry)]
