"""No secret is on a command line: every user of a machine may read those (proc_pid_cmdline(5))."""

import json
import os
import re
import subprocess
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

ROOT = Path(__file__).resolve().parents[3]
COMPOSE = ROOT / "deploy/compose"
SERVICES: dict[str, dict[str, Any]] = yaml.safe_load((COMPOSE / "compose.yaml").read_text())[
    "services"
]
# Parts of a service that end up in `ps`, in an image, or in `docker ps`; its environment does not.
SHOWN = (
    "command",
    "entrypoint",
    "healthcheck",
    "build",
    "labels",
    "annotations",
    "container_name",
)
SECRET = re.compile(r"\$\{?(\w*(?:KEY|SECRET|PASSWORD|TOKEN)\w*)")
# Writes down what each program is told, then is that program.
WRITER = """#!/bin/sh
printf '%s\\n' "$0 $*" >> "$TOLD"
exec "$BEHIND/${0##*/}" "$@"
"""
BEHIND = "/usr/bin"


@pytest.mark.parametrize("name", SERVICES)
def test_compose_puts_no_secret_into_a_command_line_an_image_or_a_label(name: str) -> None:
    shown = json.dumps({part: SERVICES[name].get(part) for part in SHOWN})

    assert SECRET.findall(shown) == []


def test_a_unit_of_the_host_puts_no_secret_into_a_command_line() -> None:
    units = [*(ROOT / "deploy/ec2/systemd").glob("*.service")]
    lines = [
        (unit.name, line)
        for unit in units
        for line in re.sub(r"\\\n\s*", " ", unit.read_text()).splitlines()
        if line.startswith("Exec")
    ]

    assert len(lines) > 20
    assert [(name, SECRET.findall(line)) for name, line in lines if SECRET.findall(line)] == []


@pytest.fixture
def told(tmp_path: Path) -> tuple[dict[str, str], Path]:
    """An environment in which every program writes down what it is told, and where it does."""
    programs, log = tmp_path / "bin", tmp_path / "told"
    programs.mkdir()
    writer = tmp_path / "writer"
    writer.write_text(WRITER)
    writer.chmod(0o755)
    for program in Path(BEHIND).iterdir():
        if program.name not in ("sh", "bash", "env", "dash"):
            (programs / program.name).symlink_to(writer)
    path = f"{programs}:{os.defpath}"
    return {"PATH": path, "TOLD": str(log), "BEHIND": BEHIND}, log


def test_the_secrets_of_compose_are_made_on_no_command_line(
    told: tuple[dict[str, str], Path], tmp_path: Path
) -> None:
    environ, log = told
    folder = tmp_path / "compose"
    folder.mkdir()
    for name in ("make-env", ".env.example"):
        (folder / name).write_bytes((COMPOSE / name).read_bytes())

    subprocess.run(
        ["sh", str(folder / "make-env")], env=environ, check=True, capture_output=True
    )

    made = dict(
        line.split("=", 1)
        for line in (folder / ".env").read_text().splitlines()
        if line and not line.startswith("#")
    )
    secrets = {made[name] for name in ("LAKE_SECRET_KEY", "QUERY_API_KEY", "LAKE_ACCESS_KEY")}
    assert len(secrets) == 3
    assert "/tr -d" in log.read_text()
    assert [secret for secret in secrets if secret in log.read_text()] == []


def test_the_brokers_settings_get_their_passwords_on_no_command_line(
    told: tuple[dict[str, str], Path], tmp_path: Path
) -> None:
    environ, log = told
    kept = tmp_path / "var/secrets/kafka"
    kept.mkdir(parents=True)
    users = ("broker", "admin", "ingestor", "s3-sink", "etl-runner", "auditor", "tools")
    for user in users:
        (kept / f"{user}.password").write_text(f"canary-of-{user}\n")
    for name in ("broker.pem", "cluster.id", "agent.jar"):
        (kept / name).write_text("x\n")

    script = ROOT / "deploy/ec2/libexec/kafka-config"
    command = ["bash", str(script), "lake.example", str(tmp_path / "out")]
    subprocess.run(
        command,
        env=environ
        | {
            "COINLAKE_VAR": str(tmp_path / "var"),
            "COINLAKE_KAFKA_AGENT": str(kept / "agent.jar"),
        },
        check=True,
        capture_output=True,
    )

    server = (tmp_path / "out/server.properties").read_text()
    assert "canary-of-broker" in server
    assert "lake.example" in server
    assert "@" not in re.sub(r"(?m)^#.*", "", server)
    assert "canary-of-admin" in (tmp_path / "out/admin.properties").read_text()
    assert "/sed -e s|@HOST_NAME@|lake.example|g" in log.read_text()
    assert "canary-of" not in log.read_text()
