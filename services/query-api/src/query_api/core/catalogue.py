"""What can be asked in SQL: every table and view with its columns, their types and meanings."""

from dataclasses import asdict, dataclass
from typing import Any

from coinlake.contracts.datasets import TABLES
from coinlake.contracts.ledger import LEDGER_TABLE
from coinlake.contracts.meanings import meaning_of, table_meaning
from coinlake.contracts.tables import PARTITION_KEYS, Column, TableSchema
from coinlake.views.definition import View, trino_type
from coinlake.views.every import VIEWS
from query_api.core.lake_tables import KEY_COLUMNS, QUARANTINES
from query_api.core.ledger_tables import LEDGER_TABLES


@dataclass(frozen=True, slots=True)
class ColumnDescription:
    """A column, its type as Athena's SQL has it, and what it means, with its unit."""

    name: str
    type: str
    meaning: str


@dataclass(frozen=True, slots=True)
class TableDescription:
    """A table or view. `columns` has the partition keys too; conditions on `partitions` bound a scan."""

    name: str
    kind: str
    meaning: str
    columns: tuple[ColumnDescription, ...]
    partitions: tuple[str, ...]

    def document(self) -> dict[str, Any]:
        """The same for JSON."""
        told = asdict(self)
        return told | {"columns": list(told["columns"]), "partitions": list(self.partitions)}


def _table(schema: TableSchema) -> TableDescription:
    columns = tuple(map(_column, (*schema.columns, *KEY_COLUMNS)))
    return TableDescription(
        schema.name, "table", table_meaning(schema.name), columns, PARTITION_KEYS
    )


def _view(view: View) -> TableDescription:
    columns = tuple(map(_column, view.columns))
    # A view over partials has lost the keys: it reads all of them.
    keys = tuple(one.name for one in columns if one.name in PARTITION_KEYS)
    return TableDescription(view.name, "view", view.meaning, columns, keys)


def _of_ledger(name: str, kind: str, meaning: str, text: str) -> TableDescription:
    lines = [line.split(" | ", 2) for line in text.strip().splitlines() if line]
    columns = tuple(ColumnDescription(*line) for line in lines)
    keys = ("feed",) if name == LEDGER_TABLE else ()
    return TableDescription(name, kind, meaning, columns, keys)


def _column(column: Column) -> ColumnDescription:
    return ColumnDescription(column.name, trino_type(column.type), meaning_of(column.name))


CATALOGUE: dict[str, TableDescription] = {
    one.name: one
    for one in (
        *map(_table, TABLES.values()),
        *map(_view, VIEWS.values()),
        *map(_table, QUARANTINES.values()),
        *(_of_ledger(*told) for told in LEDGER_TABLES),
    )
}
"""By name: the tables, the views over them, the quarantines, and the ledger's."""
