"""Looks at what is installed and fetched here, and writes down whose it is and under what licence."""

import hashlib
import re
import zipfile
from collections.abc import Iterator
from importlib.metadata import Distribution, distributions
from pathlib import Path

from deploy.release import inventory, licences, locks
from deploy.release.errors import ReleaseError
from deploy.release.inventory import Part

_JAR = re.compile(r"^(?P<name>.+?)-(?P<version>\d.*)\.jar$")
_LICENCE_FILE = re.compile(r"(META-INF/)?(LICEN[CS]E|COPYING)[^/]*", re.IGNORECASE)


def packages(root: Path) -> list[Part]:
    """The packages of every lock, as they are installed here.

    Raises ReleaseError for one that is not, is of another version, or says no licence.
    """
    known = licences.rules()
    installed = {locks.canonical(found.name): found for found in distributions()}
    shipped = {locked.name for locked in locks.shipped(root)}
    parts = []
    for locked in locks.read(root, "dev"):
        found = installed.get(locked.name)
        if found is None or found.version != locked.version:
            raise ReleaseError(f"{locked.name} {locked.version} is not installed: make setup")
        licence = _package_licence(locked.name, found, known)
        where = inventory.IMAGES if locked.name in shipped else inventory.GATES
        parts.append(Part(inventory.PACKAGE, where, locked.name, locked.version, licence))
    return parts


def jars(folder: Path, where: str, inside: str = "") -> list[Part]:
    """The jars of a folder. Raises ReleaseError for one that says no licence."""
    known = licences.rules()
    found = []
    for path in sorted(folder.glob("*.jar")):
        match = _JAR.match(path.name)
        name, version = (match["name"], match["version"]) if match else (path.stem, "")
        with zipfile.ZipFile(path) as jar:
            licence, group = _jar_licence(jar, name, version, known), _group(jar, name)
        digest = hashlib.sha256(path.read_bytes()).hexdigest()
        found.append(Part(inventory.JAR, where, name, version, licence, group, inside, digest))
    if not found:
        raise ReleaseError(f"there is no jar in {folder}: make setup jars")
    return found


def fetched_jars(root: Path) -> list[Part]:
    """The jars of both profiles of the pom, as `make jars` fetched them."""
    fetched = root / ".local" / "jars"
    return [
        *jars(fetched / "agent", inventory.HOST),
        *jars(fetched / "kafka", inventory.LAPTOP),
        *jars(fetched / "spark", inventory.IMAGES),
    ]


def pyspark_jars() -> list[Part]:
    """The jars that pyspark brings along."""
    for found in distributions(name="pyspark"):
        folder = Path(str(found.locate_file("pyspark/jars")))
        return jars(folder, inventory.IMAGES, f"pyspark {found.version}")
    raise ReleaseError("pyspark is not installed: make setup")


def unaccepted(parts: list[Part]) -> list[str]:
    """The parts whose licence is not one of those that this project takes."""
    accepted = licences.rules().accepted
    return [
        f"{part.name} {part.version}: {part.licence}"
        for part in parts
        if not licences.is_accepted(part.licence, accepted)
    ]


def _package_licence(name: str, found: Distribution, known: licences.Rules) -> str:
    said = found.metadata
    licence = licences.of_package(
        name,
        next(iter(said.get_all("License-Expression") or []), None),
        next(iter(said.get_all("License") or []), None),
        said.get_all("Classifier") or [],
        known,
    ) or _agreed(_texts(found), known)
    if licence is None:
        raise ReleaseError(f"{name} says no licence that is known: see licences.toml")
    return licence


def _agreed(texts: Iterator[str], known: licences.Rules) -> str | None:
    """The licence that all the texts are, or None."""
    meant = {licences.of_text(text, known) for text in texts}
    return meant.pop() if len(meant) == 1 else None


def _texts(found: Distribution) -> Iterator[str]:
    for file in found.files or []:
        at = re.fullmatch(r"[^/]+\.dist-info/(licenses/)?(?P<name>[^/]+)", file.as_posix())
        if at and _LICENCE_FILE.fullmatch(at["name"]):
            yield file.read_text()


def _jar_licence(jar: zipfile.ZipFile, name: str, version: str, known: licences.Rules) -> str:
    pom = _pom(jar, name) or licences.pom_of(name, version, known)
    licence = licences.of_jar(name, _bundle(jar), pom, list(_licence_texts(jar)), known)
    if licence is None:
        raise ReleaseError(
            f"{name}-{version}.jar says no licence that is known: see licences.toml"
        )
    return licence


def _bundle(jar: zipfile.ZipFile) -> str | None:
    if "META-INF/MANIFEST.MF" not in jar.namelist():
        return None
    # Lines of a manifest are folded with a space at the beginning of the next.
    manifest = re.sub(r"\r?\n ", "", jar.read("META-INF/MANIFEST.MF").decode(errors="replace"))
    said = re.search(r"^Bundle-License: *(.*?)\r?$", manifest, re.MULTILINE)
    return said[1] if said else None


def _pom(jar: zipfile.ZipFile, name: str) -> list[str]:
    for entry in _own_poms(jar, name):
        pom = jar.read(entry).decode(errors="replace")
        return re.findall(r"<license>.*?<name>(.*?)</name>", pom, re.DOTALL)
    return []


def _group(jar: zipfile.ZipFile, name: str) -> str:
    return next((entry.split("/")[2] for entry in _own_poms(jar, name)), "")


def _own_poms(jar: zipfile.ZipFile, name: str) -> list[str]:
    # A shaded jar holds the poms of what it swallowed: only its own counts.
    own = re.compile(rf"META-INF/maven/[^/]+/{re.escape(name)}/pom\.xml")
    return [entry for entry in jar.namelist() if own.fullmatch(entry)]


def _licence_texts(jar: zipfile.ZipFile) -> Iterator[str]:
    for entry in jar.namelist():
        if _LICENCE_FILE.fullmatch(entry) and not entry.endswith((".class", "/")):
            # Its head: Apache's projects append the texts of what they bundle.
            yield jar.read(entry)[:3000].decode(errors="replace")
