"""A Docker engine for the test: the one that is there, or one of our own that leaves no trace."""

import os
import shlex
import shutil
import signal
import subprocess
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from tests.compose.engine.bridge import BridgeError, bridge

HERE = Path(__file__).parent
ROOT = HERE.parents[2]
PLUGIN = ROOT / ".local/bin/docker-compose"
FORWARDING = Path("/proc/sys/net/ipv4/ip_forward")
# Names of its own: on an engine that somebody uses, their stack and their images are not touched.
PROJECT = "coinlake-test"
VERSION = "test"
READY_TIMEOUT_S = 60.0
STOP_TIMEOUT_S = 60.0


class EngineError(Exception):
    """No Docker engine can be started on this machine."""


@dataclass(frozen=True, slots=True)
class Docker:
    """The docker command with the environment that reaches the engine. `own`: started by us."""

    env: Mapping[str, str]
    own: bool

    def run(self, *arguments: str, cwd: Path | None = None, check: bool = True) -> str:
        """Run one docker command; its standard output. Raises with all that it said."""
        done = self.tried(*arguments, cwd=cwd)
        if check and done.returncode != 0:
            said = f"{done.stdout}\n{done.stderr}".strip()[-4000:]
            raise RuntimeError(f"docker {' '.join(arguments)}: {done.returncode}\n{said}")
        return done.stdout.strip()

    def tried(
        self, *arguments: str, cwd: Path | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one docker command, whatever it exits with."""
        return subprocess.run(
            ["docker", *arguments], env=dict(self.env), cwd=cwd, capture_output=True, text=True
        )


@contextmanager
def open_docker(say: "Say") -> Iterator[Docker]:
    """The engine that answers already, else a dockerd of our own in a temporary folder."""
    with ExitStack() as open_:
        folder = Path(
            open_.enter_context(tempfile.TemporaryDirectory(prefix="coinlake-docker-"))
        )
        env = _without_own_settings(os.environ) | {
            "COMPOSE_PROGRESS": "plain",
            "COMPOSE_PROJECT_NAME": PROJECT,
            "COINLAKE_VERSION": VERSION,
        }
        present = Docker(env, own=False)
        if present.tried("info").returncode != 0:
            socket = open_.enter_context(_daemon(folder, say))
            present = Docker(env | {"DOCKER_HOST": socket}, own=True)
        yield Docker(_with_room_for_plugins(present, folder), own=present.own)


def ensure_compose(docker: Docker, say: "Say") -> None:
    """Have `docker compose`, by our own plugin where the machine has none."""
    if "DOCKER_CONFIG" in docker.env and docker.tried("compose", "version").returncode != 0:
        plugins = Path(docker.env["DOCKER_CONFIG"]) / "cli-plugins"
        plugins.mkdir(parents=True, exist_ok=True)
        shutil.copy(_compose_plugin(say), plugins / "docker-compose")


class Say:
    """Progress with the time since the start, on standard error, so that it shows at once."""

    def __init__(self) -> None:
        self._begun = time.monotonic()

    def __call__(self, what: str) -> None:
        os.write(2, f"[{self.elapsed()}] {what}\n".encode())

    def elapsed(self) -> str:
        """Minutes and seconds since the start."""
        seconds = int(time.monotonic() - self._begun)
        return f"{seconds // 60:02d}:{seconds % 60:02d}"


def _without_own_settings(environ: Mapping[str, str]) -> dict[str, str]:
    """The person's variables would override the .env file of the stack."""
    prefixes = ("COINCAP_", "COINLAKE_", "COMPOSE_", "KAFKA_", "LAKE_", "QUERY_API_")
    return {name: value for name, value in environ.items() if not name.startswith(prefixes)}


@contextmanager
def _daemon(folder: Path, say: Say) -> Iterator[str]:
    lacking = [tool for tool in ("dockerd", "iptables", "ip") if not shutil.which(tool)]
    if lacking:
        raise EngineError(f"no Docker engine can be started without {', '.join(lacking)}")
    socket = f"unix://{folder}/docker.sock"
    log = folder / "dockerd.log"
    before = _firewall()
    forwarding = FORWARDING.read_text()
    with _bridge() as bridge:
        command: Sequence[str] = [
            "dockerd",
            f"--host={socket}",
            f"--bridge={bridge}",
            f"--data-root={folder}/data",
            f"--exec-root={folder}/exec",
            f"--pidfile={folder}/pid",
        ]
        with log.open("wb") as output:
            process = subprocess.Popen(command, stdout=output, stderr=output)
        try:
            _wait_for(process, socket, log)
            say("started a Docker engine of our own")
            yield socket
        finally:
            process.send_signal(signal.SIGTERM)
            process.wait(STOP_TIMEOUT_S)
            _unmount_below(folder)
            _forget_rules(before, bridge)
            if not _others(before):
                FORWARDING.write_text(forwarding)
            say("stopped it, and removed its folder, bridge and firewall rules")


@contextmanager
def _bridge() -> Iterator[str]:
    with ExitStack() as open_:
        try:
            name = open_.enter_context(bridge())
        except BridgeError as error:
            raise EngineError(str(error)) from error
        yield name


def _wait_for(process: subprocess.Popen[bytes], socket: str, log: Path) -> None:
    deadline = time.monotonic() + READY_TIMEOUT_S
    asked = Docker(dict(os.environ) | {"DOCKER_HOST": socket}, own=True)
    while asked.tried("info").returncode != 0:
        if process.poll() is not None or time.monotonic() > deadline:
            raise EngineError(f"dockerd did not start:\n{log.read_text()[-3000:]}")
        time.sleep(0.5)


def _firewall() -> list[tuple[str, str]]:
    """Each rule (`-A …`), chain (`:NAME -`) and policy (`:NAME DROP`) with its table."""
    saved = subprocess.run(["iptables-save"], capture_output=True, text=True, check=True)
    table, found = "", []
    for line in saved.stdout.splitlines():
        if line.startswith("*"):
            table = line[1:]
        elif line.startswith("-A "):
            found.append((table, line))
        elif line.startswith(":"):
            found.append((table, " ".join(line.split()[:2])))
    return found


def _others(rules: list[tuple[str, str]]) -> bool:
    """Whether these are the rules of a machine on which another engine runs."""
    return any(line.startswith(":DOCKER") for _, line in rules)


def _forget_rules(before: list[tuple[str, str]], bridge: str) -> None:
    """Take back what dockerd added and leaves behind; nobody else's rules are touched."""
    added = [entry for entry in _firewall() if entry not in before]
    mine = bridge if _others(before) else "docker"
    for table, line in added:
        if line.startswith("-A ") and (mine in line.lower() or bridge in line):
            _iptables(table, "-D", *shlex.split(line[3:]))
    for table, line in () if _others(before) else added:
        if line.startswith(":DOCKER"):
            _iptables(table, "-X", line[1:].split()[0])
        elif line == ":FORWARD DROP":
            _iptables(table, "-P", "FORWARD", "ACCEPT")


def _iptables(table: str, *arguments: str) -> None:
    subprocess.run(["iptables", "-t", table, *arguments], check=True)


def _unmount_below(folder: Path) -> None:
    """What a killed container left mounted would keep the folder from being removed."""
    mounts = [line.split()[1] for line in Path("/proc/mounts").read_text().splitlines()]
    for mount in sorted((m for m in mounts if m.startswith(f"{folder}/")), reverse=True):
        subprocess.run(["umount", "--lazy", mount], check=False)


def _with_room_for_plugins(docker: Docker, folder: Path) -> dict[str, str]:
    """The environment in which `ensure_compose` can add a plugin, if there is none."""
    if docker.tried("compose", "version").returncode == 0:
        return dict(docker.env)
    if not PLUGIN.is_file() and not shutil.which("go"):
        raise EngineError("docker compose is missing, and Go, which would build it")
    # Compose builds with BuildKit by itself: the engine has it, also where buildx is missing.
    return {**docker.env, "DOCKER_CONFIG": str(folder / "config"), "DOCKER_BUILDKIT": "1"}


def _compose_plugin(say: Say) -> Path:
    """The compose plugin, built by Go from its module once per clone."""
    if not PLUGIN.is_file():
        say("building the compose plugin with Go (once)")
        PLUGIN.parent.mkdir(parents=True, exist_ok=True)
        part = PLUGIN.with_suffix(".part")
        subprocess.run(
            ["go", "build", "-trimpath", "-o", str(part), "."],
            cwd=HERE / "plugin",
            check=True,
            capture_output=True,
        )
        part.rename(PLUGIN)
    return PLUGIN
