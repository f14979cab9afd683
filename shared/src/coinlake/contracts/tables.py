"""Tables of the database `coinlake`: columns with their Hive types, partitions, quarantines."""

from dataclasses import dataclass

from coinlake.contracts.elements import TYPES, Element

PARTITION_KEYS = ("dt", "hour")
"""Both strings in every table; `hour` is '00' to '23'."""
_QUARANTINE = "_quarantine"


@dataclass(frozen=True, slots=True)
class Column:
    """A column and its type, as Hive and Athena spell it."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class TableSchema:
    """A table without its partition columns; `sort` is the order of rows inside an object."""

    name: str
    columns: tuple[Column, ...]
    sort: tuple[str, ...]


def columns(text: str) -> tuple[Column, ...]:
    """Columns, one a line: name and type."""
    pairs = (item.split(maxsplit=1) for item in text.strip().splitlines())
    return tuple(Column(name, kind) for name, kind in pairs)


PROVENANCE = columns(
    """source string
    poll_id string
    topic string
    epoch int
    kafka_partition int
    kafka_offset bigint
    element_index int
    raw_object string
    tick_id string"""
)
"""Where a row is from."""
TIMES = columns(
    """source_ts timestamp
    received_ts timestamp"""
)
"""What the answer says of its time, and when it was received."""


def main_table(element: Element) -> TableSchema:
    """The table that has a row for each element."""
    own = tuple(Column(field.column, TYPES[field.kind]) for field in element.fields)
    extra = Column("extra", "map<string,string>")
    return TableSchema(
        element.table,
        (*own, *TIMES, extra, *PROVENANCE),
        (*element.identity, "received_ts", "kafka_offset", "element_index"),
    )


def quarantine_name(table: str) -> str:
    """The sibling of a table."""
    return f"{table}{_QUARANTINE}"


def is_quarantine(table: str) -> bool:
    """Whether a name is that of a sibling."""
    return table.endswith(_QUARANTINE)


def main_name(table: str) -> str:
    """The table that a name is the sibling of, or the name itself."""
    return table.removesuffix(_QUARANTINE)


def quarantine_of(table: str) -> TableSchema:
    """The sibling table that keeps what could not become a row of `table`, with its reason."""
    told = columns(
        """reason string
        rule string
        raw string
        raw_etag string
        received_ts timestamp"""
    )
    return TableSchema(
        quarantine_name(table),
        (*told, *PROVENANCE),
        ("topic", "kafka_partition", "kafka_offset", "element_index"),
    )
