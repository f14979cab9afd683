"""Unit tests are in memory: a test that opens a network socket fails."""

import gc
import socket
from typing import Any

import pytest


def pytest_configure() -> None:
    # Thousands of small tests make no garbage in cycles worth a look at each 700 objects.
    gc.set_threshold(100_000, 20, 100)


def pytest_collection_finish() -> None:
    """What was imported and collected stays to the end: no look at it again."""
    gc.collect()
    gc.freeze()


@pytest.fixture(autouse=True)
def _no_network(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(self: socket.socket, address: Any) -> None:
        raise AssertionError(f"a unit test tried to reach {address!r}")

    monkeypatch.setattr(socket.socket, "connect", refuse)
    monkeypatch.setattr(socket.socket, "connect_ex", refuse)
