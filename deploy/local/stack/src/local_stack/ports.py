"""Free ports of the loopback interface."""

import socket
from collections.abc import Sequence
from contextlib import ExitStack

HOST = "127.0.0.1"


def free_ports(count: int) -> list[int]:
    """So many different ports that nobody listens on at this moment."""
    with ExitStack() as held:
        # All are held at once, or the system may name one twice.
        sockets = [held.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind((HOST, 0))
        return [each.getsockname()[1] for each in sockets]


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
