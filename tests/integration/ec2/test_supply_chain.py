"""F81: one changed byte in a wheel, a jar or the release, and the install refuses."""

import base64
import hashlib
import os
import re
import subprocess
import sys
import tarfile
import zipfile
from pathlib import Path

import pytest

from local_stack import jars
from local_stack.paths import Paths

ROOT = Path(__file__).resolve().parents[3]
LOCKS = sorted((ROOT / "requirements").glob("*.txt"))


def wheel_in(folder: Path) -> Path:
    """A small package as a wheel, with the record of its files that pip wants."""
    info = "thing-1.0.dist-info"
    files = {
        "thing.py": b"SAID = 'as it was made'\n",
        f"{info}/METADATA": b"Metadata-Version: 2.1\nName: thing\nVersion: 1.0\n",
        f"{info}/WHEEL": b"Wheel-Version: 1.0\nGenerator: t\nRoot-Is-Purelib: true\nTag: py3-none-any\n",
    }
    record = ""
    for name, body in files.items():
        digest = base64.urlsafe_b64encode(hashlib.sha256(body).digest()).decode().rstrip("=")
        record += f"{name},sha256={digest},{len(body)}\n"
    path = folder / "thing-1.0-py3-none-any.whl"
    with zipfile.ZipFile(path, "w") as archive:
        for name, body in files.items():
            archive.writestr(name, body)
        archive.writestr(f"{info}/RECORD", f"{record}{info}/RECORD,,\n")
    return path


def flip(path: Path, old: bytes, new: bytes) -> None:
    """Change one byte, and nothing of what a zip would notice by itself."""
    body = path.read_bytes()
    assert body.count(old) == 1
    assert sum(a != b for a, b in zip(old, new, strict=True)) == 1
    path.write_bytes(body.replace(old, new))


def install(wheel: Path, lock: Path, target: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check"]
    command += [
        "--no-index",
        "--find-links",
        str(wheel.parent),
        "--no-deps",
        "--require-hashes",
    ]
    command += ["-r", str(lock), "--target", str(target)]
    return subprocess.run(command, capture_output=True, text=True)


def test_pip_refuses_a_wheel_of_which_one_byte_was_changed(tmp_path: Path) -> None:
    wheel = wheel_in(tmp_path)
    lock = tmp_path / "lock.txt"
    digest = hashlib.sha256(wheel.read_bytes()).hexdigest()
    lock.write_text(f"thing==1.0 --hash=sha256:{digest}\n")
    as_made = install(wheel, lock, tmp_path / "first")

    flip(wheel, b"as it was made", b"as it was mado")
    changed = install(wheel, lock, tmp_path / "second")

    assert as_made.returncode == 0, as_made.stderr
    assert (tmp_path / "first" / "thing.py").is_file()
    assert changed.returncode != 0
    assert "DO NOT MATCH THE HASHES" in changed.stderr
    assert not (tmp_path / "second" / "thing.py").exists()


@pytest.mark.parametrize("lock", LOCKS, ids=lambda path: path.name)
def test_every_package_of_every_lock_has_a_hash(lock: Path) -> None:
    joined = re.sub(r"\\\n", " ", lock.read_text())
    wanted = [
        line for line in joined.splitlines() if line and not line.lstrip().startswith("#")
    ]

    assert wanted
    assert [line for line in wanted if not re.search(r"--hash=sha256:[0-9a-f]{64}", line)] == []
    assert [line for line in wanted if "==" not in line.split()[0]] == []


def test_every_install_of_a_lock_asks_for_the_hashes() -> None:
    for path in (ROOT / "Makefile", ROOT / "deploy" / "compose" / "Dockerfile"):
        text = re.sub(r"\\\n", " ", path.read_text())
        installs = re.findall(r"^.*pip (?:install|wheel)\b.*-r .*$", text, re.MULTILINE)
        assert installs
        assert [line for line in installs if "--require-hashes" not in line] == []


def test_the_jars_of_the_image_are_refused_when_one_byte_was_changed(tmp_path: Path) -> None:
    sums = ROOT / "deploy" / "compose" / "jars.sha256"
    fetched = jars.fetch(Paths(), jars.SPARK, lambda _: None)
    for line in sums.read_text().splitlines():
        name = line.split()[1]
        (tmp_path / name).symlink_to(fetched / name)
    command = ["sha256sum", "--check", "--strict", "--quiet", str(sums)]
    as_fetched = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    smallest = min(tmp_path.iterdir(), key=lambda path: path.stat().st_size)
    body = bytearray(smallest.read_bytes())
    body[len(body) // 2] ^= 1
    smallest.unlink()
    smallest.write_bytes(body)
    changed = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert (as_fetched.returncode, as_fetched.stderr) == (0, "")
    assert changed.returncode != 0
    assert f"{smallest.name}: FAILED" in changed.stdout
    dockerfile = (ROOT / "deploy" / "compose" / "Dockerfile").read_text()
    assert "sha256sum --check --strict /src/jars.sha256" in dockerfile


@pytest.fixture
def host(tmp_path: Path) -> dict[str, str]:
    """A host whose `aws s3 cp` copies a file, since bytes are what this is about."""
    (tmp_path / "bin").mkdir()
    aws = tmp_path / "bin" / "aws"
    aws.write_text('#!/bin/sh\ncp "$4" "$5"\n')
    aws.chmod(0o755)
    return {
        "PATH": f"{tmp_path / 'bin'}:{os.environ['PATH']}",
        "COINLAKE_BASE": str(tmp_path / "opt"),
        "RAN": str(tmp_path / "ran"),
    }


def release(folder: Path, word: str) -> tuple[Path, str]:
    """A release whose bootstrap writes down that it ran, and its SHA-256."""
    run = folder / f"tree-{word}" / "deploy" / "ec2" / "bootstrap" / "run"
    run.parent.mkdir(parents=True)
    run.write_text(f'#!/bin/sh\necho {word} >> "$RAN"\n')
    run.chmod(0o755)
    archive = folder / f"{word}.tar.gz"
    with tarfile.open(archive, "w:gz") as packed:
        packed.add(folder / f"tree-{word}", ".")
    return archive, hashlib.sha256(archive.read_bytes()).hexdigest()


def test_a_release_is_installed_upgraded_and_rolled_back_and_a_changed_one_refused(
    ec2: Path, host: dict[str, str], tmp_path: Path
) -> None:
    def installed(*arguments: str) -> subprocess.CompletedProcess[str]:
        script = ec2 / "libexec" / "install-release"
        return subprocess.run([script, *arguments], env=host, capture_output=True, text=True)

    old, old_sha = release(tmp_path, "old")
    new, new_sha = release(tmp_path, "new")
    current = tmp_path / "opt" / "current"
    (tmp_path / "opt").mkdir()

    assert installed(str(old), old_sha).returncode == 0
    body = bytearray(new.read_bytes())
    body[len(body) // 2] ^= 1
    (tmp_path / "changed.tar.gz").write_bytes(body)
    refused = installed(str(tmp_path / "changed.tar.gz"), new_sha)
    assert refused.returncode != 0
    assert current.readlink() == Path("releases") / old_sha

    assert installed(str(new), new_sha).returncode == 0
    assert current.readlink() == Path("releases") / new_sha
    assert (tmp_path / "opt" / "previous").read_text() == f"releases/{old_sha}\n"
    assert installed(old_sha).returncode == 0
    assert current.readlink() == Path("releases") / old_sha
    assert installed("0" * 64).returncode != 0
    assert Path(host["RAN"]).read_text().split() == ["old", "new", "old"]
