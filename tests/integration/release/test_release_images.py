"""Labels, push and digests on a real Docker engine; the images are empty ones of the same names."""

import hashlib
import json
import os
import subprocess
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from deploy.release import images
from deploy.release.errors import ReleaseError
from deploy.release.source import Source
from tests.integration.release import registry as registries
from tests.integration.release.conftest import Tool, git
from tests.integration.release.light_engine import running

pytestmark = [pytest.mark.needs("docker"), pytest.mark.needs("root")]
SOURCE = Source("9.8.7", "c" * 40, 1_790_000_000)


def docker(*words: str) -> str:
    return subprocess.run(
        ["docker", *words], check=True, capture_output=True, text=True
    ).stdout.strip()


@pytest.fixture
def engine(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """A daemon of our own, and every docker command of this process reaches it."""
    # Where the client has no buildx, and the same where it has one.
    monkeypatch.setenv("DOCKER_BUILDKIT", "0")
    with running() as client:
        for name, value in client.items():
            monkeypatch.setenv(name, value)
        yield


def next_to_nothing(folder: Path, targets: tuple[str, ...]) -> None:
    """A Dockerfile with these targets of the real one, and a file in each that differs."""
    dockerfile = folder / "deploy/compose/Dockerfile"
    dockerfile.parent.mkdir(parents=True, exist_ok=True)
    dockerfile.write_text(
        "\n".join(
            f'FROM scratch AS {target}\nLABEL org.opencontainers.image.title="coinlake {target}"\n'
            f'COPY deploy/compose/{target} /\nCMD ["/{target}"]\n'
            for target in targets
        )
    )
    for target in targets:
        (dockerfile.parent / target).write_text(target)


@pytest.fixture
def tree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A tree of two images."""
    for name in ("TARGETS", "HOSTED"):
        monkeypatch.setattr(images, name, ("ingestor", "s3-sink"))
    next_to_nothing(tmp_path / "tree", images.TARGETS)
    return tmp_path / "tree"


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
    assert f"{again['Os']}/{again['Architecture']}" == images.PLATFORM
    assert again["Config"]["Labels"] == {
        **said,
        "org.opencontainers.image.title": "coinlake s3-sink",
    }
    _built_elsewhere(tree, said)
    with pytest.raises(ReleaseError, match="is for linux/arm64; a host runs linux/amd64"):
        images.push(SOURCE.version, SOURCE.commit, "127.0.0.1:1")
    docker("image", "rm", "--force", images.local_name("ingestor", SOURCE.version))
    with pytest.raises(
        ReleaseError, match=r"there is no image \S+/coinlake/ingestor:9\.8\.7 here"
    ):
        images.push(SOURCE.version, SOURCE.commit, "127.0.0.1:1")


def _built_elsewhere(tree: Path, said: dict[str, str]) -> None:
    """An image by hand, as a machine of another kind makes it unless it is told what for."""
    # Without a CMD: for that the builder makes a container, which it refuses for another platform.
    (tree / "elsewhere").write_text("FROM scratch\nCOPY deploy/compose/ingestor /\n")
    labels = [f"--label={name}={value}" for name, value in said.items()]
    words = ["--quiet", "--platform=linux/arm64", "--file", str(tree / "elsewhere"), *labels]
    docker("build", *words, "--tag", images.local_name("ingestor", SOURCE.version), str(tree))


def test_a_pushed_release_names_its_images_by_digest_in_the_archive(
    engine: None, repository: Path, tool: Tool, tmp_path: Path, full_size: bool
) -> None:
    if not full_size:
        pytest.skip("at full size only: make campaign ROWS=release")
    clone = tmp_path / "clone"
    git(repository, "clone", "--quiet", str(repository), str(clone))
    next_to_nothing(clone, images.TARGETS)
    git(clone, "add", "--all")
    git(clone, "commit", "--quiet", "--message=small images")
    names = ("KAFKA", "PROMETHEUS", "ALERTMANAGER", "PROXY")
    theirs = "".join(f"{name}_IMAGE=registry.example/x@sha256:{'5' * 64}\n" for name in names)
    (tmp_path / "theirs.env").write_text(theirs)
    given = f"--host-images={tmp_path / 'theirs.env'}"
    environ = {name: os.environ[name] for name in os.environ if name.startswith("DOCKER_")}

    dockerfile = clone / "deploy/compose/Dockerfile"
    good = dockerfile.read_text()
    dockerfile.write_text(good + "COPY what-nobody-has /\n")
    git(clone, "commit", "--quiet", "--all", "--message=the last image fails")
    broken = tool(clone, "build", **environ)
    dockerfile.write_text(good)
    git(clone, "commit", "--quiet", "--all", "--message=as before")

    with registries.serve() as registry:
        built = tool(clone, "build", "--source=https://git.example/coinlake", given, **environ)
        pushed = tool(clone, "push", f"--registry={registry.address}", given, **environ)
        digests = {t: registry.digest(f"coinlake/{t}", _version(clone)) for t in images.HOSTED}

    assert broken.returncode == 1
    assert "NOT MADE: the images, because docker build failed" in broken.stdout
    assert "dist/SHA256SUMS" in broken.stdout
    assert built.returncode == 0, built.stdout + built.stderr
    assert pushed.returncode == 0, pushed.stdout + pushed.stderr
    lines = [
        f"{images.env_name(t)}={registry.address}/coinlake/{t}@{digest}"
        for t, digest in digests.items()
    ]
    assert set(lines) <= set(pushed.stdout.splitlines())
    (archive,) = (clone / "dist").glob("coinlake-*.tar.gz")
    with tarfile.open(archive) as packed:
        entry = packed.extractfile("deploy/ec2/host/images.env")
        assert entry is not None
        listed = entry.read().decode().splitlines()
    ours = ("INGESTOR", "S3_SINK", "ETL_RUNNER", "QUERY_API", "TOOLS")
    wanted = [line for line in lines if line.split("_IMAGE=")[0] in ours]
    assert sorted(listed[1:]) == sorted([*wanted, *theirs.splitlines()])
    sums = (clone / "dist/SHA256SUMS").read_text()
    assert f"{hashlib.sha256(archive.read_bytes()).hexdigest()}  {archive.name}\n" in sums
    assert pushed.stdout.count(hashlib.sha256(archive.read_bytes()).hexdigest()) == 1
    (bill,) = (clone / "dist").glob("*.cdx.json")
    containers = {
        c["name"]
        for c in json.loads(bill.read_text())["components"]
        if c["type"] == "container"
    }
    assert {f"coinlake/{target}" for target in images.HOSTED} <= containers


def _version(clone: Path) -> str:
    return (clone / "VERSION").read_text().strip()
