"""The hours of some days that the ledger has, and what it says of them."""

from collections.abc import Iterable, Sequence
from datetime import date, timedelta

from coinlake.contracts.cloud import LEDGER_PREFIX
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry
from coinlake.differences import head_keys, head_of
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


async def entries(store: ObjectStore, keys: Sequence[str]) -> list[LedgerEntry]:
    """The entries of these keys, in their order, without those that cannot be read.

    What cannot be read is for `coinlake doctor` to tell. Raises TransientError.
    """

    async def read(key: str) -> LedgerEntry | None:
        body = await store.get(key)
        if body is None:
            raise TransientError(f"{key} was listed but no longer exists")
        found = head_of(key, body)
        return found if isinstance(found, LedgerEntry) else None

    return [one for one in await fan_out(read, keys, _AT_ONCE) if one is not None]
