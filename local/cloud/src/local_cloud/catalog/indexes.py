"""Partition indexes. All partitions are in memory here, so that a filter needs none to be fast;
they are kept, listed and checked by Glue's rules."""

from typing import Any

from local_cloud.catalog.entities import Answer, TableEntity
from local_cloud.catalog.state import State, exists, invalid, missing
from local_cloud.errors import AwsError
from local_cloud.pages import keyed_page

# "Working with partition indexes" in Glue's developer guide.
MOST = 3


def add(table: TableEntity, given: Answer) -> None:
    """Make one; the keys must be partition keys of the table."""
    name, keys = given["IndexName"], list(given["Keys"])
    known = [key["Name"] for key in table.current.keys]
    if unknown := [key for key in keys if key not in known]:
        raise invalid(f"Keys {unknown} are not partition keys of table {table.name}.")
    if name in table.indexes:
        raise exists(f"Index {name} already exists.")
    if len(table.indexes) == MOST:
        raise AwsError(
            "ResourceNumberLimitExceededException", f"A table has at most {MOST} indexes."
        )
    table.indexes[name] = keys


def forget_lost_keys(table: TableEntity) -> None:
    """After an update: an index over a key that is gone is gone too."""
    known = {key["Name"] for key in table.current.keys}
    table.indexes = {name: keys for name, keys in table.indexes.items() if set(keys) <= known}


def create(state: State, request: Answer, at: float) -> Answer:
    add(state.table(request), request["PartitionIndex"])
    return {}


def delete(state: State, request: Answer, at: float) -> Answer:
    table, name = state.table(request), request["IndexName"]
    if name not in table.indexes:
        raise missing(f"Index {name} not found.")
    del table.indexes[name]
    return {}


def get_all(state: State, request: Answer) -> Answer:
    table = state.table(request)
    some, rest = keyed_page(sorted(table.indexes), request, MOST)
    return {
        "PartitionIndexDescriptorList": [table.index_to_api(name) for name in some],
        **rest,
    }


READS: dict[str, Any] = {"GetPartitionIndexes": get_all}
WRITES: dict[str, Any] = {"CreatePartitionIndex": create, "DeletePartitionIndex": delete}
