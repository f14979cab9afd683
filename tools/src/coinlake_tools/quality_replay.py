"""Which hours have something in quarantine for a rule, by the ledger alone, and what rebuilding them costs."""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from math import ceil

from coinlake import prices
from coinlake.contracts.cloud import LEDGER_PREFIX
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry
from coinlake.contracts.quality import PROMISE_RULE
from coinlake.contracts.tables import is_quarantine
from coinlake.differences import Head, Unreadable, head_keys, head_of
from coinlake.errors import ConfigError, TransientError
from coinlake.fan_out import fan_out
from coinlake.store import ObjectStore
from coinlake_tools.cost import RUN_DPU
from coinlake_tools.rebuild_cost import HOURS_OF_A_RUN

_AT_ONCE = 16


@dataclass(frozen=True, slots=True)
class QuarantinedHour:
    """An hour whose newest version put something aside for the rule. `table` is the rule's."""

    feed: str
    at: Hour
    version: int
    table: str
    evaluated: int
    failed: int
    billed_s: int

    def __str__(self) -> str:
        where = f"{self.feed}/{self.at.dt}/{self.at.hour} version {self.version}"
        return f"{where}: {self.failed} of {self.evaluated} in {self.table}_quarantine"


@dataclass(frozen=True, slots=True)
class Selection:
    """What a range of days has for a rule.

    `uncounted` are hours that have something in quarantine, of versions that counted no rules;
    `unreadable` are ledger entries of which nothing is known.
    """

    hours: tuple[QuarantinedHour, ...]
    uncounted: tuple[QuarantinedHour, ...]
    unreadable: tuple[Unreadable, ...]


def days(first: str, last: str) -> list[str]:
    """Both days and those between. Raises ConfigError where one is none, or they are turned round."""
    try:
        start, end = date.fromisoformat(first), date.fromisoformat(last)
    except ValueError as error:
        raise ConfigError(f"no such day: {error} (write it like 2026-11-22)") from None
    if end < start:
        raise ConfigError(f"--to {last} is before --from {first}")
    return [(start + timedelta(n)).isoformat() for n in range((end - start).days + 1)]


async def heads(store: ObjectStore, feed: str, dts: Iterable[str]) -> list[Head]:
    """The newest version of each hour of a feed that the ledger has in these days."""
    found: list[str] = []
    for dt in dts:
        prefix = f"{LEDGER_PREFIX}feed={feed}/dt={dt}/"
        found += head_keys([one.key async for one in store.list(prefix)]).values()

    async def read(key: str) -> Head:
        body = await store.get(key)
        if body is None:
            raise TransientError(f"{key} was listed, and is gone")
        return head_of(key, body)

    return list(await fan_out(read, found, _AT_ONCE))


def selected(found: Sequence[Head], rule: str) -> Selection:
    """The hours that a replay of the rule rebuilds. Raises ConfigError for a rule that puts nothing
    aside."""
    if rule == PROMISE_RULE:
        raise ConfigError(
            f"an hour that fails {rule} was never published: the runner retries it"
        )
    entries = [one for one in found if not isinstance(one, Unreadable)]
    hours = [hour for entry in entries for hour in _failed(entry, rule)]
    uncounted = [_uncounted(entry) for entry in entries if not entry.quality]
    return Selection(
        tuple(hours),
        tuple(hour for hour in uncounted if hour.failed),
        tuple(one for one in found if isinstance(one, Unreadable)),
    )


def _failed(entry: LedgerEntry, rule: str) -> Iterator[QuarantinedHour]:
    for one in entry.quality:
        if one.rule != rule:
            continue
        if not one.hard:
            raise ConfigError(f"{rule} is soft: what fails it stays in {one.table}")
        if one.failed:
            yield QuarantinedHour(
                entry.feed,
                entry.at,
                entry.version,
                one.table,
                one.evaluated,
                one.failed,
                entry.billed_seconds,
            )


def _uncounted(entry: LedgerEntry) -> QuarantinedHour:
    aside = sum(one.rows for one in entry.outputs if is_quarantine(one.table))
    counts = entry.counts
    return QuarantinedHour(
        entry.feed,
        entry.at,
        entry.version,
        entry.outputs[0].table if entry.outputs else entry.feed,
        counts.elements + counts.quarantined_records,
        aside,
        entry.billed_seconds,
    )


def estimate_usd(hours: Sequence[QuarantinedHour]) -> tuple[float, float]:
    """The least and the most that rebuilding them costs, in US dollars at list price.

    At least they share full batches of the shortest runs that are billed; at most each has a run of
    its own, as long as the one that made its version.
    """
    least = ceil(len(hours) / HOURS_OF_A_RUN) * prices.RUN_FLOOR_S
    most = sum(max(prices.RUN_FLOOR_S, hour.billed_s) for hour in hours)
    usd = RUN_DPU * prices.USD_PER_DPU_HOUR / 3600
    return least * usd, most * usd
