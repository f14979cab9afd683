"""JSON_OBJECT and JSON_ARRAY (JsonObjectFunction and JsonArrayFunction of trino-main 476)."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from local_cloud.athena.sql.failures import QueryError, invalid_argument, not_supported
from local_cloud.athena.sql.values import json_nodes
from local_cloud.athena.sql.values.json_functions import HandedIn, as_json, no_json
from local_cloud.athena.sql.values.json_items import TypedValue, as_node
from local_cloud.athena.sql.values.json_nodes import Node


@dataclass(frozen=True, slots=True)
class ArrayCall:
    """JSON_ARRAY; without `null_on_null` it leaves nulls out."""

    inputs: tuple[HandedIn, ...]
    null_on_null: bool
    encoding: str


@dataclass(frozen=True, slots=True)
class ObjectCall:
    """JSON_OBJECT; without `null_on_null` it leaves members that are null out."""

    inputs: tuple[HandedIn, ...]
    null_on_null: bool
    unique: bool
    encoding: str


def array(call: ArrayCall, values: Sequence[Any]) -> bytes:
    pairs = zip(values, call.inputs, strict=True)
    nodes = [_node(one, of) for one, of in pairs if one is not None or call.null_on_null]
    return _output(nodes, call.encoding)


def object_of(call: ObjectCall, keys_and_values: Sequence[Any]) -> bytes:
    """The members in the order in which a java.util.HashMap lists them."""
    count = len(call.inputs)
    keys, values = keys_and_values[:count], keys_and_values[count:]
    nodes = [_node(one, of) for one, of in zip(values, call.inputs, strict=True)]
    members: dict[str, Node] = {}
    for key, value, node in zip(keys, values, nodes, strict=True):
        if key is None:
            raise invalid_argument(
                "null value passed for JSON object key to JSON_OBJECT function"
            )
        if value is None and not call.null_on_null:
            continue
        if key in members:
            raise _duplicate(call.unique)
        members[key] = node
    listed = {key: members[key] for key in hash_map_order(list(members))}
    return _output(listed, call.encoding)


def _duplicate(unique: bool) -> QueryError:
    if unique:
        return invalid_argument("duplicate key passed to JSON_OBJECT function")
    return QueryError("NOT_SUPPORTED", "cannot construct a JSON object with duplicate key")


def _node(value: Any, of: HandedIn) -> Node:
    if value is None:
        return None
    if of.format is not None:
        return json_nodes.stored(as_json(value, of))
    return as_node(TypedValue(of.type, value))


def _output(node: Node, encoding: str) -> bytes:
    try:
        return json_nodes.output(node, encoding)
    except ValueError as error:
        raise no_json(str(error)) from error


# ---- java.util.HashMap ----------------------------------------------------------------------

# HashMap.TREEIFY_THRESHOLD and MIN_TREEIFY_CAPACITY
_TREE, _TREE_TABLE = 8, 64


def hash_map_order(keys: Sequence[str]) -> list[str]:
    """The keys as a HashMap lists them that they were put into one by one."""
    table: list[list[str]] = [[] for _ in range(16)]
    for count, key in enumerate(keys, 1):
        bucket = table[_spread(key) & (len(table) - 1)]
        bucket.append(key)
        if len(bucket) > _TREE:
            if len(table) >= _TREE_TABLE:
                raise not_supported("JSON_OBJECT with that many keys of one hash code")
            table = _grown(table)
        if count > len(table) * 3 // 4:
            table = _grown(table)
    return [key for bucket in table for key in bucket]


def _grown(table: list[list[str]]) -> list[list[str]]:
    grown: list[list[str]] = [[] for _ in range(2 * len(table))]
    for bucket in table:
        for key in bucket:
            grown[_spread(key) & (len(grown) - 1)].append(key)
    return grown


def _spread(key: str) -> int:
    """HashMap.hash of String.hashCode."""
    raw = key.encode("utf-16-be", "surrogatepass")
    found = 0
    for at in range(0, len(raw), 2):
        found = (31 * found + int.from_bytes(raw[at : at + 2], "big")) & 0xFFFFFFFF
    return found ^ (found >> 16)
