"""A small repository of this tree's files, and the environment that `make release` runs in."""

import os
import shutil
import subprocess
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType

import pytest

ROOT = Path(__file__).resolve().parents[3]
Make = Callable[..., subprocess.CompletedProcess[str]]
Tool = Callable[..., subprocess.CompletedProcess[str]]


def git(folder: Path, *words: str) -> str:
    """Run git as somebody whom no machine has configured."""
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_AUTHOR_NAME": "t",
        "GIT_AUTHOR_EMAIL": "t@example.org",
        "GIT_AUTHOR_DATE": "2026-11-22T12:00:00Z",
        "GIT_COMMITTER_NAME": "t",
        "GIT_COMMITTER_EMAIL": "t@example.org",
        "GIT_COMMITTER_DATE": "2026-11-22T12:00:00Z",
    }
    return subprocess.run(
        ["git", *words], cwd=folder, env=environ, check=True, capture_output=True, text=True
    ).stdout


@pytest.fixture(scope="session")
def release_venv() -> Path:
    """The environment that holds what `make release` needs, made as it is made for people."""
    subprocess.run(["make", "--silent", ".local/release/.stamp"], cwd=ROOT, check=True)
    return ROOT / ".local" / "release"


@pytest.fixture(scope="session")
def repository(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A repository of one commit: this work tree as it is, without what git ignores."""
    folder = tmp_path_factory.mktemp("release") / "repository"
    listed = ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout
    for name in names.split("\0"):
        if name and (ROOT / name).is_file():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(ROOT / name, folder / name)
    git(folder, "init", "--quiet", "--initial-branch=main")
    git(folder, "add", "--all")
    git(folder, "commit", "--quiet", "--message=as it is")
    return folder


@pytest.fixture(scope="session")
def make(release_venv: Path) -> Make:
    """Run a target of a clone's Makefile with variables; never on an engine that is there."""

    def run(folder: Path, *words: str, umask: int = 0o022) -> subprocess.CompletedProcess[str]:
        return _run(
            folder, ["make", "--silent", *words, f"RELEASE_VENV={release_venv}"], umask=umask
        )

    return run


@pytest.fixture(scope="session")
def tool(release_venv: Path) -> Tool:
    """Run a command of a clone's release tool, as its Makefile would."""

    def run(folder: Path, *words: str, **docker: str) -> subprocess.CompletedProcess[str]:
        python = str(release_venv / "bin" / "python")
        return _run(folder, [python, "-m", "deploy.release", *words], docker=docker)

    return run


def _run(
    folder: Path,
    command: list[str],
    umask: int = 0o022,
    docker: Mapping[str, str] = MappingProxyType({}),
) -> subprocess.CompletedProcess[str]:
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(folder.parent),
        "DOCKER_HOST": "unix:///nowhere/docker.sock",
        **docker,
    }
    return subprocess.run(
        command, cwd=folder, env=environ, capture_output=True, text=True, umask=umask
    )
