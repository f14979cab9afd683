"""What linters and systemd itself say of the template, the scripts and the units."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

EXPOSURE_AT_MOST = 4.0
PROGRAMS = (
    "usr/bin/docker",
    "usr/sbin/nft",
    *(
        f"opt/coinlake/current/deploy/ec2/libexec/{n}"
        for n in ("network", "assume-role", "write-env", "host-metrics", "renew-certificate")
    ),
)


def lint(path: Path) -> subprocess.CompletedProcess[str]:
    command = [str(Path(sys.executable).with_name("cfn-lint")), str(path)]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.mark.parametrize(
    "name", ["coinlake.yaml", "network.yaml", "import.yaml", "quality.yaml"]
)
def test_cfn_lint_finds_nothing_and_is_told_to_ignore_nothing(ec2: Path, name: str) -> None:
    done = lint(ec2 / name)

    assert (done.returncode, done.stdout) == (0, "")
    assert "cfn-lint" not in (ec2 / name).read_text()
    assert not [p for p in (Path.cwd(), ec2) if (p / ".cfnlintrc").exists()]


def test_cfn_lint_would_find_a_mistake(ec2: Path, tmp_path: Path) -> None:
    text = (ec2 / "coinlake.yaml").read_text()
    (tmp_path / "wrong.yaml").write_text(text.replace("!Ref DataVolume\n", "!Ref DataVolum\n"))

    assert "DataVolum" in lint(tmp_path / "wrong.yaml").stdout


@pytest.mark.needs("shellcheck")
def test_shellcheck_finds_nothing_in_any_script(ec2: Path) -> None:
    scripts = [
        p for p in ec2.rglob("*") if p.is_file() and p.read_bytes()[:11] == b"#!/bin/bash"
    ]

    done = subprocess.run(["shellcheck", *scripts], capture_output=True, text=True)

    assert len(scripts) > 15
    assert (done.returncode, done.stdout) == (0, "")
    assert all("set -euo pipefail" in script.read_text() for script in scripts)


@pytest.fixture
def root(tmp_path: Path, ec2: Path) -> Path:
    """A root folder as a host has it: systemd's own units, ours, and the programs they name."""
    units = tmp_path / "etc" / "systemd" / "system"
    shutil.copytree(
        "/usr/lib/systemd/system", tmp_path / "usr/lib/systemd/system", symlinks=True
    )
    shutil.copytree(ec2 / "systemd", units)
    for name in PROGRAMS:
        program = tmp_path / name
        program.parent.mkdir(parents=True, exist_ok=True)
        program.write_text("#!/bin/sh\n")
        program.chmod(0o755)
    docker = "[Unit]\nDescription=docker\n[Service]\nExecStart=/usr/bin/docker\n"
    (units / "docker.service").write_text(docker)
    return tmp_path


def instance(path: Path) -> str:
    return path.name.replace("@.", "@s3-sink.")


def verify(root: Path) -> subprocess.CompletedProcess[str]:
    units = sorted((root / "etc/systemd/system").glob("coinlake*"))
    command = [
        "systemd-analyze",
        "verify",
        f"--root={root}",
        "--man=no",
        "--recursive-errors=yes",
    ]
    return subprocess.run([*command, *map(instance, units)], capture_output=True, text=True)


@pytest.mark.needs("systemd-analyze")
def test_systemd_finds_nothing_wrong_in_the_units(root: Path) -> None:
    done = verify(root)

    assert (done.returncode, done.stderr) == (0, "")


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize(
    ("right", "wrong"),
    [
        ("ProtectSystem=strict", "ProtectSystm=strict"),
        ("ExecStart=/usr/bin/docker", "ExecStart=/usr/bin/dockr"),
        (
            "Requires=docker.service coinlake-firewall",
            "Requires=docker.service coinlake-firewal",
        ),
    ],
)
def test_systemd_would_find_a_mistake(root: Path, right: str, wrong: str) -> None:
    unit = root / "etc/systemd/system/coinlake-s3-sink.service"
    assert right in unit.read_text()
    unit.write_text(unit.read_text().replace(right, wrong))

    done = verify(root)

    assert done.returncode != 0 or done.stderr != ""


@pytest.mark.needs("systemd-analyze")
def test_no_unit_is_exposed_more_than_it_may_be(root: Path) -> None:
    units = sorted((root / "etc/systemd/system").glob("coinlake*.service"))
    command = ["systemd-analyze", "security", "--offline=true", "--no-pager", f"--root={root}"]
    command += [f"--threshold={int(EXPOSURE_AT_MOST * 10)}"]

    exposed = {}
    for unit in units:
        done = subprocess.run([*command, instance(unit)], capture_output=True, text=True)
        if done.returncode != 0:
            exposed[unit.name] = done.stdout.splitlines()[-1:] + done.stderr.splitlines()
    assert len(units) == 16
    assert exposed == {}
