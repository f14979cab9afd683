"""What is known of the lake's tables before anybody asks: columns, where their objects are, their keys."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields

from coinlake.contracts.cloud import CURATED_PREFIX, LEDGER_PREFIX, QUALITY_PREFIX
from coinlake.contracts.datasets import ELEMENTS, TABULAR
from coinlake.contracts.glue_quality import GLUE_QUALITY_TABLE
from coinlake.contracts.ledger import LEDGER_TABLE, LedgerEntry
from coinlake.contracts.raw_layout import topic_prefix
from coinlake.contracts.tables import PARTITION_KEYS
from coinlake.views.every import VIEWS
from coinlake.views.raw_tables import RECEIVED_HOUR, raw_table_name
from query_api.core.lake_tables import STORED

_RAW = {raw_table_name(TABULAR[name]): TABULAR[name].topic for name in ELEMENTS}


@dataclass(frozen=True, slots=True)
class Layout:
    """Where a table's objects are. `keys` are its partition keys; `is_parquet`: columns are read alone."""

    prefix: str
    keys: tuple[str, ...]
    is_parquet: bool


def columns_of_table(table: str) -> Sequence[str] | None:
    """The columns of a table or view with its partition keys; None where the contract has none of it."""
    return _COLUMNS.get(table)


def layout_of(table: str) -> Layout | None:
    """Where the objects of a table are; None for a view, and for what is not the lake's."""
    return _LAYOUTS.get(table)


def keys_in(path: str, layout: Layout) -> Mapping[str, str] | None:
    """The partition keys of an object, from its path below the table; None where it is in no partition.

    Also none for what Athena passes over: names that begin with `_` or a dot (Athena user guide,
    "Considerations and limitations for SQL queries in Amazon Athena").
    """
    if any(part.startswith(("_", ".")) for part in path.split("/")):
        return None
    if layout.keys == (RECEIVED_HOUR,):
        folders = path.split("/")[:2]
        if len(folders) < 2 or not folders[0].startswith("dt="):
            return None
        return {RECEIVED_HOUR: f"{folders[0].removeprefix('dt=')}/{folders[1]}"}
    folders = path.split("/")[: len(layout.keys)]
    pairs = [one.partition("=") for one in folders]
    if tuple(name for name, _, _ in pairs) != layout.keys:
        return None
    return {name: value for name, _, value in pairs}


def _named(columns: Sequence[object]) -> tuple[str, ...]:
    return tuple(str(getattr(one, "name", one)) for one in columns)


_COLUMNS: dict[str, tuple[str, ...]] = {
    **{name: (*_named(one.columns), *PARTITION_KEYS) for name, one in STORED.items()},
    **{name: _named(view.columns) for name, view in VIEWS.items()},
    **dict.fromkeys(_RAW, ("source_ms", "data", RECEIVED_HOUR)),
    LEDGER_TABLE: tuple(one.name for one in fields(LedgerEntry)),
}
_LAYOUTS: dict[str, Layout] = {
    **{
        name: Layout(f"{CURATED_PREFIX}{name}/", tuple(PARTITION_KEYS), is_parquet=True)
        for name in STORED
    },
    **{
        name: Layout(topic_prefix(topic), (RECEIVED_HOUR,), is_parquet=False)
        for name, topic in _RAW.items()
    },
    LEDGER_TABLE: Layout(LEDGER_PREFIX, ("feed",), is_parquet=False),
    GLUE_QUALITY_TABLE: Layout(QUALITY_PREFIX, (), is_parquet=False),
}
