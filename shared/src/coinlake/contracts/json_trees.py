"""Walks over parsed JSON, level by level and so without recursion: bodies nest as deep as they like."""

from collections.abc import Callable, Iterable
from typing import Any

from coinlake.contracts.values import Repeating


def anywhere(document: Any, is_so: Callable[[Any], bool]) -> bool:
    """Whether it is so of a document, of a value or of a key anywhere in it."""
    level: list[Any] = [document]
    while level:
        if any(is_so(value) for value in level):
            return True
        level = [inner for outer in level for inner in (*_keys(outer), *_children(outer))]
    return False


def is_deeper(document: Any, max_depth: int) -> bool:
    """Whether arrays and objects nest deeper than `max_depth`."""
    level = _containers([document])
    for _ in range(max_depth):
        if not level:
            return False
        level = [inner for outer in level for inner in _containers(_children(outer))]
    return bool(level)


def _containers(values: Iterable[Any]) -> list[Any]:
    return [value for value in values if isinstance(value, dict | list)]


def _keys(value: Any) -> Iterable[str]:
    return value if isinstance(value, dict) else ()


def _children(value: Any) -> Iterable[Any]:
    """Those of a container, the values that a key hides which comes again included."""
    if isinstance(value, Repeating):
        return [one for _, one in value.pairs]
    if isinstance(value, dict):
        return value.values()
    return value if isinstance(value, list) else ()
