"""The host's firewall in network namespaces: a container reaches the world, but no credentials."""

import os
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

pytestmark = [pytest.mark.needs("nft"), pytest.mark.needs("root")]
METADATA, OTHER, BRIDGE, CONTAINER = (
    "169.254.169.254",
    "169.254.169.253",
    "172.31.240.1",
    "172.31.240.2",
)
# Not HTTPServer: that one asks a name server for its own name, and here is none.
SERVER = """
import http.server, socketserver
where = ("0.0.0.0", 8080)
socketserver.TCPServer(where, http.server.SimpleHTTPRequestHandler).serve_forever()
"""


@dataclass(frozen=True)
class Host:
    """Three namespaces: the host in the middle, one container, and what is outside."""

    names: dict[str, str]

    def run(self, where: str, *command: str) -> subprocess.CompletedProcess[str]:
        full = ["ip", "netns", "exec", self.names[where], *command]
        return subprocess.run(full, capture_output=True, text=True)

    def reaches(self, where: str, address: str, *options: str) -> bool:
        url = f"http://{address}:8080/"
        quiet = ("-s", "-o", "/dev/null", "--max-time", "5")
        return self.run(where, "curl", *quiet, *options, url).returncode == 0


def link(host: Host, other: str, here: str, address: str, there: tuple[str, ...]) -> None:
    """A cable from the host to another namespace, with addresses at both ends."""
    inside = f"v{os.getpid() % 100_000}{other[0]}"
    commands = [
        ["host", "ip", "link", "add", here, "type", "veth", "peer", "name", inside],
        ["host", "ip", "link", "set", inside, "netns", host.names[other]],
        ["host", "ip", "addr", "add", address, "dev", here],
        ["host", "ip", "link", "set", here, "up"],
        *([other, "ip", "addr", "add", one, "dev", inside] for one in there),
        [other, "ip", "link", "set", inside, "up"],
        [other, "ip", "link", "set", "lo", "up"],
        [other, "ip", "route", "add", "default", "via", address.split("/")[0]],
    ]
    for where, *command in commands:
        done = host.run(where, *command)
        assert done.returncode == 0, (command, done.stderr)


@pytest.fixture
def host(tmp_path: Path) -> Iterator[Host]:
    made = Host({name: f"cl{os.getpid()}{name}" for name in ("host", "container", "outside")})
    servers = []
    try:
        for name in made.names.values():
            subprocess.run(["ip", "netns", "add", name], check=True)
        link(made, "container", "br-coinlake", f"{BRIDGE}/24", (f"{CONTAINER}/24",))
        outside = (f"{METADATA}/24", f"{OTHER}/24")
        link(made, "outside", "ens5", "169.254.169.1/24", outside)
        made.run("host", "ip", "link", "set", "lo", "up")
        assert made.run("host", "sysctl", "-w", "net.ipv4.ip_forward=1").returncode == 0
        for name in made.names.values():
            command = ["ip", "netns", "exec", name, "python3", "-c", SERVER]
            servers.append(
                subprocess.Popen(
                    command, cwd=tmp_path, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
                )
            )
        for where, address in (("host", METADATA), ("host", CONTAINER), ("container", BRIDGE)):
            deadline = time.monotonic() + 20
            while not made.reaches(where, address):
                assert time.monotonic() < deadline, (where, address)
                time.sleep(0.1)
        yield made
    finally:
        for server in servers:
            server.kill()
            server.wait()
        for name in made.names.values():
            subprocess.run(["ip", "netns", "delete", name], check=False)


def test_a_container_reaches_the_world_and_no_metadata_and_no_host(
    ec2: Path, host: Host
) -> None:
    # Without the rules everything is reached, so what follows is the rules' doing.
    assert host.reaches("container", METADATA)
    assert host.reaches("container", BRIDGE)

    loaded = [
        host.run("host", "nft", "--file", str(ec2 / "host" / "firewall.nft")) for _ in "12"
    ]

    assert [done.stderr for done in loaded] == ["", ""]
    assert not host.reaches("container", METADATA)
    assert not host.reaches("container", BRIDGE)
    assert host.reaches("container", OTHER)
    # The host itself takes its credentials from there, and asks its containers.
    assert host.reaches("host", METADATA)
    assert host.reaches("host", CONTAINER)
    # What comes in from outside still reaches a published port.
    assert host.reaches("outside", CONTAINER, "--interface", OTHER)


def test_loading_the_rules_twice_is_loading_them_once(ec2: Path, host: Host) -> None:
    rules = []
    for _ in range(2):
        host.run("host", "nft", "--file", str(ec2 / "host" / "firewall.nft"))
        rules.append(host.run("host", "nft", "list", "ruleset").stdout)

    assert "169.254.169.254" in rules[0]
    assert rules[0] == rules[1]
