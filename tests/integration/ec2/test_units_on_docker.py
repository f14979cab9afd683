"""The units' own `docker run` lines on a real Docker daemon, with a small Debian as every image.

The daemon has a network namespace, a data folder and a socket of its own, so nothing of this
machine's Docker or firewall is touched. What is replaced in an ExecStart: the image, and the paths of
the host's folders. CloudWatch is not there, as on a host without a network.
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.ec2_containers import CONTAINERS

pytestmark = [
    pytest.mark.needs("docker"),
    pytest.mark.needs("root"),
    pytest.mark.needs("debootstrap"),
    pytest.mark.timeout(600),
]
ROOT = Path(__file__).resolve().parents[3]
BASE = ROOT / ".local" / "ec2-base.tar"
# Ends at SIGTERM, as the services do.
ENTRYPOINT = ["/bin/bash", "-c", "trap 'exit 0' TERM INT USR1; sleep 1000 & wait"]


@dataclass(frozen=True)
class Docker:
    """A daemon of our own, reached through its socket."""

    folder: Path

    @property
    def environ(self) -> dict[str, str]:
        return {"PATH": os.environ["PATH"], "DOCKER_HOST": f"unix://{self.folder}/docker.sock"}

    def run(self, *command: str | Path) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["docker", *command], env=self.environ, capture_output=True, text=True
        )

    def inside(self, name: str, script: str) -> str:
        done = self.run("exec", f"coinlake-{name}", "/bin/bash", "-c", script)
        return done.stdout.strip() if done.returncode == 0 else f"refused: {done.stderr}"


@pytest.fixture(scope="module")
def docker(tmp_path_factory: pytest.TempPathFactory, ec2: Path) -> Iterator[Docker]:
    folder = tmp_path_factory.mktemp("docker")
    made = Docker(folder)
    daemon = ["dockerd", "--host", made.environ["DOCKER_HOST"], "--storage-driver", "overlay2"]
    daemon += ["--data-root", str(folder / "data"), "--exec-root", str(folder / "exec")]
    daemon += ["--pidfile", str(folder / "pid"), "--config-file", str(ec2 / "host/daemon.json")]
    with (folder / "log").open("wb") as log:
        # A namespace begins without its loopback.
        started = ["unshare", "-n", "sh", "-c", 'ip link set lo up && exec "$@"', "sh", *daemon]
        running = subprocess.Popen(started, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while made.run("info").returncode != 0:
            assert running.poll() is None, (folder / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, (folder / "log").read_text()[-2000:]
            time.sleep(0.2)
        if not BASE.is_file():
            pytest.skip("NOT RUN: needs the small Debian that test_bootstrap.py makes")
        change = f"ENTRYPOINT {json.dumps(ENTRYPOINT)}"
        imported = made.run("import", "--change", change, BASE, "stand-in")
        assert imported.returncode == 0, imported.stderr
        network = subprocess.run(
            [ec2 / "libexec/network"], env=made.environ, capture_output=True
        )
        assert network.returncode == 0, network.stderr
        yield made
    finally:
        found = made.run("ps", "--quiet", "--all").stdout.split()
        if found:
            made.run("rm", "--force", *found)
        running.terminate()
        running.wait(30)
        shutil.rmtree(folder / "data", ignore_errors=True)


def command_of(ec2: Path, name: str, host: Path) -> list[str]:
    """A unit's ExecStart as systemd would run it, on this test's image and folders."""
    text = (ec2 / "systemd" / f"coinlake-{name}.service").read_text()
    (line,) = re.findall(r"^ExecStart=(.*)$", re.sub(r"\\\n\s*", " ", text), re.MULTILINE)
    line = re.sub(r"\$\{[A-Z0-9_]+_IMAGE\}", "stand-in", line)
    for variable, value in (
        ("AWS_DEFAULT_REGION", "us-east-1"),
        ("LOG_PREFIX", "/coinlake"),
        ("KAFKA_PUBLISH", "127.0.0.1"),
        ("RUNBOOKS_URL", "http://127.0.0.1:9090/user"),
    ):
        line = line.replace(f"${{{variable}}}", value)
    # Doubled, it is no variable (systemd.service(5), "Command lines").
    assert "$" not in line.replace("$$", "")
    line = line.replace("$$", "$")
    words = shlex.split(line)[1:]
    for at, word in enumerate(words):
        if words[at - 1] in ("--volume", "--env-file"):
            words[at] = f"{host}{word}"
    return words


def mounted_within(words: list[str], target: str) -> list[str]:
    """Where other volumes are mounted below a volume's target."""
    targets = [
        words[at + 1].split(":")[1] for at, word in enumerate(words) if word == "--volume"
    ]
    return [one.removeprefix(f"{target}/") for one in targets if one.startswith(f"{target}/")]


