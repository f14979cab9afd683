"""Other people's images by digest: the places that name them, and what their registries say now."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path

from deploy.release.errors import ReleaseError

PLACES = (
    "deploy/compose/.env.example",
    "deploy/compose/compose.yaml",
    "deploy/compose/Dockerfile",
    "deploy/ec2/host/images.env.example",
)
"""The files that say other people's images; each image is the same in all of them."""

_IMAGE = re.compile(
    r"(?P<before>=|:-)(?P<tagged>\w[\w.-]*(?::\d+)?(?:/[\w.-]+)*:[\w.-]+)"
    r"@(?P<digest>sha256:[0-9a-f]{64})"
)


def named(root: Path) -> dict[str, str]:
    """The digest of each `name:tag`. Raises ReleaseError where two places disagree."""
    found: dict[str, str] = {}
    for place in PLACES:
        for image in _IMAGE.finditer((root / place).read_text()):
            tagged, digest = image["tagged"], image["digest"]
            if found.setdefault(tagged, digest) != digest:
                raise ReleaseError(f"{place} says another digest of {tagged} than the others")
    return found


def refresh(root: Path) -> list[str]:
    """Write the digest that each tag has now; a line for each image. Raises ReleaseError.

    The engine pulls them: its client tells the digest of what it pulls, and no other. Nothing is
    written unless all could be asked.
    """
    before = named(root)
    now = {tagged: _pulled(tagged) for tagged in before}
    for place in PLACES:
        path = root / place
        text = path.read_text()
        path.write_text(_IMAGE.sub(lambda image: _with(image, now[image["tagged"]]), text))
    return [
        f"{tagged}@{digest}{'' if digest == before[tagged] else '  (new)'}"
        for tagged, digest in now.items()
    ]


def refuse_movable(bases: Mapping[str, str]) -> None:
    """Raise ReleaseError where a base image is named by a tag alone, which may be another tomorrow."""
    movable = [f"{role}={name}" for role, name in bases.items() if "@sha256:" not in name]
    if movable:
        raise ReleaseError(
            f"not named by digest in deploy/compose/.env.example: {', '.join(movable)} "
            "(NAME:TAG@sha256:…; `make pins` renews those that have one)"
        )


def _with(image: re.Match[str], digest: str) -> str:
    return f"{image['before']}{image['tagged']}@{digest}"


def _pulled(tagged: str) -> str:
    """The digest that the registry gave with the tag: of the index, where there is one."""
    told = re.search(r"^Digest: (sha256:[0-9a-f]{64})$", _docker("pull", tagged), re.MULTILINE)
    if told is None:
        raise ReleaseError(f"the engine told no digest of {tagged} after the pull")
    return told[1]


def _docker(*words: str) -> str:
    done = subprocess.run(["docker", *words], capture_output=True, text=True)
    if done.returncode != 0:
        said = (done.stderr.strip().splitlines() or [str(done.returncode)])[-1]
        raise ReleaseError(f"docker {' '.join(words)} failed: {said}")
    return done.stdout
