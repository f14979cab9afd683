"""Asks a broker for its metadata, in Kafka's own protocol (Metadata, version 1), without a library.

Readiness must be a real answer, asked from code with and without an event loop, and without a
client's log lines about a broker that is still starting.
"""

import socket
import struct

_METADATA, _VERSION, _CORRELATION = 3, 1, 1
_CLIENT = b"local-stack"


def brokers(host: str, port: int, timeout_s: float = 2.0) -> int:
    """How many brokers the metadata names. Raises OSError where none answers."""
    header = struct.pack(">hhih", _METADATA, _VERSION, _CORRELATION, len(_CLIENT)) + _CLIENT
    body = struct.pack(">i", 0)  # no topics
    request = header + body
    with socket.create_connection((host, port), timeout=timeout_s) as connection:
        connection.sendall(struct.pack(">i", len(request)) + request)
        (length,) = struct.unpack(">i", _read(connection, 4))
        answer = _read(connection, length)
    correlation, count = struct.unpack_from(">ii", answer)
    if correlation != _CORRELATION:
        raise OSError(f"{host}:{port} does not speak Kafka's protocol")
    return int(count)


def _read(connection: socket.socket, length: int) -> bytes:
    data = b""
    while len(data) < length:
        piece = connection.recv(length - len(data))
        if not piece:
            raise OSError("the broker closed the connection")
        data += piece
    return data
