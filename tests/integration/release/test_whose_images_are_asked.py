"""Whom a real engine asks for images: compose as it is, and what `make pins` writes.

Nothing leaves the machine: Docker Hub is a mirror of ours that has nothing and writes down what is asked,
and every other registry is behind a proxy that refuses and writes down the names.
"""

import json
import os
import re
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest

from deploy.release import images, pins
from deploy.release.errors import ReleaseError
from deploy.release.source import Source
from tests.compose.engine.daemon import ROOT, Docker, Say, ensure_compose
from tests.integration.release import registry as registries
from tests.integration.release.light_engine import running
from tests.integration.release.registry import Registry
from tests.integration.release.test_release_images import next_to_nothing

pytestmark = [pytest.mark.needs("docker"), pytest.mark.needs("root")]
COMPOSE = ROOT / "deploy/compose"
KEY = "0" * 64
SECRETS = {
    "LAKE_ACCESS_KEY": "a",
    "LAKE_SECRET_KEY": "b",
    "QUERY_API_KEY_SHA256": KEY,
}


class Refusing(BaseHTTPRequestHandler):
    """A proxy that lets nobody through."""

    def do_CONNECT(self) -> None:
        self.server.hosts.append(self.path)  # type: ignore[attr-defined]
        self.send_error(403)

    def log_message(self, format: str, *args: object) -> None:
        """Say nothing."""


@dataclass(frozen=True)
class Engine:
    """A real engine, and what it asked whom."""

    env: dict[str, str]
    hub: Registry
    hosts: list[str]

    def compose(
        self, folder: Path, *words: str, **more: str
    ) -> subprocess.CompletedProcess[str]:
        self.hub.asked.clear()
        self.hosts.clear()
        return subprocess.run(
            ["docker", "compose", *words],
            cwd=folder,
            env=os.environ | self.env | SECRETS | more,
            capture_output=True,
            text=True,
        )

    def asked_for_ours(self) -> set[str]:
        """Our names that Docker Hub, or another registry, was asked for."""
        hosts = {host for host in self.hosts if "coinlake" in host}
        return {name for name in self.hub.asked if name.startswith("coinlake/")} | hosts


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with ExitStack() as open_:
        hub = open_.enter_context(registries.serve())
        proxy = ThreadingHTTPServer(("127.0.0.1", 0), Refusing)
        hosts: list[str] = []
        proxy.hosts = hosts  # type: ignore[attr-defined]
        open_.callback(proxy.server_close)
        open_.callback(proxy.shutdown)
        Thread(target=proxy.serve_forever).start()
        through = f"http://127.0.0.1:{proxy.server_address[1]}"
        around = {"HTTPS_PROXY": through, "HTTP_PROXY": through, "NO_PROXY": "127.0.0.1"}
        client = open_.enter_context(
            running(f"--registry-mirror=http://{hub.address}", surroundings=around)
        )
        # Compose builds with BuildKit by itself, also where buildx is missing.
        client |= {"DOCKER_BUILDKIT": "1", "COMPOSE_PROGRESS": "plain"}
        ensure_compose(Docker(os.environ | client, own=True), Say())
        yield Engine(client, hub, hosts)


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """deploy/compose with every target of the Dockerfile, each next to nothing."""
    copied = tmp_path / "tree/deploy/compose"
    shutil.copytree(COMPOSE, copied, ignore=shutil.ignore_patterns(".env"))
    next_to_nothing(tmp_path / "tree", images.TARGETS)
    return copied


def ours(folder: Path, engine: Engine) -> list[str]:
    """The services with an image of ours."""
    told = engine.compose(folder, "--profile", "*", "config", "--format", "json")
    found = json.loads(told.stdout)["services"]
    return sorted(name for name, service in found.items() if "build" in service)


def test_nobody_is_asked_for_our_images(engine: Engine, folder: Path) -> None:
    names = ours(folder, engine)
    assert len(names) > 8

    pulled = engine.compose(folder, "--profile", "*", "pull", *names)
    asked_by_pull = engine.asked_for_ours()
    everything = engine.compose(folder, "--profile", "observability", "pull")
    asked_for_all = engine.asked_for_ours(), set(engine.hub.asked)
    up = engine.compose(folder, "up", "--no-start", "--no-deps", *names)
    asked_by_up = engine.asked_for_ours()
    again = engine.compose(folder, "up", "--no-start", "--no-deps", "--build", *names)

    assert pulled.returncode == 0, pulled.stderr
    assert asked_by_pull == set()
    # The others are asked for, by digest; this Hub has none.
    assert everything.returncode != 0
    assert asked_for_all[0] == set()
    digests = {re.sub(r".*:(sha256:)", r"\1", name) for name in asked_for_all[1]}
    assert pins.named(ROOT)["apache/kafka:4.3.1"] in digests
    assert up.returncode == 0, up.stderr
    assert asked_by_up == set()
    assert again.returncode == 0, again.stderr
    assert engine.asked_for_ours() == set()
    engine.compose(folder, "--profile", "*", "down", "--rmi", "all")


