"""Writes NOTICE: whose work is in this project and in what is built of it."""

import tomllib
from collections.abc import Iterable, Mapping
from itertools import groupby
from pathlib import Path

from deploy.release import inventory
from deploy.release.inventory import Part

HERE = Path(__file__).resolve().parent

_HEAD = """\
coinlake
Copyright 2026 the authors of coinlake

Licensed under the Apache License, Version 2.0; see LICENSE.
Not affiliated with CoinCap or Amazon Web Services. Made by `make notice` from what is installed;
a test compares them. Licences are SPDX expressions; which of them are taken says
deploy/release/licences.toml.
"""
_BASES = """\
Base images
===========
The images of coinlake stand on `python:3.11-slim-bookworm` (Debian 12 and Python, PSF-2.0), the
image `s3` on `versity/versitygw` (Apache-2.0); `local-cloud` adds Debian's openjdk-17-jre-headless
(GPL-2.0-only WITH Classpath-exception-2.0). Debian's packages have their licences in
/usr/share/doc of the image.
"""


def render(parts: Iterable[Part], provenance: Mapping[str, Mapping[str, str]]) -> str:
    """The text of NOTICE."""
    listed = sorted(parts)
    sections = [
        _HEAD,
        _section("Python packages in the images", _of(listed, "package", inventory.IMAGES)),
        _section("Scripts in the page of query-api", _of(listed, "script", inventory.IMAGES)),
        _section("Jars in the image local-cloud", _of(listed, "jar", inventory.IMAGES)),
        _section(
            "Jars in the host archive (the broker's agent)",
            _of(listed, "jar", inventory.HOST),
        ),
        _BASES,
        _section(
            "Jars that `make jars` fetches for a broker on your machine (not distributed)",
            _of(listed, "jar", inventory.LAPTOP),
        ),
        _section(
            "Python packages for tests and gates (not distributed)",
            _of(listed, "package", inventory.GATES),
        ),
        _payloads(provenance),
    ]
    return "\n".join(sections)


def provenance() -> dict[str, dict[str, str]]:
    """What and from where each payload file is, by its path."""
    return tomllib.loads((HERE / "provenance.toml").read_text())


def _of(parts: list[Part], kind: str, where: str) -> list[Part]:
    return [part for part in parts if (part.kind, part.where) == (kind, where)]


def _section(title: str, parts: list[Part]) -> str:
    lines = [title, "=" * len(title)]
    for inside, group in groupby(sorted(parts, key=lambda p: p.inside), lambda p: p.inside):
        lines += [f"brought along by {inside}:"] if inside else []
        lines += [f"  {part.name} {part.version} ({part.licence})" for part in group]
    return "\n".join([*lines, ""])


def _payloads(provenance: Mapping[str, Mapping[str, str]]) -> str:
    title = "Recorded and example payloads"
    lines = [title, "=" * len(title)]
    lines += ["They are facts about prices and shapes, kept to test that digits survive."]
    for path, said in provenance.items():
        lines += [path, f"  {said['what']}", f"  from: {said['source']}"]
    return "\n".join([*lines, ""])
