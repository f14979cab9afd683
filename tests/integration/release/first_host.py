"""A machine that boots for the first time, as far as one can be had here: a Debian of its own with systemd.

It has a network through this machine, a blank disk, the release in a bucket and the stack's settings in SSM,
both on moto; its `aws` is the real one, which asks there. Nothing of coinlake is on it, and no Docker runs.
"""

import os
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

from tests.integration.ec2.booted import Booted, booted
from tests.integration.ec2.chroots import base

PACKAGES = (
    "docker.io",
    "iptables",
    "nftables",
    "xfsprogs",
    "jq",
    "openssl",
    "awscli",
    "curl",
    "iproute2",
)
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
# The region's endpoints are one address, and the instance's credentials are these.
AWS = """#!/bin/sh
export AWS_ACCESS_KEY_ID=host AWS_SECRET_ACCESS_KEY=host AWS_EC2_METADATA_DISABLED=true
exec /usr/bin/aws --endpoint-url {endpoint} "$@"
"""
# What Amazon Linux has and Debian has not; the packages are there already.
SIGNAL = '#!/bin/sh\necho "$*" >> /signals\n'
NOTHING = "#!/bin/sh\n"


@contextmanager
def address() -> Iterator[tuple[str, str]]:
    """Addresses of a cable between this machine and the host: here, and there. The host's way out goes through."""
    number = os.getpid() % 250
    here, there = f"10.214.{number}.1", f"10.214.{number}.2"
    name, net = f"clf{os.getpid() % 100_000}", f"10.214.{number}.0/24"
    rules = [
        ["-t", "nat", "{}", "POSTROUTING", "-s", net, "!", "-d", net, "-j", "MASQUERADE"],
        ["{}", "FORWARD", "-s", net, "-j", "ACCEPT"],
        ["{}", "FORWARD", "-d", net, "-j", "ACCEPT"],
    ]
    before = FORWARDING.read_text()
    _run("ip", "link", "add", name, "type", "veth", "peer", "name", f"{name}p")
    try:
        _run("ip", "address", "add", f"{here}/24", "dev", name)
        _run("ip", "link", "set", name, "up")
        for rule in rules:
            _run("iptables", *(word.format("-I") for word in rule))
        FORWARDING.write_text("1")
        yield here, there
    finally:
        for rule in rules:
            _run("iptables", *(word.format("-D") for word in rule))
        subprocess.run(["ip", "link", "delete", name], check=False, capture_output=True)
        FORWARDING.write_text(before)


def plug(system: Booted, here: str, there: str) -> None:
    """Put the cable's other end into the host."""
    name = f"clf{os.getpid() % 100_000}p"
    _run("ip", "link", "set", name, "netns", str(system.pid))
    for command in (
        f"ip link set {name} name ens5",
        f"ip address add {there}/24 dev ens5",
        "ip link set ens5 up",
        f"ip route add default via {here}",
    ):
        system.said(*command.split())


@contextmanager
def first_boot(folder: Path, endpoint: str, here: str, there: str) -> Iterator[Booted]:
    """The machine, up to where cloud-init would run its user data; `/dev/data` is its blank disk."""
    root, image = folder / "root", folder / "disk.img"
    _prepare(root, endpoint)
    with image.open("wb") as disk:
        disk.truncate(2 * 1024**3)
    loop = _run("losetup", "--find", "--show", str(image))
    with ExitStack() as open_:
        open_.callback(_run, "losetup", "--detach", loop)
        system = open_.enter_context(booted(root, folder / "boot.log", "basic.target"))
        plug(system, here, there)
        number = Path(loop).stat().st_rdev
        system.said("mknod", loop, "b", str(os.major(number)), str(os.minor(number)))
        system.said("ln", "-s", loop, "/dev/data")
        yield system


def _prepare(root: Path, endpoint: str) -> None:
    root.mkdir()
    _run("tar", "-C", str(root), "-xf", str(base()))
    shutil.copy("/etc/resolv.conf", root / "etc/resolv.conf")
    trusted = root / "etc/ssl/certs/ca-certificates.crt"
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", trusted)
    _script(root / "usr/sbin/policy-rc.d", "#!/bin/sh\nexit 101\n")
    inside = ["chroot", str(root), "env", "DEBIAN_FRONTEND=noninteractive"]
    proxies = [f"{k}={v}" for k, v in os.environ.items() if k.lower().endswith("_proxy")]
    _run(*inside, *proxies, "apt-get", "update", "-qq")
    install = ["apt-get", "install", "-qq", "-y", "--no-install-recommends", *PACKAGES]
    _run(*inside, *proxies, *install)
    # What was installed after the copy has put its own there.
    shutil.copy("/etc/ssl/certs/ca-certificates.crt", trusted)
    _script(root / "usr/local/bin/aws", AWS.format(endpoint=endpoint))
    _script(root / "usr/local/bin/dnf", NOTHING)
    (root / "opt/aws/bin").mkdir(parents=True)
    _script(root / "opt/aws/bin/cfn-signal", SIGNAL)
    _run("chroot", str(root), "systemctl", "disable", "docker.service", "docker.socket")


def _script(path: Path, text: str) -> None:
    path.write_text(text)
    path.chmod(0o755)


def _run(*command: str) -> str:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
    return done.stdout.strip()
