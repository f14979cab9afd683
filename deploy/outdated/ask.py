"""Asks the indexes, by the addresses that pip, Maven and Go are configured with; none is written here."""

import json
import re
import subprocess
import sys
from collections.abc import Iterable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any
from urllib.error import HTTPError, URLError
from urllib.request import Request, urlopen

from packaging.specifiers import InvalidSpecifier, SpecifierSet

from deploy.outdated.judge import Pin, Told
from deploy.outdated.pinned import POMS, PROFILES

# The Python that everything is written for.
PYTHON = "3.11"
_JSON = "application/vnd.pypi.simple.v1+json"  # PEP 691
_AT_ONCE = 4
_TIMEOUT_S = 60
_VERSIONS_PLUGIN = "org.codehaus.mojo:versions-maven-plugin:2.18.0"


class UnreachableError(Exception):
    """An index did not answer at all."""


def all_of(root: Path, wanted: Sequence[Pin]) -> dict[Pin, Told | None]:
    """What is told of each. Raises UnreachableError where the package index does not answer."""
    index = index_url()
    packages = [pin for pin in wanted if pin.kind == "python"]
    with ThreadPoolExecutor(_AT_ONCE) as pool:
        told: dict[Pin, Told | None] = dict(
            zip(packages, pool.map(lambda pin: package(index, pin), packages), strict=True)
        )
    told |= jars(root, [pin for pin in wanted if pin.kind == "maven"])
    told |= modules([pin for pin in wanted if pin.kind == "go"])
    told |= {pin: npm(pin) for pin in wanted if pin.kind == "npm"}
    # A registry tells tags to those who log in; what a tag is now `make pins` asks.
    return told | {pin: None for pin in wanted if pin.kind == "image"}


def index_url() -> str:
    """The package index of pip's configuration, or else pip's own."""
    from pip._internal.models.index import PyPI

    configured = _said(sys.executable, "-m", "pip", "config", "list") or ""
    # Of several lines the environment's wins (pip, Configuration: precedence).
    told = dict(re.findall(r"^(\S+)\.index-url='(.*)'$", configured, re.MULTILINE))
    chosen = told.get(":env:") or next(reversed(told.values()), PyPI.simple_url)
    return str(chosen).rstrip("/")


def package(index: str, pin: Pin) -> Told | None:
    """What the index tells of a package; None where it has no answer of this form."""
    listed = _json(f"{index}/{pin.name}/", _JSON)
    if listed is None or "files" not in listed:
        return None
    return package_of(listed, _about(index.removesuffix("/simple"), pin), pin.version)


def _about(base: str, pin: Pin) -> dict[str, Any] | None:
    """The page of this very version, with its advisories; that of the newest where it is the newest."""
    found = _json(f"{base}/pypi/{pin.name}/{pin.version}/json", "*/*")
    if found is None:
        newest = _json(f"{base}/pypi/{pin.name}/json", "*/*") or {}
        found = newest if newest.get("info", {}).get("version") == pin.version else None
    return found


def package_of(
    listed: Mapping[str, Any], about: Mapping[str, Any] | None, version: str
) -> Told:
    """Of the answers: files (PEP 700, 714) and, where there is one, the page of the version."""
    files: dict[str, list[Mapping[str, Any]]] = {}
    for file in listed["files"]:
        if found := _version_of(file["filename"], listed["name"]):
            files.setdefault(found, []).append(file)
    usable = {
        number: [file for file in each if not file.get("yanked") and _fits(file)]
        for number, each in files.items()
    }
    times = [
        (file["upload-time"][:10])
        for each in usable.values()
        for file in each
        if file.get("upload-time")
    ]
    mine = files.get(version, [])
    advisories = None
    if about is not None and "vulnerabilities" in about:
        advisories = tuple(
            str(each["id"]) for each in about["vulnerabilities"] if not each.get("withdrawn")
        )
    status = (listed.get("project-status") or {}).get("status", "active")  # PEP 792
    return Told(
        tuple(number for number, each in usable.items() if each),
        date.fromisoformat(max(times)) if times else None,
        bool(mine) and all(file.get("yanked") for file in mine),
        advisories,
        None if status == "active" else f"its project is {status}",
    )


