"""The page of the upgrade followed to the letter: the account on a moto server, the host's commands as
root in a mount namespace of their own, where /opt/coinlake is a folder of the test.

The releases are the real deploy/ec2, as bytes that are compared, fetched and unpacked; their bootstrap
only writes down that it ran (test_bootstrap.py runs the steps themselves).
"""

import hashlib
import shutil
import tarfile
from pathlib import Path

import pytest

from tests.integration.ec2.reading import ROOT, Reader, blocks

pytestmark = [
    pytest.mark.needs("aws"),
    pytest.mark.needs("root"),
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),
]
AS_ROOT_OF_THE_HOST = """unshare --mount bash -euo pipefail -s <<'HOST'
mount -t tmpfs tmpfs /opt
mkdir /opt/coinlake
mount --bind "$OPT" /opt/coinlake
{script}HOST
"""


def packed(dist: Path, version: str) -> str:
    """A release archive of the present files whose bootstrap says its version; its SHA-256."""
    tree = dist.parent / f"tree-{version}"
    shutil.copytree(ROOT / "deploy" / "ec2", tree / "deploy" / "ec2")
    run = tree / "deploy" / "ec2" / "bootstrap" / "run"
    run.write_text(f'#!/bin/sh\necho {version} >> "$OPT/ran"\n')
    archive = dist / f"coinlake-{version}.tar.gz"
    with tarfile.open(archive, "w:gz") as written:
        written.add(tree, ".")
    return hashlib.sha256(archive.read_bytes()).hexdigest()


@pytest.fixture
def opt(tmp_path: Path, reader: Reader) -> Path:
    """The host's /opt/coinlake; its user is root, so that `sudo` has nothing to do."""
    (tmp_path / "bin").mkdir()
    sudo = tmp_path / "bin" / "sudo"
    sudo.write_text('#!/bin/sh\nexec "$@"\n')
    sudo.chmod(0o755)
    folder = tmp_path / "opt"
    (folder / "releases").mkdir(parents=True)
    reader.environ |= {
        "PATH": f"{tmp_path / 'bin'}:{reader.environ['PATH']}",
        "OPT": str(folder),
    }
    return folder


def test_the_way_to_the_next_release_and_back(
    reader: Reader, opt: Path, tmp_path: Path
) -> None:
    def on_the_host(script: str) -> str:
        return reader.types(AS_ROOT_OF_THE_HOST.format(script=script))

    dist = tmp_path / "dist"
    old, new = packed(dist, "0.1.0"), packed(dist, "0.2.0")
    (dist / "SHA256SUMS").write_text(f"{new}  coinlake-0.2.0.tar.gz\n")
    reader.client("s3").create_bucket(Bucket="my-releases")
    # The stack and the host that the old release made, as its user data leaves it.
    reader.deploys(old, "0" * 64)
    with tarfile.open(dist / "coinlake-0.1.0.tar.gz") as archive:
        archive.extractall(opt / "releases" / old, filter="data")
    (opt / "current").symlink_to(f"releases/{old}")

    compare, install, stack, back = blocks("upgrade")
    reader.filled |= {"NEW": "0.2.0", " SHA256\n": f" {new}\n", "=SHA256": f"={new}"}
    reader.filled |= {"DIGEST": "1" * 64}
    assert "coinlake-0.2.0.tar.gz: OK" in reader.types(compare)
    on_the_host(install)

    assert (opt / "current").readlink() == Path("releases") / new
    assert (opt / "ran").read_text().split() == ["0.2.0"]

    reader.deploys_again()
    before = reader.parameters()
    reader.types(stack)

    told = reader.parameters()
    changed = {name: value for name, value in told.items() if before[name] != value}
    assert changed == {
        "ReleaseKey": "coinlake-0.2.0.tar.gz",
        "ReleaseSha256": new,
        "JobDigest": "1" * 64,
    }

    look, go = back.splitlines(keepends=True)
    reader.filled["OLD_SHA256"] = on_the_host(look).strip().removeprefix("releases/")
    on_the_host(go)

    assert reader.filled["OLD_SHA256"] == old
    assert (opt / "current").readlink() == Path("releases") / old
    assert (opt / "ran").read_text().split() == ["0.2.0", "0.1.0"]
