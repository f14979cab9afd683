"""A download that broke off is tried again; what Maven says otherwise is told at once."""

from pathlib import Path

import pytest

from local_stack import jars
from local_stack.errors import StackError
from local_stack.paths import Paths

# Counts its calls in a file; refuses as many of them as it is told to, with Maven's own words.
_MAVEN = """#!/bin/sh
echo called >> {calls}
[ "$(wc -l < {calls})" -gt {refused} ] && exit 0
echo "[ERROR] Could not resolve dependencies: {said}"
exit 1
"""
BROKEN = "Could not transfer artifact a:b:jar:1 from/to central: Read timed out"


def maven(folder: Path, refused: int, said: str) -> tuple[str, Path]:
    calls, script = folder / "calls", folder / "mvn"
    script.write_text(_MAVEN.format(calls=calls, refused=refused, said=said))
    script.chmod(0o755)
    return str(script), calls


def test_a_download_that_broke_off_is_tried_again(tmp_path: Path) -> None:
    script, calls = maven(tmp_path, 2, BROKEN)
    jars.run_maven(script, Paths(tmp_path), tmp_path / "kafka.part")
    assert len(calls.read_text().splitlines()) == 3


@pytest.mark.parametrize(
    ("said", "times"),
    [(BROKEN, 3), ("Could not find artifact a:b:jar:1 in central", 1)],
)
def test_what_does_not_come_is_told(tmp_path: Path, said: str, times: int) -> None:
    script, calls = maven(tmp_path, 9, said)
    with pytest.raises(StackError, match=said):
        jars.run_maven(script, Paths(tmp_path), tmp_path / "kafka.part")
    assert len(calls.read_text().splitlines()) == times
