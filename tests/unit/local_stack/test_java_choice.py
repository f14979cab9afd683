"""Which Java is taken, and what is said when none will do."""

from pathlib import Path

import pytest

from local_stack.errors import StackError
from local_stack.java import Java, choose, find_java


def installed(folder: Path, version: str) -> Path:
    home = folder / version
    (home / "bin").mkdir(parents=True)
    (home / "bin" / "java").touch(mode=0o755)
    (home / "release").write_text(f'IMPLEMENTOR="X"\nJAVA_VERSION="{version}"\n')
    return home


@pytest.mark.parametrize(
    ("version", "major"),
    [("17.0.15", 17), ("17", 17), ("21-ea", 21), ("1.8.0_392", 8), ("unknown", 0)],
)
def test_the_major_version_is_read_from_old_and_new_version_texts(
    version: str, major: int
) -> None:
    assert Java(Path("/j"), version).major == major


def test_among_several_javas_the_one_of_version_17_is_chosen() -> None:
    found = [Java(Path("/j25"), "25.0.1"), Java(Path("/j17"), "17.0.9"), Java(Path("/j8"), "8")]

    chosen = choose(found)

    assert chosen.home == Path("/j17")


def test_a_wrong_java_is_refused_with_a_sentence_that_says_which_to_install() -> None:
    with pytest.raises(StackError, match=r"Java 17 is needed and only Java 25\.0\.1 was found"):
        choose([Java(Path("/j25"), "25.0.1")])


def test_no_java_at_all_is_said_so() -> None:
    with pytest.raises(StackError, match="no Java was found: install a JDK 17"):
        choose([])


def test_java_home_wins_over_the_path(tmp_path: Path) -> None:
    first, second = installed(tmp_path / "a", "17.0.1"), installed(tmp_path / "b", "17.0.2")

    found = find_java({"JAVA_HOME": str(second), "PATH": str(first / "bin")})

    assert found == Java(second, "17.0.2")


def test_a_java_home_of_another_version_does_not_hide_the_right_one(tmp_path: Path) -> None:
    wrong, right = installed(tmp_path, "25.0.1"), installed(tmp_path, "17.0.2")

    found = find_java({"JAVA_HOME": str(wrong), "PATH": str(right / "bin")})

    assert found.home == right
