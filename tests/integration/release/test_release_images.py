"""Labels, push and digests on a real Docker engine; the images are empty ones of the same names."""

import json
import os
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.release import images
from deploy.release.errors import ReleaseError
from deploy.release.source import Source
from tests.integration.release import registry as registries

pytestmark = [pytest.mark.needs("docker"), pytest.mark.needs("root")]
SOURCE = Source("9.8.7", "c" * 40, 1_790_000_000)


def docker(*words: str) -> str:
    return subprocess.run(
        ["docker", *words], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A daemon of our own that needs no network, no firewall and no mounts."""
    monkeypatch.setenv("DOCKER_HOST", f"unix://{tmp_path}/docker.sock")
    monkeypatch.setenv("DOCKER_CONFIG", str(tmp_path / "config"))
    # Where the client has no buildx, and the same where it has one.
    monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    command = ["dockerd", "--host", os.environ["DOCKER_HOST"], "--storage-driver", "vfs"]
    command += ["--bridge", "none", "--iptables=false", "--ip6tables=false"]
    command += ["--ip-forward=false", "--pidfile", str(tmp_path / "pid")]
    command += ["--data-root", str(tmp_path / "data"), "--exec-root", str(tmp_path / "exec")]
    with (tmp_path / "log").open("wb") as log:
        running = subprocess.Popen(command, stdout=log, stderr=log)
    try:
        deadline = time.monotonic() + 60
        while images.engine() is not None:
            assert running.poll() is None, (tmp_path / "log").read_text()[-2000:]
            assert time.monotonic() < deadline, (tmp_path / "log").read_text()[-2000:]
            time.sleep(0.2)
        yield
    finally:
        running.terminate()
        running.wait(60)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree whose Dockerfile has two targets of the real one, with next to nothing in them."""
    monkeypatch.setattr(images, "TARGETS", ("ingestor", "s3-sink"))
    folder = tmp_path / "tree"
    (folder / "deploy/compose").mkdir(parents=True)
    (folder / "deploy/compose/Dockerfile").write_text(
        "\n".join(
            f'FROM scratch AS {target}\nLABEL org.opencontainers.image.title="coinlake {target}"\n'
            f"COPY {target} /\n"
            for target in images.TARGETS
        )
    )
    for target in images.TARGETS:
        (folder / target).write_text(target)
    return folder


def test_images_carry_their_labels_and_are_pushed_under_the_digest_that_is_told(
    engine: None, tree: Path
) -> None:
    said = images.labels(SOURCE, "https://git.example/coinlake")
    built = images.build(tree, {}, said)
    with registries.serve() as registry:
        with pytest.raises(ReleaseError, match="is of another commit"):
            images.push(SOURCE.version, "d" * 40, registry.address)
        nothing_yet = dict(registry.manifests)
        pushed = images.push(SOURCE.version, SOURCE.commit, registry.address)

        told = {target: name.rsplit("@", 1) for target, name in pushed.items()}
        docker("image", "rm", "--force", *built.values())
        docker("pull", "--quiet", pushed["s3-sink"])

        assert nothing_yet == {}
        for target in images.TARGETS:
            repository, digest = told[target]
            assert repository == f"{registry.address}/coinlake/{target}"
            assert digest == registry.digest(f"coinlake/{target}", SOURCE.version)
    (again,) = json.loads(docker("image", "inspect", pushed["s3-sink"]))
    assert again["Config"]["Labels"] == {
        **said,
        "org.opencontainers.image.title": "coinlake s3-sink",
    }
    with pytest.raises(ReleaseError, match=r"there is no image coinlake/ingestor:9\.8\.7 here"):
        images.push(SOURCE.version, SOURCE.commit, "127.0.0.1:1")
