"""The Hive type of a contract's dataclass, so that a table over its JSON cannot drift from it."""

import types
from dataclasses import fields, is_dataclass
from typing import Any, Union, get_args, get_origin, get_type_hints

_PLAIN = {str: "string", int: "bigint", bool: "boolean", float: "double"}


def columns(record: type) -> dict[str, str]:
    """Each field of a dataclass with its Hive type, in order."""
    hints = get_type_hints(record)
    return {field.name: hive_type(hints[field.name]) for field in fields(record)}


def hive_type(hint: Any) -> str:
    """`string`, `bigint`, …, `array<…>` of a tuple, `struct<…>` of a dataclass."""
    if hint in _PLAIN:
        return _PLAIN[hint]
    if is_dataclass(hint) and isinstance(hint, type):
        inner = ",".join(f"{name}:{kind}" for name, kind in columns(hint).items())
        return f"struct<{inner}>"
    arguments = [each for each in get_args(hint) if each not in (type(None), Ellipsis)]
    if get_origin(hint) in (Union, types.UnionType, tuple) and len(arguments) == 1:
        inner = hive_type(arguments[0])
        return f"array<{inner}>" if get_origin(hint) is tuple else inner
    raise TypeError(f"no Hive type for {hint}")
