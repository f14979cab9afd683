"""The kinds of differences: what each means, and who makes it good."""

from dataclasses import dataclass
from enum import StrEnum

from coinlake.contracts.hours import Hour


class Remedy(StrEnum):
    """Who makes a difference good."""

    TIME = "time"
    """Normal for a while: it goes by itself as hours are closed and published."""
    RUNNER = "runner"
    """A fault that the runner finds in one of its passes and repairs from what is in raw."""
    PERSON = "person"
    """Nothing repairs it: somebody has to decide."""


class Kind(StrEnum):
    """What can differ, by name. `remedy` says who makes it good."""

    INPUT_GONE = "input_gone"
    """A raw object that the ledger's head was made from is not in raw any more. The hour's rows stay
    published; to rebuild it would publish fewer."""
    INPUT_CHANGED = "input_changed"
    """A raw object that the head was made from has another ETag: its bytes were replaced."""
    NOT_YET_IN_TABLES = "not_yet_in_tables"
    """Raw has objects with values that the head was not made from: late data, or an hour that is open."""
    NOT_YET_PUBLISHED = "not_yet_published"
    """Raw has objects with values for the hour, and the ledger has no version of it."""
    RAW_STRAY = "raw_stray"
    """A file in raw that lies in no hour: no table is ever made from it."""
    UNDER_WAY = "under_way"
    """A published object is of a version after the head: somebody publishes it, or died before the
    commit, and then the runner finishes it."""

    OBJECT_GONE = "object_gone"
    """An object that the head lists as published is not there: its rows are missing in every query."""
    OBJECT_CHANGED = "object_changed"
    """A published object has another ETag than the head says, and is of no later version."""
    OBJECT_STRAY = "object_stray"
    """An object lies among those of a table, and no version of the hour lists it: its rows are in
    every query that reads the folder."""

    LEDGER_GAP = "ledger_gap"
    """A version below the head is missing. The rows are those of the head, but the hour's history is
    not whole."""
    LEDGER_STRAY = "ledger_stray"
    """A file in the ledger whose name is no version's: SQL reads it as one."""
    HEAD_UNREADABLE = "head_unreadable"
    """The newest version of the hour cannot be read: nobody knows what is published."""
    HEAD_NEWER = "head_newer"
    """The newest version was written by a later release than the one that looks."""

    PARTITION_MISSING = "partition_missing"
    """A published object lies in a partition that is not registered: queries do not see its rows."""
    PARTITION_ELSEWHERE = "partition_elsewhere"
    """A partition is registered with the location of something else: queries see other rows."""
    PARTITION_STRAY = "partition_stray"
    """A partition is registered for an hour in which nothing is published."""
    TABLE_MISSING = "table_missing"
    """Objects are published for a table that the catalog does not have."""

    @property
    def remedy(self) -> Remedy:
        return _REMEDIES.get(self, Remedy.PERSON)


_REMEDIES = {
    Kind.NOT_YET_IN_TABLES: Remedy.TIME,
    Kind.NOT_YET_PUBLISHED: Remedy.TIME,
    Kind.UNDER_WAY: Remedy.TIME,
    Kind.INPUT_CHANGED: Remedy.RUNNER,
    Kind.OBJECT_GONE: Remedy.RUNNER,
    Kind.OBJECT_CHANGED: Remedy.RUNNER,
    Kind.PARTITION_ELSEWHERE: Remedy.RUNNER,
    Kind.PARTITION_MISSING: Remedy.RUNNER,
    Kind.TABLE_MISSING: Remedy.RUNNER,
}


@dataclass(frozen=True, slots=True)
class Difference:
    """One difference. `at` is None where a file lies in no hour; `since_ms` is when the newest of the
    objects that it is about was written, None where nobody can say (ms since the epoch, UTC).
    """

    kind: Kind
    feed: str
    at: Hour | None
    table: str | None
    key: str | None
    said: str
    since_ms: int | None = None
