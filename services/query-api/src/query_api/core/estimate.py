"""What a statement will read: the chosen columns of the objects that no condition rules out."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from decimal import Decimal

from coinlake.prices import billed_bytes
from query_api.core.cost import dollars
from query_api.core.lake_columns import Layout
from query_api.core.pruning import keeps
from query_api.core.read_sources import Read
from query_api.core.terms import Term, columns_of, is_known

WHY_LESS: Mapping[str, str] = {
    "limit": "a LIMIT may end the reading early",
    "row_cap": "the largest number of rows of an answer may end the reading early",
    "join": "rows of one side of a join may rule out partitions of the other",
    "row_groups": "conditions on other columns may rule out parts of objects",
    "partitions": "a condition on the partition keys cannot be decided before the query runs",
    "footers": "some objects are counted whole",
}
"""Why an estimate is an upper bound, each with a sentence."""
# With these the real number may be a small part of the estimate: nobody is refused because of it.
_FAR_OFF = frozenset({"limit", "partitions", "footers"})


@dataclass(frozen=True, slots=True)
class ObjectSize:
    """The bytes of an object: of its columns' chunks by lower-case name, None where it has no columns.

    `row_groups` is how many parts of it can be passed over.
    """

    whole: int
    chunks: Mapping[str, int] | None = None
    row_groups: int = 1

    def of(self, columns: Iterable[str] | None) -> int:
        if self.chunks is None:
            return self.whole
        names = self.chunks if columns is None else columns
        return sum(self.chunks.get(name, 0) for name in names)


@dataclass(frozen=True, slots=True)
class TableEstimate:
    """What one reference to a table reads."""

    table: str
    columns: tuple[str, ...] | None
    objects: int
    bytes: int


@dataclass(frozen=True, slots=True)
class Estimate:
    """What a statement reads, in bytes. `why_less`: why the engine may read less; keys of WHY_LESS."""

    tables: tuple[TableEstimate, ...]
    why_less: tuple[str, ...] = ()

    @property
    def bytes(self) -> int:
        return sum(one.bytes for one in self.tables)

    @property
    def billed(self) -> int:
        return billed_bytes(self.bytes)

    @property
    def is_upper_bound(self) -> bool:
        return bool(self.why_less)

    @property
    def to_hold_against(self) -> int | None:
        """The bytes that a budget is asked for; None where far fewer may be read."""
        return None if _FAR_OFF & set(self.why_less) else self.bytes

    def document(self, usd_per_tb: Decimal) -> dict[str, object]:
        """The same as JSON."""
        return {
            "scanned_bytes": self.bytes,
            "billed_bytes": self.billed,
            "usd": f"{dollars(self.bytes, usd_per_tb):f}",
            "is_upper_bound": self.is_upper_bound,
            "why_less": [WHY_LESS[one] for one in self.why_less],
            "tables": [
                {
                    "table": one.table,
                    "columns": None if one.columns is None else list(one.columns),
                    "objects": one.objects,
                    "scanned_bytes": one.bytes,
                }
                for one in self.tables
            ],
        }


def is_wanted(read: Read, keys: Mapping[str, str], now_ms: int) -> bool:
    """Whether a partition with these keys is read; keys that are not there are not known yet."""
    return all(keeps(one, keys, now_ms) for one in read.where)


def chosen_columns(read: Read, layout: Layout) -> tuple[str, ...] | None:
    """The columns that cost bytes: partition keys are in the path of an object and cost none."""
    if read.columns is None:
        return None
    return tuple(name for name in read.columns if name not in layout.keys)


def undecided(read: Read, layout: Layout) -> bool:
    """Whether a condition is about the partition keys alone, and not one that can be decided here."""
    return any(_is_of_keys(one, layout) and not is_known(one) for one in read.where)


def has_other_conditions(read: Read, layout: Layout) -> bool:
    """Whether a condition is on columns that are in the objects."""
    return any(columns_of(one) - set(layout.keys) for one in read.where)


def _is_of_keys(term: Term, layout: Layout) -> bool:
    named = columns_of(term)
    return bool(named) and named <= set(layout.keys)
