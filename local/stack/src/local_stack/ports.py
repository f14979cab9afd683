"""Free ports of the loopback interface."""

import random
import socket
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from pathlib import Path

HOST = "127.0.0.1"
_OWN_RANGE = Path("/proc/sys/net/ipv4/ip_local_port_range")
# What is lower has names that people know, as Kafka's 9092.
_FIRST = 15_000


def free_ports(count: int) -> list[int]:
    """So many different ports that nobody listens on at this moment.

    Not of those that the system gives to outgoing connections (ip(7), ip_local_port_range): until
    a server listens, or while it is away, any client of anything could take its port.
    """
    with ExitStack() as held:
        found: list[int] = []
        for port in _candidates():
            if len(found) == count:
                break
            # All are held at once, so that none is named twice.
            probe = held.enter_context(socket.socket())
            try:
                probe.bind((HOST, port))
            except OSError:
                continue
            found.append(probe.getsockname()[1])
    return found


def _candidates() -> Iterator[int]:
    """Ports in an order of chance: somebody else may be looking too."""
    below = _first_of_the_system()
    yield from random.sample(range(_FIRST, below), below - _FIRST) if below > _FIRST else ()
    while True:
        yield 0


def _first_of_the_system() -> int:
    try:
        return int(_OWN_RANGE.read_text().split()[0])
    except OSError:
        return 32_768  # Linux's own default


def taken(ports: Sequence[int]) -> list[int]:
    """Those of the ports that somebody listens on."""
    busy = []
    for port in ports:
        with socket.socket() as probe:
            # As servers do: a connection of yesterday in TIME_WAIT takes no port.
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((HOST, port))
            except OSError:
                busy.append(port)
    return busy
