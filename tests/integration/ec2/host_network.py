"""A host with a network: a Docker engine in one namespace, and what is outside of the host in another.

Outside are a name server at the VPC's second address, a server that a build fetches from, and the
metadata service. The engine gets the release's daemon.json and firewall.nft as they are.
"""

import json
import os
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

METADATA, NAME_SERVER, WORLD = "169.254.169.254", "169.254.169.253", "198.51.100.7"
NAME = "packages.example"
SERVED = "bytes of a package"
# Answers on every address of its namespace: any name at all is the server's, whatever is asked for.
OUTSIDE = f"""
import http.server, socket, socketserver, threading
class Files(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(200); self.end_headers(); self.wfile.write(b"{SERVED}")
    def log_message(self, *_): pass
socketserver.ThreadingTCPServer.allow_reuse_address = True
web = socketserver.ThreadingTCPServer(("0.0.0.0", 80), Files)
threading.Thread(target=web.serve_forever, daemon=True).start()
names = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
names.bind(("{NAME_SERVER}", 53))
while True:
    asked, who = names.recvfrom(512)
    end = asked.index(b"\\0", 12) + 5
    is_v4 = asked[end - 4:end - 2] == b"\\0\\1"
    head = asked[:2] + b"\\x85\\x80\\0\\1" + (b"\\0\\1" if is_v4 else b"\\0\\0") + b"\\0\\0\\0\\0"
    told = b"\\xc0\\x0c\\0\\1\\0\\1\\0\\0\\0\\x05\\0\\4" + socket.inet_aton("{WORLD}") if is_v4 else b""
    names.sendto(head + asked[12:end] + told, who)
"""
# $1: the namespace's resolv.conf; the rest is the daemon. Its own mounts go with it.
DAEMON = 'mount --make-rprivate / && mount --bind "$1" /etc/resolv.conf && shift && exec "$@"'


@dataclass(frozen=True)
class Engine:
    """An engine on that host."""

    folder: Path
    names: tuple[str, str]
    """Its namespace, and that outside."""

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "DOCKER_HOST": f"unix://{self.folder}/docker.sock"}

    def docker(self, *words: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", *words], env=self.environ, capture_output=True, text=True
        )

    def on_the_host(self, *command: str) -> subprocess.CompletedProcess[str]:
        full = ["ip", "netns", "exec", self.names[0], *command]
        return subprocess.run(full, capture_output=True, text=True)


@contextmanager
def engine_on_a_host(folder: Path, config: Path, firewall: Path) -> Iterator[Engine]:
    """That engine, with this daemon.json and these rules, until the context ends."""
    made = Engine(folder, (f"clh{os.getpid()}", f"clo{os.getpid()}"))
    with _cable(made), _served(made):
        loaded = made.on_the_host("nft", "--file", str(firewall))
        assert loaded.returncode == 0, loaded.stderr
        (folder / "resolv.conf").write_text(f"nameserver {NAME_SERVER}\n")
        command = [
            "dockerd",
            "--host",
            made.environ["DOCKER_HOST"],
            "--storage-driver=overlay2",
        ]
        command += ["--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")]
        command += ["--pidfile", str(folder / "pid"), "--config-file", str(config)]
        # Not `ip netns exec`, which hides the control groups behind a /sys of its own.
        inside = ["nsenter", f"--net=/run/netns/{made.names[0]}"]
        inside += ["unshare", "--mount", "sh", "-c", DAEMON]
        with (folder / "log").open("wb") as log:
            running = subprocess.Popen(
                [*inside, "dockerd", str(folder / "resolv.conf"), *command],
                stdout=log,
                stderr=log,
            )
        try:
            _wait(lambda: made.docker("info").returncode == 0, running, folder / "log")
            yield made
        finally:
            found = made.docker("ps", "--quiet", "--all").stdout.split()
            if found:
                made.docker("rm", "--force", *found)
            running.terminate()
            running.wait(60)
            shutil.rmtree(folder / "data", ignore_errors=True)


def _wait(until: object, running: subprocess.Popen[bytes], log: Path) -> None:
    assert callable(until)
    end = time.monotonic() + 60
    while not until():
        assert running.poll() is None, log.read_text()[-2000:]
        assert time.monotonic() < end, log.read_text()[-2000:]
        time.sleep(0.2)


@contextmanager
def _cable(made: Engine) -> Iterator[None]:
    """Both namespaces, joined; the host's default route goes outside."""
    host, outside = made.names
    cable = f"v{os.getpid() % 100_000}"
    commands = [
        f"ip netns add {host}",
        f"ip netns add {outside}",
        f"ip -n {host} link add ens5 type veth peer name {cable} netns {outside}",
        f"ip -n {host} address add 169.254.169.1/24 dev ens5",
        f"ip -n {host} link set ens5 up",
        f"ip -n {host} link set lo up",
        f"ip -n {outside} link set lo up",
        *(
            f"ip -n {outside} address add {address}/24 dev {cable}"
            for address in (METADATA, NAME_SERVER)
        ),
        f"ip -n {outside} address add {WORLD}/32 dev lo",
        f"ip -n {outside} link set {cable} up",
        f"ip -n {host} route add default via {NAME_SERVER}",
    ]
    try:
        for command in commands:
            done = subprocess.run(command.split(), capture_output=True, text=True)
            assert done.returncode == 0, (command, done.stderr)
        yield
    finally:
        for name in made.names:
            subprocess.run(["ip", "netns", "delete", name], check=False, capture_output=True)


@contextmanager
def _served(made: Engine) -> Iterator[None]:
    command = ["ip", "netns", "exec", made.names[1], sys.executable, "-c", OUTSIDE]
    with (made.folder / "outside.log").open("wb") as log:
        server = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        look = ["curl", "-sf", "-o", "/dev/null", "--max-time", "2", f"http://{METADATA}/"]
        _wait(
            lambda: made.on_the_host(*look).returncode == 0,
            server,
            made.folder / "outside.log",
        )
        yield
    finally:
        server.kill()
        server.wait()


def with_entrypoint(engine: Engine, archive: Path, name: str) -> str:
    """Import a root folder as an image; its id."""
    change = f"CMD {json.dumps(['/bin/bash'])}"
    done = engine.docker("import", "--change", change, str(archive), name)
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()
