"""Items of a JSON path's sequence: JSON nodes and typed SQL values (SqlJsonLiteralConverter)."""

from dataclasses import dataclass
from decimal import Decimal
from typing import Any

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import java_text
from local_cloud.athena.sql.values.json_nodes import MISSING, MissingNode, Node, Single


@dataclass(frozen=True, slots=True)
class TypedValue:
    """A value of an SQL type, not null (io.trino.json.ir.TypedValue)."""

    type: Type
    value: Any


Item = Node | TypedValue


def kind_of(item: Item) -> str:
    """JsonNodeType's name, or the SQL type's."""
    if isinstance(item, TypedValue):
        return str(item.type)
    if item is None:
        return "NULL"
    if isinstance(item, bool):
        return "BOOLEAN"
    if isinstance(item, (int, float, Decimal)):
        return "NUMBER"
    if isinstance(item, str):
        return "STRING"
    if isinstance(item, MissingNode):
        return "MISSING"
    return "OBJECT" if isinstance(item, dict) else "ARRAY"


def is_structure(item: Item) -> bool:
    """Whether it is neither scalar nor null (JsonNode.isValueNode)."""
    return item is MISSING or isinstance(item, (list, dict))


def number(node: Node) -> TypedValue | None:
    """The number that a node is, or None. ValueError where no SQL type holds it."""
    if isinstance(node, bool):
        return None
    if isinstance(node, int):
        if -(2**31) <= node < 2**31:
            return TypedValue(t.INTEGER, node)
        if -(2**63) <= node < 2**63:
            return TypedValue(t.BIGINT, node)
        raise ValueError("value too big")
    if isinstance(node, float):
        # Of what is read, no number is a Single or a Decimal.
        return TypedValue(t.DOUBLE, node)
    return None


def text(node: Node) -> TypedValue | None:
    return TypedValue(t.VARCHAR, java_text.whole(node)) if isinstance(node, str) else None


def scalar(node: Node) -> TypedValue | None:
    """The SQL value of a scalar node. ValueError where no SQL type holds it."""
    if isinstance(node, bool):
        return TypedValue(t.BOOLEAN, node)
    return text(node) or number(node)


def as_node(item: TypedValue) -> Node:
    """The value as JSON. LookupError where JSON has none of its type."""
    name, value = item.type.name, item.value
    if name == "char":
        return value.ljust(item.type.precision or 0)
    if name == "real":
        return Single(value)
    if name in ("boolean", "varchar", "double", "decimal", *t.INTEGERS):
        return value
    raise LookupError(name)
