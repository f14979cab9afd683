"""What is known of a field that has no column: which feeds have it, since when, and values of it."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from typing import Any

from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry
from coinlake.contracts.values import parse_json
from coinlake.errors import ConfigError
from coinlake.store import ObjectStore
from coinlake_tools.published_hours import Keys, entries, newest_versions

KERNEL = "coinlake_kernel"
# Bounds of a sample: some hours of the range, some objects of each, so many values in all.
_HOURS, _OBJECTS, _VALUES = 6, 4, 20_000


@dataclass(frozen=True, slots=True)
class SeenField:
    """A key of a feed. `hours` have it by the ledger, `keys` are all that were looked at.

    `is_told` is False where no ledger entry names it, and raw objects had to be searched.
    """

    feed: str
    keys: Keys
    entries: tuple[LedgerEntry, ...]
    is_told: bool

    @property
    def hours(self) -> list[Hour]:
        return sorted(one.at for one in self.entries)


async def seen_in(
    store: ObjectStore, field: str, feeds: Sequence[str], days: Sequence[str]
) -> list[SeenField]:
    """The feeds whose published hours have the key, by the ledger. Raises TransientError."""
    found = []
    for feed in feeds:
        keys = await newest_versions(store, [feed], days)
        read = await entries(store, sorted(keys.values()))
        told = tuple(one for one in read if field in {own.name for own in one.unknown_fields})
        found.append(SeenField(feed, keys, told or tuple(read), bool(told)))
    return [one for one in found if one.is_told] or [one for one in found if one.entries]


async def values_of(store: ObjectStore, seen: SeenField, field: str) -> list[Any]:
    """Values of the key in a bounded sample of the raw objects, parsed as the job parses them.

    Raises ConfigError where the job's package is not installed, TransientError.
    """
    values: list[Any] = []
    for entry in _spread(sorted(seen.entries, key=lambda one: one.at), _HOURS):
        for item in _spread(entry.inputs, _OBJECTS):
            body = await store.get(item.key)
            if body is not None:
                values += _in_object(entry, item.key, item.etag, body, field)
            if len(values) >= _VALUES:
                return values[:_VALUES]
    return values


def kernel(module: str) -> Any:
    """A module of the job's kernel, which reads raw objects. Raises ConfigError."""
    if find_spec(KERNEL) is None:
        raise ConfigError("the job's package coinlake_kernel is not installed here")
    return import_module(f"{KERNEL}.{module}")


def _in_object(
    entry: LedgerEntry, key: str, etag: str, body: bytes, field: str
) -> Iterator[Any]:
    records = kernel("records")
    source = records.RawSource(entry.feed, entry.dt, entry.hour, key, etag, None, 0)
    try:
        found = records.records_of(source, body)
    except records.UnreadableError:
        return
    for record in found:
        if record.value is not None:
            yield from _in_answer(record.value, field)


def _in_answer(body: bytes, field: str) -> Iterator[Any]:
    try:
        envelope = parse_json(body)
    except ValueError:
        return
    data = envelope.get("data") if isinstance(envelope, dict) else None
    for item in data if isinstance(data, list) else ():
        if isinstance(item, dict) and field in item:
            yield item[field]


def _spread(items: Sequence[Any], most: int) -> Sequence[Any]:
    """Some of them from everywhere, the first and the last among them."""
    if len(items) <= most:
        return items
    return [items[round(n * (len(items) - 1) / (most - 1))] for n in range(most)]
