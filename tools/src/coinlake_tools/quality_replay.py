"""Which hours have something in quarantine for a rule, by the ledger alone, and what rebuilding them costs."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import ceil

from coinlake import prices
from coinlake.contracts.hours import Hour
from coinlake.contracts.ledger import LedgerEntry
from coinlake.contracts.quality import PROMISE_RULE
from coinlake.contracts.tables import is_quarantine
from coinlake.differences import Head, Unreadable
from coinlake.errors import ConfigError
from coinlake_tools.cost import RUN_DPU
from coinlake_tools.rebuild_cost import HOURS_OF_A_RUN


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
