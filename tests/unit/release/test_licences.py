"""What others' parts say of their licence, what is taken, and NOTICE made of it."""

import fnmatch
from dataclasses import replace
from pathlib import Path

import pytest

from deploy.release import collect, inventory, licences, locks, notice
from deploy.release.inventory import Part

ROOT = Path(__file__).resolve().parents[3]
RULES = licences.rules()


@pytest.fixture(scope="module")
def committed() -> list[Part]:
    """The list as it is committed."""
    return inventory.committed()


def test_the_list_has_every_locked_package_with_the_licence_that_is_installed(
    committed: list[Part],
) -> None:
    listed = [part for part in committed if part.kind == inventory.PACKAGE]

    assert sorted(listed) == sorted(collect.packages(ROOT)), "run `make notice`"


def test_the_list_has_every_package_of_every_image(committed: list[Part]) -> None:
    listed = {(part.name, part.version) for part in committed if part.where == inventory.IMAGES}

    shipped = {(locked.name, locked.version) for locked in locks.shipped(ROOT)}

    assert shipped - listed == set()


def test_every_pom_that_was_written_down_is_of_a_listed_jar_and_is_understood(
    committed: list[Part],
) -> None:
    said = {
        (part.name, part.version): licences.pom_of(part.name, part.version, RULES)
        for part in committed
        if part.kind == inventory.JAR
    }

    assert len([words for words in said.values() if words]) == len(RULES.poms)
    for (name, version), words in said.items():
        meant = licences.of_jar(name, None, words, [], RULES) if words else ""
        assert meant is not None, f"{name} {version}"


def test_nothing_is_stated_of_a_part_that_is_not_there(committed: list[Part]) -> None:
    jars = {part.name for part in committed if part.kind == inventory.JAR}
    packages = {part.name for part in committed if part.kind == inventory.PACKAGE}

    assert [one for one in RULES.jars if not fnmatch.filter(jars, one)] == []
    assert set(RULES.packages) - packages == set()


def test_no_part_has_a_licence_that_is_not_taken(committed: list[Part]) -> None:
    assert collect.unaccepted(committed) == []


def test_notice_is_what_the_list_gives(committed: list[Part]) -> None:
    text = notice.render(committed, notice.provenance())

    assert (ROOT / "NOTICE").read_text() == text, "run `make notice`"


def test_every_recorded_payload_has_its_provenance() -> None:
    folders = (
        "tests/data/coincap",
        "tests/data/athena",
        "local/coincap/src/coincap_simulator/data",
    )
    files = {
        path.relative_to(ROOT).as_posix()
        for folder in folders
        for path in (ROOT / folder).rglob("*")
        if path.is_file()
    }

    known = notice.provenance()
    assert {
        one for one in files if not any(fnmatch.fnmatch(one, key) for key in known)
    } == set()
    assert [key for key in known if not fnmatch.filter(files, key)] == []


def test_a_part_with_an_unexpected_licence_is_named() -> None:
    parts = [
        Part("package", "images", "good", "1", "MIT"),
        Part("package", "images", "grave", "2", "AGPL-3.0-only"),
        Part("jar", "images", "both", "3", "MIT AND SSPL-1.0"),
    ]

    assert collect.unaccepted(parts) == ["grave 2: AGPL-3.0-only", "both 3: MIT AND SSPL-1.0"]


@pytest.mark.parametrize(
    ("expression", "taken"),
    [
        ("MIT", True),
        ("GPL-2.0-only", False),
        ("GPL-2.0-only OR MIT", True),
        ("MPL-2.0 AND (Apache-2.0 OR GPL-3.0-only)", True),
        ("MPL-2.0 AND GPL-3.0-only", False),
        ("(GPL-3.0-only AND MIT) OR SSPL-1.0", False),
        ("GPL-2.0-only WITH Classpath-exception-2.0", True),
        ("", False),
    ],
)
def test_every_part_of_an_and_and_one_of_an_or_must_be_taken(
    expression: str, taken: bool
) -> None:
    assert licences.is_accepted(expression, RULES.accepted) is taken