def prepare(ec2: Path, name: str, host: Path, words: list[str]) -> None:
    """The folders and files of the host that a unit names, with their owners."""
    (user,) = [words[at + 1].split(":")[0] for at, word in enumerate(words) if word == "--user"]
    for at, word in enumerate(words):
        if word == "--env-file":
            Path(words[at + 1]).parent.mkdir(parents=True, exist_ok=True)
            Path(words[at + 1]).write_text("TOLD=by the host\n")
        if word == "--volume":
            source = Path(words[at + 1].split(":")[0])
            if source.suffix == ".pem":
                source.parent.mkdir(parents=True, exist_ok=True)
                source.write_text("a certificate")
            else:
                source.mkdir(parents=True, exist_ok=True)
                os.chown(source, int(user), int(user))
                # What is mounted within it needs a place there: nobody can make one in it later.
                for inside in mounted_within(words, words[at + 1].split(":")[1]):
                    (source / inside).mkdir(parents=True, exist_ok=True)
    if name == "kafka":
        start = host / "etc/coinlake/kafka/broker/start.sh"
        start.write_text("#!/bin/bash\ntrap 'exit 0' TERM\nsleep 1000 & wait\n")
        start.chmod(0o755)


@pytest.fixture(params=CONTAINERS)
def started(
    request: pytest.FixtureRequest, docker: Docker, ec2: Path, tmp_path: Path
) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """A unit's container, started by its own line and in the foreground."""
    name = request.param
    words = command_of(ec2, name, tmp_path)
    prepare(ec2, name, tmp_path, words)
    said = tmp_path / "said"
    with said.open("wb") as log:
        client = subprocess.Popen(
            ["docker", *words], env=docker.environ, stdout=log, stderr=log
        )
    deadline = time.monotonic() + 60
    while docker.inside(name, "echo up") != "up":
        assert client.poll() is None, said.read_text()
        assert time.monotonic() < deadline, said.read_text()
        time.sleep(0.2)
    yield name, client
    docker.run("rm", "--force", f"coinlake-{name}")
    client.wait(30)


def test_a_unit_starts_its_container_confined_without_cloudwatch_and_ends_it(
    docker: Docker, started: tuple[str, subprocess.Popen[bytes]]
) -> None:
    name, client = started
    status = docker.inside(name, "grep -E '^(CapEff|CapBnd|NoNewPrivs):' /proc/self/status")
    facts = dict(line.split(":\t") for line in status.splitlines())

    assert int(docker.inside(name, "id -u")) > 10_000
    assert facts == {"CapEff": "0" * 16, "CapBnd": "0" * 16, "NoNewPrivs": "1"}
    assert docker.inside(name, "touch /somewhere").startswith("refused")
    assert docker.inside(name, "touch /tmp/here && echo yes") == "yes"
    (found,) = json.loads(docker.run("inspect", f"coinlake-{name}").stdout)
    limits = found["HostConfig"]
    assert limits["Memory"] == limits["MemorySwap"] > 0
    assert limits["PidsLimit"] > 0
    assert limits["RestartPolicy"]["Name"] in ("", "no")
    assert limits["LogConfig"]["Type"] == "awslogs"
    for mount in found["Mounts"]:
        own = mount["Source"].endswith(f"/var/lib/coinlake/{name}")
        assert mount["RW"] is (own and name != "node-exporter")

    # 0 and not 137: the signal reached the process itself, and nobody had to kill it.
    assert docker.run("stop", "--time", "20", f"coinlake-{name}").returncode == 0
    assert client.wait(30) == 0
    assert f"coinlake-{name}" not in docker.run("ps", "--all").stdout


def an_image(docker: Docker, label: str) -> str:
    """A small image of its own, by its id."""
    folder = docker.folder / label
    folder.mkdir()
    (folder / "label").write_text(label)
    packed = ["tar", "-C", str(folder), "-cf", str(docker.folder / f"{label}.tar"), "."]
    subprocess.run(packed, check=True)
    made = docker.run("import", docker.folder / f"{label}.tar")
    assert made.returncode == 0, made.stderr
    return made.stdout.strip()


def test_releases_and_images_older_than_the_way_back_are_removed_and_nothing_that_runs(
    docker: Docker, ec2: Path, tmp_path: Path
) -> None:
    stand_in = docker.run("image", "inspect", "--format", "{{.Id}}", "stand-in").stdout.strip()
    made = {name: an_image(docker, name) for name in ("first", "second", "third", "nobodys")}
    for name in ("first", "second", "third"):
        release = tmp_path / "releases" / name
        release.mkdir(parents=True)
        (release / "images.installed").write_text(f"TOOLS_IMAGE={made[name]}\n")
    (tmp_path / "releases/.part.cut-off").mkdir()
    (tmp_path / "current").symlink_to("releases/third")
    (tmp_path / "previous").write_text("releases/second\n")
    # Somebody's, of an image that no release names.
    running = docker.run("run", "--detach", "--network", "none", "stand-in").stdout.strip()

    environ = {**docker.environ, "COINLAKE_BASE": str(tmp_path)}
    for _ in range(2):
        done = subprocess.run(
            [ec2 / "libexec/prune"], env=environ, capture_output=True, text=True
        )
        assert (done.returncode, done.stderr) == (0, "")

    left = docker.run("image", "ls", "--quiet", "--no-trunc").stdout.split()
    assert {path.name for path in (tmp_path / "releases").iterdir()} == {"second", "third"}
    assert set(left) == {made["second"], made["third"], stand_in}
    assert docker.run("inspect", "--format", "{{.State.Running}}", running).stdout == "true\n"

    # Without the list of the way back nobody knows what may go.
    (tmp_path / "releases/second/images.installed").unlink()
    subprocess.run([ec2 / "libexec/prune"], env=environ, check=True, capture_output=True)
    assert set(docker.run("image", "ls", "--quiet", "--no-trunc").stdout.split()) == set(left)
