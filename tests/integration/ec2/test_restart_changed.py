"""An upgrade restarts what changed, and nothing else."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

SERVICES = ("ingestor", "s3-sink", "auditor")


class Host:
    """A host's folders, and a systemctl that writes down what it is told."""

    def __init__(self, folder: Path, ec2: Path) -> None:
        self.folder = folder
        self.ec2 = ec2
        shutil.copytree(ec2 / "systemd", folder / "systemd")
        shutil.copytree(ec2 / "env", folder / "etc" / "env")
        shutil.copytree(ec2 / "aws", folder / "etc" / "aws")
        (folder / "etc" / "host.env").write_text("COINLAKE_BUCKET=the-lake\n")
        lines = [f"{name}_IMAGE=sha256:{name}\n" for name in ("INGESTOR", "S3_SINK", "TOOLS")]
        (folder / "etc" / "images.env").write_text("".join(lines))
        (folder / "bin").mkdir()
        systemctl = folder / "bin" / "systemctl"
        systemctl.write_text(f'#!/bin/sh\necho "$@" >> {folder}/told\n')
        systemctl.chmod(0o755)

    def run(self) -> subprocess.CompletedProcess[str]:
        """A run for all services."""
        (self.folder / "told").write_text("")
        environ = {
            "PATH": f"{self.folder}/bin:{os.environ['PATH']}",
            "COINLAKE_ETC": str(self.folder / "etc"),
            "COINLAKE_VAR": str(self.folder / "var"),
            "COINLAKE_SYSTEMD": str(self.folder / "systemd"),
        }
        command = [str(self.ec2 / "libexec" / "restart-changed"), *SERVICES]
        return subprocess.run(command, env=environ, capture_output=True, text=True)

    def told(self) -> list[str]:
        """What systemctl was told in the last run."""
        return (self.folder / "told").read_text().splitlines()

    def restarted(self) -> list[str]:
        """What a run restarts."""
        done = self.run()
        assert done.returncode == 0, done.stderr
        return [
            line.removeprefix("restart coinlake-").removesuffix(".service")
            for line in self.told()
        ]

    def change(self, name: str, old: str, new: str) -> None:
        file = self.folder / name
        assert old in file.read_text()
        file.write_text(file.read_text().replace(old, new))


@pytest.fixture
def host(tmp_path: Path, ec2: Path) -> Host:
    one = Host(tmp_path, ec2)
    assert one.restarted() == list(SERVICES)
    assert one.restarted() == []
    return one


@pytest.mark.parametrize(
    ("file", "old", "new", "restarted"),
    [
        # The auditor is the tools' image.
        ("etc/images.env", "sha256:TOOLS", "sha256:NEW", ["auditor"]),
        ("etc/images.env", "sha256:S3_SINK", "sha256:NEW", ["s3-sink"]),
        ("etc/env/ingestor.env", "coincap", "simulator", ["ingestor"]),
        ("systemd/coinlake-s3-sink.service", "--memory 1g", "--memory 2g", ["s3-sink"]),
        ("etc/host.env", "the-lake", "another", list(SERVICES)),
    ],
)
def test_what_changed_is_restarted_once_and_nothing_else(
    host: Host, file: str, old: str, new: str, restarted: list[str]
) -> None:
    host.change(file, old, new)

    assert host.restarted() == restarted
    assert host.restarted() == []


@pytest.mark.parametrize("missing", ["etc", "etc/env", "etc/aws"])
def test_without_a_folder_of_settings_it_says_so_and_restarts_nothing(
    host: Host, missing: str
) -> None:
    shutil.rmtree(host.folder / missing)

    done = host.run()

    folder = host.folder / missing
    assert done.returncode == 1
    assert done.stderr == (
        f"restart-changed: there is no settings folder {folder}: run the bootstrap first\n"
    )
    assert host.told() == []
