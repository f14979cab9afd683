"""The pools that constants are drawn from, and what each function's arguments are mostly."""

import tomllib
from functools import cache
from pathlib import Path
from typing import Any

_HERE = Path(__file__).parent


@cache
def read(name: str) -> dict[str, Any]:
    """A file beside this one."""
    return tomllib.loads((_HERE / f"{name}.toml").read_text())


def pool(name: str) -> tuple[str, ...]:
    """One of the pools of `constants.toml`."""
    return tuple(read("constants")[name])


def pairs(name: str) -> tuple[tuple[str, ...], ...]:
    """One whose members are lists."""
    return tuple(tuple(one) for one in read("constants")[name])


def hints(kind: str) -> dict[tuple[str, int], tuple[str, ...]]:
    """`hints.toml` by function and place: of texts or of numbers."""
    return {
        (name, one["place"]): tuple(one["values"])
        for one in read("hints")[kind]
        for name in one["functions"]
    }
