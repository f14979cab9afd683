"""A server's port is none that a client of anything may be given meanwhile."""

import socket
from pathlib import Path

import pytest

from local_stack import ports
from local_stack.ports import HOST, free_ports


def _first_of_the_system(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int) -> None:
    told = tmp_path / "ip_local_port_range"
    told.write_text(f"{first}\t60999\n")
    monkeypatch.setattr(ports, "_OWN_RANGE", told)


def test_ports_are_different_and_below_those_that_the_system_gives_away(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _first_of_the_system(tmp_path, monkeypatch, 15_040)

    found = free_ports(20)

    assert len(set(found)) == 20
    assert all(15_000 <= port < 15_040 for port in found)


def test_a_port_that_somebody_listens_on_is_not_free(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    _first_of_the_system(tmp_path, monkeypatch, 15_002)
    first, second = sorted(free_ports(2))

    with socket.create_server((HOST, first)):
        assert free_ports(1) == [second]


@pytest.mark.parametrize("first", [1_024, 15_000])
def test_where_the_system_gives_all_away_it_is_asked_for_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, first: int
) -> None:
    _first_of_the_system(tmp_path, monkeypatch, first)

    found = free_ports(3)

    assert len(set(found)) == 3
    assert all(port > 0 for port in found)
