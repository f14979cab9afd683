"""What a release is made of: one commit, clean, that its version and tags agree with."""

import os
import subprocess
import tarfile
from dataclasses import dataclass
from datetime import UTC, datetime
from io import BytesIO
from pathlib import Path

from deploy.release.errors import ReleaseError


@dataclass(frozen=True, slots=True)
class Source:
    """The commit that is released."""

    version: str
    commit: str
    committed_s: int
    """When it was committed, seconds of Unix time: the time of everything that is built."""

    @property
    def created(self) -> str:
        """The same as RFC 3339."""
        return datetime.fromtimestamp(self.committed_s, UTC).strftime("%Y-%m-%dT%H:%M:%SZ")


@dataclass(frozen=True, slots=True)
class Checkout:
    """What git says of the work tree."""

    commit: str
    committed_s: int
    changed: tuple[str, ...]
    """Files that differ from the commit or are unknown to it."""
    tags_here: tuple[str, ...]
    """The version tags (`v…`) of this commit."""
    tagged: tuple[tuple[str, str], ...]
    """Every version tag with its commit."""


def refusal(version: str, dated: str, checkout: Checkout) -> str | None:
    """Why this cannot be released as `version`, or None.

    `dated` is the date of the CHANGELOG's heading, or `unreleased`.
    """
    if checkout.changed:
        shown = ", ".join(checkout.changed[:3])
        return f"the work tree differs from the commit ({shown}): commit or remove that first"
    wanted = f"v{version}"
    other = [tag for tag in checkout.tags_here if tag != wanted]
    if other:
        return f"this commit is tagged {other[0]}, but VERSION says {version}"
    elsewhere = dict(checkout.tagged).get(wanted)
    if elsewhere not in (None, checkout.commit):
        return f"{wanted} is commit {elsewhere[:12]} already: raise VERSION (make version V=…)"
    if wanted in checkout.tags_here and dated == "unreleased":
        return f"this commit is tagged {wanted}, but CHANGELOG.md calls {version} unreleased"
    return None


def look(root: Path) -> Checkout:
    """Ask git. Raises ReleaseError where this is no checkout."""
    commit = _git(root, "rev-parse", "HEAD").strip()
    changed = [line[3:] for line in _git(root, "status", "--porcelain").splitlines()]
    tagged = [
        (tag, _git(root, "rev-parse", f"{tag}^{{commit}}").strip())
        for tag in _git(root, "tag", "--list", "v[0-9]*").split()
    ]
    return Checkout(
        commit,
        int(_git(root, "log", "-1", "--format=%ct")),
        tuple(changed),
        tuple(tag for tag, at in tagged if at == commit),
        tuple(tagged),
    )


def export(root: Path, commit: str, folder: Path) -> None:
    """The files of a commit, and nothing that merely lies beside them."""
    packed = subprocess.run(
        ["git", "archive", "--format=tar", commit], cwd=root, check=True, capture_output=True
    ).stdout
    with tarfile.open(fileobj=BytesIO(packed)) as archive:
        archive.extractall(folder, filter="data")


def previous_tag(checkout: Checkout, root: Path) -> str | None:
    """The newest version tag before this commit, or None."""
    before = [
        tag for tag, at in checkout.tagged if at != checkout.commit and _is_before(root, at)
    ]
    newest = _git(root, "tag", "--list", "v[0-9]*", "--sort=-v:refname").split()
    return next((tag for tag in newest if tag in before), None)


def remote(root: Path) -> str | None:
    """Where this clone came from, when that is an address that anybody may know."""
    done = subprocess.run(
        ["git", "remote", "get-url", "origin"], cwd=root, capture_output=True, text=True
    )
    address = done.stdout.strip()
    # Never a name and a password that somebody put into it.
    return address if address.startswith("https://") and "@" not in address else None


def _is_before(root: Path, commit: str) -> bool:
    command = ["git", "merge-base", "--is-ancestor", commit, "HEAD"]
    return subprocess.run(command, cwd=root, capture_output=True).returncode == 0


def _git(root: Path, *words: str) -> str:
    environ = {**os.environ, "LC_ALL": "C"}
    done = subprocess.run(
        ["git", *words], cwd=root, env=environ, capture_output=True, text=True
    )
    if done.returncode != 0:
        raise ReleaseError(f"git {words[0]} failed: {done.stderr.strip() or done.returncode}")
    return done.stdout
