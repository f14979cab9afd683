"""What a release is made of, as components: pure; `cyclonedx_json` writes them."""

import hashlib
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from deploy.release import inventory, locks
from deploy.release.errors import ReleaseError

BASES = ("PYTHON_IMAGE", "VERSITYGW_IMAGE")
"""The images that ours are built on, by their names in `.env.example`."""
_IN = {
    inventory.IMAGES: ("coinlake:images", "local-cloud"),
    inventory.HOST: ("coinlake:archive", "host"),
}
"""Where a jar is that is distributed."""


@dataclass(frozen=True, slots=True)
class Piece:
    """One component of the bill."""

    kind: str
    """`wheel`, `package`, `jar`, `base image` or `image`."""
    name: str
    version: str
    licence: str = ""
    """An SPDX expression, or nothing where it is a whole system of many."""
    hashes: tuple[str, ...] = ()
    """SHA-256 in hex; of a package those of each file that the lock allows."""
    purl: str = ""
    properties: tuple[tuple[str, str], ...] = ()


def pieces(
    root: Path, wheels: list[Path], bases: Mapping[str, str], images: Mapping[str, str]
) -> list[Piece]:
    """Everything that is distributed. `bases` and `images` are names (or digests) by role.

    Raises ReleaseError where a lock has what the inventory does not know.
    """
    return [
        *(_wheel(path) for path in wheels),
        *_packages(root),
        *_jars(root),
        *(_base(role, name) for role, name in sorted(bases.items())),
        *(
            Piece("image", f"coinlake/{name}", image_id, "Apache-2.0")
            for name, image_id in sorted(images.items())
        ),
    ]


def bases_of(env_example: str) -> dict[str, str]:
    """The base images as `.env.example` names them."""
    named = dict(re.findall(r"^(\w+_IMAGE)=(\S+)$", env_example, re.MULTILINE))
    return {role: named[role] for role in BASES}


def _wheel(path: Path) -> Piece:
    name, version = path.name.split("-")[:2]
    digest = hashlib.sha256(path.read_bytes()).hexdigest()
    return Piece("wheel", name.replace("_", "-"), version, "Apache-2.0", (digest,))


def _packages(root: Path) -> list[Piece]:
    known = {
        (part.name, part.version): part.licence
        for part in inventory.committed(root)
        if part.kind == inventory.PACKAGE
    }
    found = []
    for locked, images in locks.shipped(root).items():
        licence = known.get((locked.name, locked.version))
        if licence is None:
            raise ReleaseError(
                f"{locked.name} {locked.version} is locked but not listed: make notice"
            )
        found.append(
            Piece(
                "package",
                locked.name,
                locked.version,
                licence,
                locked.hashes,
                f"pkg:pypi/{locked.name}@{locked.version}",
                (("coinlake:images", " ".join(images)),),
            )
        )
    return found


def _jars(root: Path) -> list[Piece]:
    return [
        Piece(
            "jar",
            part.name,
            part.version,
            part.licence,
            (part.sha256,),
            f"pkg:maven/{part.group}/{part.name}@{part.version}" if part.group else "",
            (_IN[part.where], ("coinlake:inside", part.inside or "-")),
        )
        for part in inventory.committed(root)
        if part.kind == inventory.JAR and part.where in _IN
    ]


def _base(role: str, name: str) -> Piece:
    named, _, digest = name.partition("@sha256:")
    plain, _, tag = (
        named.rpartition(":") if ":" in named.rpartition("/")[2] else (named, "", "")
    )
    version = tag or f"sha256:{digest}"
    hashes = (digest,) if digest else ()
    return Piece("base image", plain, version, "", hashes, "", (("coinlake:setting", role),))
