"""Operations on partitions, and their batches."""

from collections.abc import Callable
from typing import Any
from zlib import crc32

from local_cloud.catalog.entities import Answer, PartitionEntity, TableEntity, Values
from local_cloud.catalog.expression import parsed
from local_cloud.catalog.state import State, error_detail, exists, invalid, missing
from local_cloud.errors import AwsError
from local_cloud.pages import keyed_page


def create(state: State, request: Answer, at: float) -> Answer:
    _add(state.table(request), request["PartitionInput"], at)
    return {}


def get(state: State, request: Answer) -> Answer:
    table = state.table(request)
    one = _find(table, request["PartitionValues"])
    return {"Partition": table.partition_to_api(one)}


def get_all(state: State, request: Answer) -> Answer:
    table = state.table(request)
    keys = [(key["Name"], key.get("Type", "string")) for key in table.current.keys]
    keeps = parsed(request.get("Expression") or "", keys)
    found = sorted(values for values in table.partitions if keeps(values))
    some, rest = keyed_page(_segment(found, request), request, 1000)
    bare = bool(request.get("ExcludeColumnSchema"))
    told = [table.partition_to_api(table.partitions[values], bare) for values in some]
    return {"Partitions": told, **rest}


def _segment(found: list[Values], request: Answer) -> list[Values]:
    """The share of one of several readers (Glue API, Segment); each partition is in one of them,
    and stays there whatever comes and goes beside it."""
    segment = request.get("Segment")
    if segment is None:
        return found
    number, total = segment["SegmentNumber"], segment["TotalSegments"]
    if number >= total:
        raise invalid(f"Segment: SegmentNumber {number} of TotalSegments {total}")
    return [one for one in found if crc32("/".join(one).encode()) % total == number]


def batch_get(state: State, request: Answer) -> Answer:
    table = state.table(request)
    wanted = (tuple(one["Values"]) for one in request["PartitionsToGet"])
    found = (table.partitions.get(values) for values in wanted)
    return {
        "Partitions": [table.partition_to_api(one) for one in found if one is not None],
        "UnprocessedKeys": [],
    }


def update(state: State, request: Answer, at: float) -> Answer:
    _change(state.table(request), request["PartitionValueList"], request["PartitionInput"], at)
    return {}


def delete(state: State, request: Answer, at: float) -> Answer:
    table = state.table(request)
    del table.partitions[_find(table, request["PartitionValues"]).values]
    return {}


def batch_create(state: State, request: Answer, at: float) -> Answer:
    table = state.table(request)
    return _each(
        request["PartitionInputList"],
        lambda one: _add(table, one, at),
        lambda one: {"PartitionValues": one.get("Values", [])},
    )


def batch_update(state: State, request: Answer, at: float) -> Answer:
    table = state.table(request)
    return _each(
        request["Entries"],
        lambda one: _change(table, one["PartitionValueList"], one["PartitionInput"], at),
        lambda one: {"PartitionValueList": one["PartitionValueList"]},
    )


def batch_delete(state: State, request: Answer, at: float) -> Answer:
    table = state.table(request)

    def drop(one: Answer) -> None:
        del table.partitions[_find(table, one["Values"]).values]

    return _each(
        request["PartitionsToDelete"], drop, lambda one: {"PartitionValues": one["Values"]}
    )


def _each(
    entries: list[Answer], act: Callable[[Answer], None], named: Callable[[Answer], Answer]
) -> Answer:
    """Batches do what can be done, and list what could not (Glue API, BatchCreatePartition)."""
    errors = []
    for one in entries:
        try:
            act(one)
        except AwsError as error:
            errors.append({**named(one), "ErrorDetail": error_detail(error)})
    return {"Errors": errors}


def _add(table: TableEntity, given: Answer, at: float) -> None:
    made = _checked(table, PartitionEntity(given, at))
    if made.values in table.partitions:
        raise exists("Partition already exists.")
    table.partitions[made.values] = made


def _change(table: TableEntity, old: list[str], given: Answer, at: float) -> None:
    before = _find(table, old)
    made = _checked(table, PartitionEntity(given, before.created))
    if made.values != before.values:
        if made.values in table.partitions:
            raise exists("Partition already exists.")
        del table.partitions[before.values]
    table.partitions[made.values] = made


def _checked(table: TableEntity, one: PartitionEntity) -> PartitionEntity:
    if len(one.values) != len(table.current.keys):
        raise invalid(
            "The number of partition keys do not match the number of partition values: "
            f"{len(table.current.keys)} and {len(one.values)}."
        )
    return one


def _find(table: TableEntity, values: list[str]) -> PartitionEntity:
    wanted: Values = tuple(values)
    found = table.partitions.get(wanted)
    if found is None:
        raise missing("Cannot find partition.")
    return found


READS: dict[str, Any] = {
    "GetPartition": get,
    "GetPartitions": get_all,
    "BatchGetPartition": batch_get,
}
WRITES: dict[str, Any] = {
    "CreatePartition": create,
    "UpdatePartition": update,
    "DeletePartition": delete,
    "BatchCreatePartition": batch_create,
    "BatchUpdatePartition": batch_update,
    "BatchDeletePartition": batch_delete,
}
