"""A network bridge for an engine of a test: a name of its own, gone afterwards.

Not docker0: a daemon that is told to have no bridge deletes the one of that name, whose ever it is.
"""

import os
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager


class BridgeError(Exception):
    """The machine lets us make no bridge."""


@contextmanager
def bridge() -> Iterator[str]:
    """The name of a new bridge on a subnet that is free here. Raises BridgeError."""
    name = f"coinlake{os.getpid()}"
    taken = _ip("-4", "-o", "address")
    free = next(n for n in range(256) if f" 10.213.{n}." not in taken)
    _ip("link", "add", name, "type", "bridge")
    try:
        _ip("address", "add", f"10.213.{free}.1/24", "dev", name)
        _ip("link", "set", name, "up")
        yield name
    finally:
        _ip("link", "delete", name)


def _ip(*arguments: str) -> str:
    done = subprocess.run(["ip", *arguments], capture_output=True, text=True)
    if done.returncode != 0:
        raise BridgeError(f"ip {' '.join(arguments)}: {done.stderr.strip()}")
    return done.stdout
