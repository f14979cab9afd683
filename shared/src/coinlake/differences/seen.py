"""What was seen of a feed's day: four listings, and the newest ledger version of each hour."""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import MISSING, asdict, dataclass, fields
from typing import Any

from coinlake.contracts.hours import Hour, parse_hour
from coinlake.contracts.ledger import (
    Counts,
    LedgerEntry,
    Output,
    RawInput,
    parse_entry,
    parse_ledger_key,
)


@dataclass(frozen=True, slots=True)
class RawSeen:
    """A raw object as listed. `has_values` is what its metadata say; None where nobody asked, or where
    its writer was not the sink: then it counts as an input."""

    key: str
    etag: str
    size: int
    modified_ms: int
    has_values: bool | None = None


@dataclass(frozen=True, slots=True)
class ObjectSeen:
    """An object below the folder of a table. `version` is what its metadata say; None where nobody
    asked, or where it says none."""

    table: str
    key: str
    etag: str
    size: int
    modified_ms: int
    version: int | None = None


@dataclass(frozen=True, slots=True)
class PartitionSeen:
    """A partition as it is registered: its values in the table's order, and its location."""

    table: str
    values: tuple[str, ...]
    location: str


@dataclass(frozen=True, slots=True)
class Unreadable:
    """A head that is no entry that we can read; `is_newer` where a later release wrote it."""

    key: str
    version: int
    said: str
    is_newer: bool = False


Head = LedgerEntry | Unreadable


@dataclass(frozen=True, slots=True)
class DaySeen:
    """One day of one feed. `ledger` has every key below the day; `heads` the newest version of each
    hour that has one, by the hour. `partitions` has None for a table that the catalog does not have.
    """

    feed: str
    dt: str
    raw: Sequence[RawSeen] = ()
    ledger: Sequence[str] = ()
    heads: Mapping[Hour, Head] | None = None
    objects: Sequence[ObjectSeen] = ()
    partitions: Mapping[str, Sequence[PartitionSeen] | None] | None = None


@dataclass(frozen=True, slots=True)
class HourSeen:
    """One hour of one feed, from all four sides; `at` is None for what lies in no hour."""

    feed: str
    at: Hour | None
    raw: tuple[RawSeen, ...] = ()
    ledger: tuple[str, ...] = ()
    head: Head | None = None
    objects: tuple[ObjectSeen, ...] = ()
    partitions: tuple[PartitionSeen, ...] = ()
    missing_tables: frozenset[str] = frozenset()


def head_of(key: str, body: bytes) -> Head:
    """Read the newest version of an hour, whatever is in the file."""
    named = parse_ledger_key(key)
    if named is None:
        raise ValueError(f"{key} is the name of no version")
    feed, hour, version = named
    try:
        entry = parse_entry(body)
        if (entry.feed, entry.at, entry.version) != (feed, hour, version):
            said = f"it says version {entry.version} of {entry.feed} {entry.dt} {entry.hour}"
            return Unreadable(key, version, said)
        _require_types(entry)
    except (ValueError, RecursionError) as error:
        return Unreadable(key, version, str(error)[:200], _is_newer(body))
    return entry


def head_keys(keys: Iterable[str]) -> dict[Hour, str]:
    """The key of the newest version of each hour."""
    newest: dict[Hour, tuple[int, str]] = {}
    for key in keys:
        named = parse_ledger_key(key)
        if named is not None:
            newest[named[1]] = max(newest.get(named[1], (0, "")), (named[2], key))
    return {hour: key for hour, (_, key) in newest.items()}


def hours_of(day: DaySeen) -> list[HourSeen]:
    """The hours of a day that has anything, oldest first; what lies in no hour comes first."""
    raw: dict[Hour | None, list[RawSeen]] = {}
    for one in day.raw:
        raw.setdefault(_hour_in(one.key), []).append(one)
    ledger: dict[Hour | None, list[str]] = {}
    for key in day.ledger:
        ledger.setdefault(_hour_in(key), []).append(key)
    objects: dict[Hour | None, list[ObjectSeen]] = {}
    for found in day.objects:
        objects.setdefault(_hour_in(found.key), []).append(found)
    partitions: dict[Hour | None, list[PartitionSeen]] = {}
    by_table = day.partitions or {}
    for registered in by_table.values():
        for partition in registered or ():
            partitions.setdefault(_hour_of_values(partition.values), []).append(partition)
    heads = day.heads or {}
    named: list[Hour | None] = list({*raw, *ledger, *objects, *partitions, *heads})
    missing = frozenset(table for table, there in by_table.items() if there is None)
    return [
        HourSeen(
            day.feed,
            hour,
            tuple(raw.get(hour, ())),
            tuple(ledger.get(hour, ())),
            None if hour is None else heads.get(hour),
            tuple(objects.get(hour, ())),
            tuple(partitions.get(hour, ())),
            missing,
        )
        for hour in sorted(
            named, key=lambda one: ("", "") if one is None else (one.dt, one.hour)
        )
    ]


def _hour_in(key: str) -> Hour | None:
    """The hour of an object in `…/dt=…/hour=…/<name>`; None where it lies elsewhere."""
    parts = key.split("/")
    return parse_hour("/".join(parts[2:4])) if len(parts) == 5 else None


def _hour_of_values(values: Sequence[str]) -> Hour | None:
    if len(values) != 2:
        return None
    return parse_hour(f"dt={values[0]}/hour={values[1]}")


def _require_types(entry: LedgerEntry) -> None:
    """Keys, ETags and counts of what they are compared as. Raises ValueError."""
    texts: list[object] = [entry.batch_id, entry.closed_by]
    for item in entry.inputs:
        texts += [item.key, item.etag]
    numbers: list[object] = [entry.version, entry.job_version, *asdict(entry.counts).values()]
    for out in entry.outputs:
        texts += [out.table, out.key, out.etag]
        numbers += [out.size, out.rows]
    if not all(isinstance(text, str) for text in texts):
        raise ValueError("a key, an ETag or a name is no text")
    if not all(type(number) is int for number in numbers):
        raise ValueError("a size or a count is no whole number")


def _is_newer(body: bytes) -> bool:
    """Whether it has every field that an entry needs, and some that we do not know: a later release
    adds fields and takes none away."""
    try:
        raw: Any = json.loads(body)
        needed = {field.name for field in fields(LedgerEntry) if field.default is MISSING}
        if not (isinstance(raw, dict) and needed <= raw.keys()):
            return False
        parts = [(raw, LedgerEntry), (raw["counts"], Counts)]
        parts += [(item, RawInput) for item in raw["inputs"]]
        parts += [(item, Output) for item in raw["outputs"]]
        return any(set(part) - {field.name for field in fields(of)} for part, of in parts)
    except (ValueError, TypeError, RecursionError):
        return False