@pytest.mark.parametrize("words", [("pull",), ("up", "--no-start", "--no-deps")], ids=" ".join)
def test_the_old_names_were_asked_for_at_docker_hub(
    engine: Engine, folder: Path, words: tuple[str, ...]
) -> None:
    file = folder / "compose.yaml"
    old = re.sub(r"(?m)^ *pull_policy: .*\n", "", file.read_text())
    file.write_text(old.replace(":-coinlake.invalid/}", ":-}"))

    engine.compose(folder, *words, "ingestor")

    assert engine.asked_for_ours() == {"coinlake/ingestor:0.1.0"}
    engine.compose(folder, "down", "--rmi", "all")


def test_with_any_pull_policy_only_a_name_that_nobody_can_have_is_asked_for(
    engine: Engine, folder: Path
) -> None:
    asked = engine.compose(folder, "pull", "ingestor", COINLAKE_PULL_POLICY="always")

    assert asked.returncode != 0
    assert engine.asked_for_ours() == {"coinlake.invalid:443"}


@pytest.mark.full_size
def test_a_release_is_pulled_from_the_registry_that_is_set(
    engine: Engine, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (engine.env | {"DOCKER_BUILDKIT": "0"}).items():
        monkeypatch.setenv(name, value)
    for name in ("TARGETS", "HOSTED"):
        monkeypatch.setattr(images, name, ("ingestor", "tools"))
    said = images.labels(Source("0.1.0", "c" * 40, 1_790_000_000), None)
    built = images.build(folder.parents[1], {}, said)
    with registries.serve() as registry:
        images.push("0.1.0", "c" * 40, registry.address)
        docker("image", "rm", "--force", *built.values())
        registry.asked.clear()

        released = {
            "COINLAKE_REGISTRY": f"{registry.address}/",
            "COINLAKE_PULL_POLICY": "missing",
        }
        up = engine.compose(
            folder, "up", "--no-start", "--no-deps", "ingestor", "topics", **released
        )
        asked = {name.split(":")[0] for name in registry.asked}

    assert up.returncode == 0, up.stderr
    assert asked == {f"coinlake/{target}" for target in images.TARGETS}
    assert "building" not in up.stderr.lower()
    engine.compose(folder, "--profile", "*", "down", "--rmi", "all", **released)


def test_pins_are_what_the_registry_says_of_the_whole_index(
    engine: Engine, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in (engine.env | {"DOCKER_BUILDKIT": "0"}).items():
        monkeypatch.setenv(name, value)
    next_to_nothing(tmp_path, ("x",))
    with registries.serve() as registry:
        tagged = f"{registry.address}/people/kafka:1.0"
        docker(
            "build",
            "-q",
            "-f",
            str(tmp_path / "deploy/compose/Dockerfile"),
            "--tag",
            tagged,
            str(tmp_path),
        )
        docker("push", tagged)
        _, manifest = registry.manifests["people/kafka", "1.0"]
        index = several_platforms(registry, manifest)
        for place in pins.PLACES:
            (tmp_path / place).parent.mkdir(parents=True, exist_ok=True)
            (tmp_path / place).write_text(f"X_IMAGE={tagged}@sha256:{KEY}\nother=1\n")

        said = pins.refresh(tmp_path)
        again = pins.refresh(tmp_path)

    assert said == [f"{tagged}@{index}  (new)"]
    assert again == [f"{tagged}@{index}"]
    for place in pins.PLACES:
        assert (tmp_path / place).read_text() == f"X_IMAGE={tagged}@{index}\nother=1\n"
    with pytest.raises(ReleaseError, match=f"docker pull {tagged} failed"):
        pins.refresh(tmp_path)
    assert f"@{index}" in (tmp_path / pins.PLACES[0]).read_text()


def several_platforms(registry: Registry, manifest: bytes) -> str:
    """Make of a tag an index of two platforms, as images for both are; its digest."""
    named = {"mediaType": json.loads(manifest)["mediaType"], "size": len(manifest)}
    entries = [
        {**named, "digest": registry.digest("people/kafka", "1.0"), "platform": platform}
        for platform in (
            {"os": "linux", "architecture": "amd64"},
            {"os": "linux", "architecture": "arm64"},
        )
    ]
    kind = "application/vnd.docker.distribution.manifest.list.v2+json"
    body = json.dumps({"schemaVersion": 2, "mediaType": kind, "manifests": entries}).encode()
    registry.manifests["people/kafka", "1.0"] = (kind, body)
    digest = registry.digest("people/kafka", "1.0")
    registry.manifests["people/kafka", digest] = (kind, body)
    return digest


def docker(*words: str) -> str:
    return subprocess.run(["docker", *words], check=True, capture_output=True, text=True).stdout
