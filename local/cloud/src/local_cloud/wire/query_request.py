"""A request of the Query protocol (STS, IAM): a form, whose names say where in a structure they
are.

(Smithy, "AWS query protocol".)
"""

from typing import Any
from urllib.parse import parse_qsl

from local_cloud.fields import model
from local_cloud.wire.asked import AskedOperation


def read(service: str, form: bytes) -> AskedOperation:
    """The operation in `Action` and its members."""
    pairs = parse_qsl(form.decode(), keep_blank_values=True)
    named = dict(pairs)
    operation = named.pop("Action", "")
    named.pop("Version", None)
    found = model.operation(service, operation)
    if found is None or found.input_shape is None:
        return AskedOperation(operation, {}, tuple(sorted(named)))
    tree: dict[str, Any] = {}
    for name, value in named.items():
        _put(tree, name.split("."), value)
    return AskedOperation(operation, _valued(found.input_shape, tree))


def _put(tree: dict[str, Any], path: list[str], value: str) -> None:
    for step in path[:-1]:
        inner = tree.setdefault(step, {})
        tree = inner if isinstance(inner, dict) else {}
    tree[path[-1]] = value


def _valued(shape: Any, said: Any) -> Any:
    """What the form says as a value of its shape. Names that the shape has not stay as they are."""
    if shape.type_name == "structure" and isinstance(said, dict):
        return {
            name: _valued(shape.members[name], one) if name in shape.members else one
            for name, one in said.items()
        }
    if shape.type_name == "list" and isinstance(said, dict):
        items = said.get("member", said)
        if isinstance(items, dict):
            ordered = sorted(items, key=lambda key: int(key) if key.isdigit() else 0)
            return [_valued(shape.member, items[key]) for key in ordered]
    if shape.type_name in ("integer", "long") and isinstance(said, str) and said.isdigit():
        return int(said)
    if shape.type_name == "boolean" and said in ("true", "false"):
        return said == "true"
    return said