@pytest.mark.parametrize(
    ("expression", "field", "classifiers", "licence"),
    [
        ("MIT OR Apache-2.0", "something", [], "MIT OR Apache-2.0"),
        (None, "Apache 2.0", [], "Apache-2.0"),
        (None, "bsd 3-clause  license", [], "BSD-3-Clause"),
        (None, None, ["License :: OSI Approved :: MIT License"], "MIT"),
        (None, "MIT\n\nCopyright …", ["License :: DFSG approved"], None),
        (None, None, ["License :: A", "License :: B"], None),
        (None, "BSD", [], None),
        (None, None, [], None),
    ],
)
def test_what_a_package_says_of_its_licence_is_read_or_not_known(
    expression: str | None, field: str | None, classifiers: list[str], licence: str | None
) -> None:
    assert licences.of_package("thing", expression, field, classifiers, RULES) == licence


@pytest.mark.parametrize(
    ("name", "bundle", "pom", "texts", "licence"),
    [
        ("a", "https://www.apache.org/licenses/LICENSE-2.0.txt", [], [], "Apache-2.0"),
        ("a", '"Apache-2.0";link="https://x"', [], [], "Apache-2.0"),
        ("a", "http://opensource.org/licenses/MIT, https://nobody.knows", [], [], None),
        (
            "a",
            None,
            ["EPL 2.0", "GPL2 w/ CPE"],
            [],
            "EPL-2.0 OR GPL-2.0-only WITH Classpath-exception-2.0",
        ),
        ("a", None, [], ["Apache License\n    Version 2.0, January 2004 …"], "Apache-2.0"),
        (
            "jersey-client",
            "http://opensource.org/licenses/MIT",
            [],
            [],
            "EPL-2.0 OR GPL-2.0-only WITH Classpath-exception-2.0",
        ),
        ("a", None, ["BSD"], [], None),
        ("a", None, [], [], None),
    ],
)
def test_what_a_jar_says_of_its_licence_is_read_or_not_known(
    name: str, bundle: str | None, pom: list[str], texts: list[str], licence: str | None
) -> None:
    assert licences.of_jar(name, bundle, pom, texts, RULES) == licence


@pytest.mark.parametrize(
    ("version", "said"),
    [("1.9.8", ["MIT"]), ("1.9.8-shaded", ["MIT"]), ("1.9.80", []), ("1.9.7", [])],
)
def test_a_pom_speaks_of_its_version_with_or_without_a_classifier(
    version: str, said: list[str]
) -> None:
    known = replace(RULES, poms={("orc", "1.9.8"): ["MIT"]})

    assert licences.pom_of("orc", version, known) == said
    assert licences.pom_of("orca", version, known) == []


_BSD = "endorse or promote products\n  derived from this software without specific prior written permission"


@pytest.mark.parametrize(
    ("text", "licence"),
    [
        (f"… {_BSD} … Apache License Version 2.0, January 2004", "BSD-3-Clause"),
        (f"Apache License\nVersion 2.0, January 2004 … {_BSD}", "Apache-2.0"),
        (
            f"All advertising materials mentioning features or use of this software {_BSD}",
            "BSD-4-Clause",
        ),
        ("Redistribution and use in source and binary forms", None),
    ],
)
def test_the_text_that_comes_first_is_whose_licence_it_is(
    text: str, licence: str | None
) -> None:
    assert licences.of_text(text, RULES) == licence


def test_the_list_survives_its_file() -> None:
    parts = [
        Part("jar", "images", "b", "1", "MIT", "org.b", "", "0" * 64),
        Part("jar", "images", "a", "1", "MIT", "", "pyspark 3.5", "1" * 64),
    ]

    assert inventory.load(inventory.dump(parts)) == sorted(parts)
