"""What is stored as tables of the lake: those of the contract, and their quarantines."""

from collections.abc import Mapping

from coinlake.contracts.datasets import TABLES
from coinlake.contracts.tables import PARTITION_KEYS, Column, TableSchema, quarantine_of

QUARANTINES: Mapping[str, TableSchema] = {one.name: one for one in map(quarantine_of, TABLES)}
"""By the name of each; in the order of the tables that they are of."""
STORED: Mapping[str, TableSchema] = {**TABLES, **QUARANTINES}
KEY_COLUMNS = tuple(Column(name, "string") for name in PARTITION_KEYS)
"""The partition keys as columns, which all of them have behind their own."""
