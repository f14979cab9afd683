"""`make release` on a clone: the same bytes twice, wheels that run, and what it refuses."""

import json
import os
import re
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

from coinlake_tools.bundle import installed_bundle
from tests.integration.release.conftest import ROOT, Make, Tool, git

DIGEST = "sha256:" + "5" * 64
HOST_IMAGES = "".join(
    f"{name}_IMAGE=registry.example/{name.lower()}@{DIGEST}\n"
    for name in (
        "INGESTOR",
        "S3_SINK",
        "ETL_RUNNER",
        "QUERY_API",
        "TOOLS",
        "KAFKA",
        "PROMETHEUS",
        "ALERTMANAGER",
        "PROXY",
        "NODE_EXPORTER",
    )
)
SERVICES = ("ingestor", "s3_sink", "etl_runner", "query_api")


def check(dist: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        ["sha256sum", "--check", "--strict", "--quiet", "SHA256SUMS"],
        cwd=dist,
        capture_output=True,
        text=True,
    )


@pytest.fixture(scope="module")
def dist(repository: Path, make: Make, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A release of a clone, without images."""
    clone = tmp_path_factory.mktemp("first") / "clone"
    git(repository, "clone", "--quiet", str(repository), str(clone))
    given = clone.parent / "images.env"
    given.write_text(HOST_IMAGES)
    done = make(clone, "release", "IMAGES=0", f"HOST_IMAGES={given}")
    assert done.returncode == 0, done.stdout + done.stderr
    assert "NOTE: the host archive" not in done.stdout
    return clone / "dist"


@pytest.mark.full_size
def test_the_same_commit_gives_the_same_bytes_elsewhere_and_missing_images_are_told(
    repository: Path, dist: Path, make: Make, tool: Tool, tmp_path: Path
) -> None:
    clone = tmp_path / "a longer way" / "elsewhere"
    git(repository, "clone", "--quiet", str(repository), str(clone))
    # What git ignores may lie about, and other people have other umasks.
    litter = clone / "shared/src/coinlake/__pycache__/errors.cpython-311.pyc"
    litter.parent.mkdir()
    litter.write_bytes(b"litter")

    # Without an engine and without IMAGES=0: all the rest is made, and it fails.
    done = make(clone, "release", f"HOST_IMAGES={dist.parents[1]}/images.env", umask=0o077)
    pushed = tool(clone, "push", "--registry=registry.example")

    assert (clone / "dist/SHA256SUMS").read_text() == (dist / "SHA256SUMS").read_text()
    assert len((dist / "SHA256SUMS").read_text().splitlines()) == 16
    assert done.returncode != 0
    assert "NOT MADE: the images, because " in done.stdout
    assert "IMAGES=0" in done.stdout
    assert pushed.returncode != 0
    assert "dist/ was made without images" in pushed.stderr


@pytest.mark.full_size(one_in=4)
@pytest.mark.parametrize("kind", ["*.whl", "*.tar.gz", "*.zip", "*.cdx.json"])
def test_one_changed_byte_of_a_release_is_found(dist: Path, kind: str) -> None:
    changed = next(dist.rglob(kind))
    body = bytearray(changed.read_bytes())
    as_made = check(dist)

    body[len(body) // 2] ^= 1
    changed.write_bytes(body)
    found = check(dist)
    body[len(body) // 2] ^= 1
    changed.write_bytes(body)

    assert (as_made.returncode, as_made.stdout) == (0, "")
    assert found.returncode != 0
    assert f"{changed.relative_to(dist)}: FAILED" in found.stdout


@pytest.mark.full_size
def test_wheels_install_without_an_index_and_every_service_starts_of_them(
    dist: Path, tmp_path: Path
) -> None:
    # A new environment; what ours depend on is taken from this one, ours are not.
    venv = tmp_path / "venv"
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", venv], check=True)
    (site,) = venv.glob("lib/python3.11/site-packages")
    (dependencies,) = Path(sys.prefix).glob("lib/python3.11/site-packages")
    (site / "dependencies.pth").write_text(f"{dependencies}\n")
    python = venv / "bin" / "python"
    pip = [sys.executable, "-m", "pip", "--python", str(python), "--disable-pip-version-check"]
    wheels = sorted((dist / "wheels").glob("*.whl"))
    install = [*pip, "install", "--quiet", "--no-index", "--no-deps", "--ignore-installed"]
    subprocess.run([*install, *wheels], check=True)

    def run(*words: str, **setting: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [python, *words],
            cwd=tmp_path,
            env={"PATH": os.environ["PATH"], **setting},
            capture_output=True,
            text=True,
            timeout=120,
        )

    consistent = subprocess.run([*pip, "check"], capture_output=True, text=True)
    assert consistent.returncode == 0, consistent.stdout
    from_where = run(
        "-c",
        f"import importlib.util as u; print([u.find_spec(n).origin for n in {SERVICES}"
        " + ('trino_sql', 'coinlake', 'coinlake_kernel', 'coinlake_job', 'coinlake_tools', 'local_cloud', 'local_stack',"
        " 'coincap_simulator')])",
    )
    assert from_where.stdout.count(str(site)) == 12
    for service in SERVICES:
        # Far enough to read its settings, and no further: nothing it needs is here.
        done = run("-m", service, **{f"{service.upper()}_TYPO": "1"})
        assert done.returncode == 2, done.stderr
        assert "Traceback" not in done.stderr
        assert f"{service.upper()}_TYPO" in done.stderr.splitlines()[-1]
    for tool in ("coinlake_tools", "coincap_simulator", "local_cloud", "local_stack"):
        done = run("-m", tool, "--help")
        assert done.returncode == 0, done.stderr
        assert "usage:" in done.stdout


@pytest.mark.full_size
@pytest.mark.timeout(600)
def test_the_local_cloud_installs_alone_with_what_it_declares_and_starts(
    dist: Path, tmp_path: Path
) -> None:
    python = tmp_path / "venv" / "bin" / "python"
    subprocess.run([sys.executable, "-m", "venv", tmp_path / "venv"], check=True)
    locked = (ROOT / "requirements" / "dev.txt").read_text()
    versions = re.findall(r"^[a-z0-9][^ \n]*==[^ \n]+", locked, re.MULTILINE)
    # A constraint takes no extras.
    bare = [re.sub(r"\[.*?\]", "", one) for one in versions]
    (tmp_path / "constraints.txt").write_text("\n".join(bare))

    subprocess.run(
        [
            python,
            "-m",
            "pip",
            "install",
            "--quiet",
            "--disable-pip-version-check",
            f"--find-links={dist / 'wheels'}",
            f"--constraint={tmp_path / 'constraints.txt'}",
            "coinlake-local-cloud",
        ],
        check=True,
    )
    listed = subprocess.run(
        [python, "-m", "pip", "list", "--format=json"], check=True, capture_output=True
    ).stdout
    names = {one["name"] for one in json.loads(listed)}
    cloud = subprocess.Popen(
        [python, "-m", "local_cloud", "--state-dir", tmp_path / "state"],
        cwd=tmp_path,
        env={"PATH": ""},
        stdout=subprocess.PIPE,
    )
    with cloud:
        assert cloud.stdout is not None
        ready = json.loads(cloud.stdout.readline())
        cloud.terminate()

    assert ready["event"] == "ready"
    assert {"coinlake", "pyspark"} & names == set()
    assert cloud.returncode == 0


def test_every_wheel_carries_licence_and_notice(dist: Path) -> None:
    for wheel in (dist / "wheels").glob("*.whl"):
        listed = subprocess.run(
            [sys.executable, "-m", "zipfile", "-l", wheel],
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        assert ".dist-info/licenses/LICENSE" in listed
        assert ".dist-info/licenses/NOTICE" in listed


def test_the_job_is_the_one_that_provisioning_would_upload(dist: Path) -> None:
    uploaded = installed_bundle()

    assert (dist / uploaded.script_key).read_bytes() == uploaded.script
    assert (dist / uploaded.archive_key).read_bytes() == uploaded.archive
    assert json.loads((dist / "release.json").read_text())["job_digest"] == uploaded.digest


def test_the_host_archive_is_taken_by_the_steps_of_the_host(dist: Path, tmp_path: Path) -> None:
    (archive,) = dist.glob("coinlake-*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path / "release", filter="data")
    ec2 = tmp_path / "release/deploy/ec2"
    etc = tmp_path / "etc"
    (etc / "docker").mkdir(parents=True)
    (etc / "host.env").write_text("AWS_DEFAULT_REGION=us-east-1\n")
    # The engine has all images already: what is asked here is whether their names are taken.
    docker = tmp_path / "bin/docker"
    docker.parent.mkdir()
    docker.write_text('#!/bin/sh\n[ "$1 $2" = "image inspect" ]\n')
    docker.chmod(0o755)

    done = subprocess.run(
        [ec2 / "bootstrap/70-images.sh"],
        env={"PATH": f"{docker.parent}:{os.environ['PATH']}", "COINLAKE_ETC": str(etc)},
        capture_output=True,
        text=True,
    )

    assert done.returncode == 0, done.stderr
    assert (etc / "images.env").read_text() == HOST_IMAGES
    assert os.access(ec2 / "bootstrap/run", os.X_OK)
    said = json.loads((tmp_path / "release/release.json").read_text())
    assert said == json.loads((dist / "release.json").read_text())


def test_the_sbom_names_what_is_in_the_release(dist: Path) -> None:
    (bill,) = dist.glob("*.cdx.json")
    told = json.loads(bill.read_text())

    assert (told["bomFormat"], told["specVersion"]) == ("CycloneDX", "1.6")
    assert told["metadata"]["component"]["name"] == "coinlake"
    assert told["metadata"]["timestamp"] == "2026-11-22T12:00:00+00:00"
    hashes = {
        entry["content"] for part in told["components"] for entry in part.get("hashes", [])
    }
    sums = (dist / "SHA256SUMS").read_text().splitlines()
    assert {line.split()[0] for line in sums if line.endswith(".whl")} <= hashes
    kinds = {re.split("[:@]", part["bom-ref"])[0] for part in told["components"]}
    assert kinds == {"wheel", "package", "jar", "base-image"}


@pytest.mark.full_size
def test_what_is_not_one_clean_commit_of_its_version_is_refused_with_a_sentence(
    repository: Path, make: Make, tool: Tool, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(repository, "clone", "--quiet", str(repository), str(clone))

    (clone / "new.txt").write_text("not committed")
    changed = make(clone, "release", "IMAGES=0")
    (clone / "new.txt").unlink()
    git(clone, "tag", "v98.0.0")
    mistagged = tool(clone, "build", "--images=0")
    git(clone, "tag", "--delete", "v98.0.0")
    unbuilt = tool(clone, "push", "--registry=registry.example")
    nowhere = make(clone, "push")

    for done, sentence in (
        (changed, "release: the work tree differs from the commit (new.txt)"),
        (mistagged, "release: this commit is tagged v98.0.0, but VERSION says"),
        (unbuilt, "release: there is no release in dist/: make release"),
        (nowhere, "make push needs REGISTRY="),
    ):
        assert done.returncode != 0
        assert done.stderr.startswith(sentence)
    assert not (clone / "dist").exists()


def test_the_first_release_has_nothing_to_upgrade_from_and_a_later_one_does_not_pass_unseen(
    repository: Path, tool: Tool, tmp_path: Path
) -> None:
    clone = tmp_path / "clone"
    git(repository, "clone", "--quiet", str(repository), str(clone))

    first = tool(clone, "upgrade-test")
    git(clone, "tag", "v0.0.1")
    git(clone, "commit", "--quiet", "--allow-empty", "--message=after the release")
    later = tool(clone, "upgrade-test")

    assert first.returncode == 0
    assert "there is no release before this commit" in first.stdout
    assert later.returncode != 0
    assert "v0.0.1" in later.stderr
