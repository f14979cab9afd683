"""From what packages and jars say about their licence to an SPDX expression, and what is accepted."""

import re
import tomllib
from dataclasses import dataclass
from fnmatch import fnmatchcase
from pathlib import Path

HERE = Path(__file__).resolve().parent


@dataclass(frozen=True, slots=True)
class Rules:
    """What `licences.toml` says."""

    accepted: frozenset[str]
    """SPDX identifiers, with an exception where one belongs to them."""
    spellings: dict[str, str]
    """What people write instead, in lower case, and what it means."""
    packages: dict[str, str]
    """Packages that do not say it in a readable way, by name."""
    jars: dict[str, str]
    """Jars that do not, by a pattern of their name without version."""
    poms: dict[tuple[str, str], list[str]]
    """What poms say for jars that do not say it themselves, by name and version."""
    texts: tuple[tuple[str, str], ...]
    """Sentences of licence texts, in lower case, with what they are the text of."""


def rules() -> Rules:
    """The rules of this project."""
    raw = tomllib.loads((HERE / "licences.toml").read_text())
    return Rules(
        accepted=frozenset(raw["accepted"]),
        spellings={word.lower(): spdx for word, spdx in raw["spellings"].items()},
        packages=raw["stated"]["package"],
        jars=raw["stated"]["jar"],
        poms={_name_and_version(at): said for at, said in raw["poms"].items()},
        texts=tuple((sentence.lower(), spdx) for sentence, spdx in raw["texts"].items()),
    )


def is_accepted(expression: str, accepted: frozenset[str]) -> bool:
    """Whether the expression can be taken: each part of an AND, one of each OR.

    An expression nested deeper than `A AND (B OR C)` is not understood and so not accepted.
    """
    return all(
        any(option.strip() in accepted for option in part.strip().strip("()").split(" OR "))
        for part in re.split(r" AND (?![^(]*\))", expression)
    )


def meaning(said: str, known: Rules) -> str | None:
    """The SPDX expression of one statement like `BSD License`, or None where nobody knows."""
    cleaned = " ".join(said.split()).lower().rstrip("/ ")
    if cleaned in known.spellings:
        return known.spellings[cleaned]
    exact = {spdx.lower(): spdx for spdx in known.accepted}
    return exact.get(cleaned)


def of_text(text: str, known: Rules) -> str | None:
    """Whose text a licence file begins with, by a sentence of it, or None.

    What is bundled has its text behind.
    """
    flat = " ".join(text.split()).lower()
    found = [(flat.index(sentence), spdx) for sentence, spdx in known.texts if sentence in flat]
    return min(found)[1] if found else None


def of_package(
    name: str, expression: str | None, field: str | None, classifiers: list[str], known: Rules
) -> str | None:
    """The licence of a Python package: stated here, its own expression, its field, its classifiers."""
    if name in known.packages:
        return known.packages[name]
    if expression:
        return expression
    said = [field] if field and "\n" not in field.strip() else []
    said += [" OR ".join(found)] if len(found := _last_parts(classifiers)) == 1 else []
    return next((spdx for text in said if (spdx := meaning(text, known))), None)


def of_jar(
    name: str, bundle: str | None, pom: list[str], texts: list[str], known: Rules
) -> str | None:
    """The licence of a jar: stated here, its manifest, its own pom, the texts that lie in it.

    `name` has no version. Several in a manifest or a pom are a choice, as Maven defines it.
    """
    for pattern, stated in known.jars.items():
        if fnmatchcase(name, pattern):
            return stated
    for said in (_addresses(bundle or ""), pom):
        meant = [meaning(text, known) for text in said]
        if meant and all(meant):
            return " OR ".join(dict.fromkeys(spdx for spdx in meant if spdx))
    return next((spdx for text in texts if (spdx := of_text(text, known))), None)


def pom_of(name: str, version: str, known: Rules) -> list[str]:
    """What the pom of a jar says, as it was written down; empty where nobody has looked.

    `version` may have a classifier behind it, as in a file's name.
    """
    fitting = (
        said
        for (artifact, of), said in known.poms.items()
        if artifact == name and (version == of or version.startswith(f"{of}-"))
    )
    return next(fitting, [])


def _name_and_version(coordinates: str) -> tuple[str, str]:
    _, name, version = coordinates.split(":")
    return name, version


def _last_parts(classifiers: list[str]) -> list[str]:
    named = [line.split(" :: ")[-1] for line in classifiers if line.startswith("License")]
    return [word for word in named if word not in ("OSI Approved", "DFSG approved")]


def _addresses(bundle: str) -> list[str]:
    # `"Apache-2.0";link="https://…", …`: what comes first names it.
    parts = re.split(r",\s*(?=http|\")", bundle.strip())
    return [part.split(";")[0].strip().strip('"') for part in parts if part.strip()]
