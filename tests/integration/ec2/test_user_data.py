"""The host's user data, as the template has it, run by root where /opt is a folder of the test.

dnf, aws and cfn-signal are scripts that write down how they were called, and fail when they are told to.
"""

import base64
import hashlib
import os
import subprocess
import tarfile
from dataclasses import dataclass
from pathlib import Path

import pytest

from tests.unit.ec2 import template_reader
from tests.unit.ec2.conftest import PARAMETERS

pytestmark = pytest.mark.needs("root")
# Fails as often as the file beside it says; then does what is behind it.
FAILING = """#!/bin/bash
echo "$(basename "$0") $*" >> "$SAID"
left=$(cat "$0.fails" 2> /dev/null || echo 0)
if [ "$left" -gt 0 ]; then echo $((left - 1)) > "$0.fails"; exit 1; fi
"""
PROGRAMS = {
    "dnf": "",
    "aws": 'cp "$ARCHIVE" "${@: -1}"',
    "sleep": "",
}
IN_ITS_OWN_OPT = """
mount -t tmpfs tmpfs /opt
mkdir -p /opt/aws/bin /opt/coinlake
mount --bind "$OPT" /opt/coinlake
ln -s "$SIGNAL" /opt/aws/bin/cfn-signal
exec bash "$SCRIPT"
"""


@dataclass(frozen=True)
class Instance:
    """A first boot."""

    folder: Path

    def boots(self, bootstrap: str, **fails: int) -> list[str]:
        """What was called, with a release whose bootstrap is this script."""
        release = self.folder / "tree/deploy/ec2/bootstrap/run"
        release.parent.mkdir(parents=True)
        release.write_text(bootstrap)
        release.chmod(0o755)
        archive = self.folder / "release.tar.gz"
        with tarfile.open(archive, "w:gz") as packed:
            packed.add(self.folder / "tree", ".")
        sha = hashlib.sha256(archive.read_bytes()).hexdigest()
        told = PARAMETERS | {"ReleaseSha256": sha}
        template = template_reader.read(EC2 / "coinlake.yaml", told)
        data = base64.b64decode(template.properties("Host")["UserData"])
        (self.folder / "user-data").write_bytes(data)
        for name, does in (*PROGRAMS.items(), ("cfn-signal", "")):
            (self.folder / name).write_text(FAILING + does)
            (self.folder / name).chmod(0o755)
            (self.folder / f"{name}.fails").write_text(str(fails.get(name, 0)))
        (self.folder / "opt/releases").mkdir(parents=True)
        environ = {
            "PATH": f"{self.folder}:{os.environ['PATH']}",
            "ARCHIVE": str(archive),
            "OPT": str(self.folder / "opt"),
            "SAID": str(self.folder / "said"),
            "SIGNAL": str(self.folder / "cfn-signal"),
            "SCRIPT": str(self.folder / "user-data"),
        }
        command = ["unshare", "--mount", "bash", "-euo", "pipefail", "-c", IN_ITS_OWN_OPT]
        subprocess.run(command, env=environ, capture_output=True)
        return (self.folder / "said").read_text().splitlines()


EC2 = Path(__file__).resolve().parents[3] / "deploy" / "ec2"


@pytest.fixture
def instance(tmp_path: Path) -> Instance:
    return Instance(tmp_path)


def signalled(said: list[str]) -> list[str]:
    return [line.split()[2] for line in said if line.startswith("cfn-signal -e")]


def test_a_first_boot_outlasts_a_held_lock_and_a_bucket_that_is_not_ready(
    instance: Instance,
) -> None:
    said = instance.boots(
        '#!/bin/bash\necho "bootstrap $COINLAKE_STACK $AWS_DEFAULT_REGION" >> "$SAID"\n',
        dnf=3,
        aws=2,
    )

    assert [line for line in said if line.startswith("bootstrap")] == [
        "bootstrap lake us-east-1"
    ]
    assert len([line for line in said if line.startswith("dnf install")]) == 4
    assert len([line for line in said if line.startswith("aws s3 cp")]) == 3
    assert signalled(said) == ["0"]


@pytest.mark.parametrize(
    ("bootstrap", "fails"),
    [
        ("#!/bin/bash\nexit 7\n", {}),
        ("#!/bin/bash\n", {"dnf": 100}),
        ("#!/bin/bash\n", {"aws": 100}),
    ],
    ids=["bootstrap", "packages", "release"],
)
def test_what_fails_for_good_is_told_to_the_stack_at_once(
    instance: Instance, bootstrap: str, fails: dict[str, int]
) -> None:
    said = instance.boots(bootstrap, **fails)

    assert signalled(said) == ["7" if not fails else "1"]
