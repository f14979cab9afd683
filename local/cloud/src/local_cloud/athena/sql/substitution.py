"""Typed expressions with parts of them replaced."""

from collections.abc import Callable, Mapping
from dataclasses import fields, replace
from typing import Any

from local_cloud.athena.sql.ir import ColumnRef, Expr, Frame, FrameEnd, SortKey


def rewritten(of: Expr, change: Callable[[Expr], Expr | None]) -> Expr:
    """`of` with each outermost part for which `change` gives something replaced by that."""
    found = change(of)
    return found if found is not None else _with_children(of, change)


def renamed(of: Expr, columns: Mapping[ColumnRef, Expr]) -> Expr:
    """`of` with each of these columns replaced by what is given for it."""
    return rewritten(of, lambda one: columns.get(one) if isinstance(one, ColumnRef) else None)


def _with_children(of: Any, change: Callable[[Expr], Expr | None]) -> Any:
    changed = {}
    for one in fields(of):
        before = getattr(of, one.name)
        after = _changed(before, change)
        if after is not before:
            changed[one.name] = after
    return replace(of, **changed) if changed else of


def _changed(value: Any, change: Callable[[Expr], Expr | None]) -> Any:
    if isinstance(value, Expr):
        return rewritten(value, change)
    if isinstance(value, (SortKey, Frame, FrameEnd)):
        return _with_children(value, change)
    if isinstance(value, tuple):
        made = tuple(_changed(one, change) for one in value)
        return value if all(a is b for a, b in zip(made, value, strict=True)) else made
    return value