def jars(root: Path, wanted: Sequence[Pin]) -> dict[Pin, Told | None]:
    """By Maven's versions plugin, which tells the newest of each."""
    said = [
        _said(
            "mvn",
            "-B",
            "-f",
            str(root / pom),
            "-P",
            PROFILES,
            f"{_VERSIONS_PLUGIN}:display-dependency-updates",
        )
        for pom in POMS
    ]
    if None in said:
        return dict.fromkeys(wanted)
    return jars_of("\n".join(filter(None, said)), wanted)


def jars_of(said: str, wanted: Iterable[Pin]) -> dict[Pin, Told | None]:
    """Of the plugin's lines `group:artifact .... old -> new`; a jar without one is the newest."""
    newest = dict(
        re.findall(
            r"(\S+:\S+) \.*\s+\S+ -> (\S+)", re.sub(r"\n\[INFO\]\s+(?=\S+ ->)", " ", said)
        )
    )
    return {pin: Told((pin.version, *filter(None, [newest.get(pin.name)]))) for pin in wanted}


def modules(wanted: Sequence[Pin]) -> dict[Pin, Told | None]:
    """By `go list`."""
    said = _said(
        "go", "list", "-m", "-u", "-json", *(f"{pin.name}@{pin.version}" for pin in wanted)
    )
    return dict.fromkeys(wanted) if said is None else modules_of(said, wanted)


def modules_of(said: str, wanted: Iterable[Pin]) -> dict[Pin, Told | None]:
    """Of one JSON object after another."""
    told, rest, decoder = {}, said.strip(), json.JSONDecoder()
    while rest:
        module, end = decoder.raw_decode(rest)
        rest = rest[end:].strip()
        newest = module.get("Update", module)
        told[module["Path"]] = Told(
            (module["Version"], newest["Version"]),
            date.fromisoformat(newest["Time"][:10]) if "Time" in newest else None,
            bool(module.get("Retracted")),
            None,
            f"deprecated: {module['Deprecated']}" if module.get("Deprecated") else None,
        )
    return {pin: told.get(pin.name) for pin in wanted}


def npm(pin: Pin) -> Told | None:
    """By `npm view`."""
    said = _said(
        "npm",
        "view",
        "--json",
        f"{pin.name}@{pin.version}",
        "version",
        "dist-tags",
        "time",
        "deprecated",
    )
    return None if said is None else npm_of(json.loads(said), pin)


def npm_of(said: Mapping[str, Any], pin: Pin) -> Told:
    """Of its answer: the tag `latest` is what its people want to be used."""
    latest = said["dist-tags"]["latest"]
    ended = f"deprecated: {said['deprecated']}" if said.get("deprecated") else None
    released = date.fromisoformat(said["time"][latest][:10])
    return Told((pin.version, latest), released, False, None, ended)


def _fits(file: Mapping[str, Any]) -> bool:
    try:
        return SpecifierSet(file.get("requires-python") or "").contains(f"{PYTHON}.99")
    except InvalidSpecifier:
        return False


def _version_of(filename: str, name: str) -> str | None:
    """Of `name-1.2-….whl` or `name-1.2.tar.gz`."""
    plain = re.sub(r"\.(tar\.gz|tar\.bz2|zip|whl|egg|exe)$", "", filename)
    pattern = re.sub(r"[-_.]+", "[-_.]+", name)
    found = re.match(rf"(?i){pattern}-([^-]+)", plain)
    return found[1] if found else None


def _json(address: str, accept: str) -> dict[str, Any] | None:
    try:
        with urlopen(
            Request(address, headers={"Accept": accept}), timeout=_TIMEOUT_S
        ) as answer:
            found: dict[str, Any] = json.load(answer)
            return found
    except HTTPError as error:
        error.close()
        return None
    except json.JSONDecodeError:
        return None
    except (URLError, TimeoutError, ConnectionError) as error:
        raise UnreachableError(str(getattr(error, "reason", error))) from error


def _said(*command: str) -> str | None:
    """What a client prints; None where it is missing or fails."""
    try:
        done = subprocess.run(command, capture_output=True, text=True)
    except FileNotFoundError:
        return None
    return done.stdout if done.returncode == 0 else None
