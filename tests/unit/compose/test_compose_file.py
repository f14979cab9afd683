"""The compose file as it is written: hardening, dependencies, and settings that are told."""

import re
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml  # type: ignore[import-untyped]

from coinlake.errors import ConfigError
from coinlake.settings import ServiceSettings, load
from coinlake_tools.arguments import parser
from etl_runner.config import Settings as EtlRunnerSettings
from ingestor.config import Settings as IngestorSettings
from query_api.config import Settings as QueryApiSettings
from s3_sink.config import Settings as S3SinkSettings

ROOT = Path(__file__).resolve().parents[3]
FOLDER = ROOT / "deploy/compose"
COMPOSE: dict[str, Any] = yaml.safe_load((FOLDER / "compose.yaml").read_text())
SERVICES: dict[str, dict[str, Any]] = COMPOSE["services"]
DOCKERFILE = (FOLDER / "Dockerfile").read_text()
ERRANDS = {"topics", "provision", "coinlake"}
TOOLS = ("topics", "provision", "auditor")
SETTINGS: dict[str, type[ServiceSettings]] = {
    "ingestor": IngestorSettings,
    "s3-sink": S3SinkSettings,
    "etl-runner": EtlRunnerSettings,
    "query-api": QueryApiSettings,
}
# Seconds that each part may need to put down what it holds, from its own settings.
SLOWEST_STOP_S = {
    "ingestor": IngestorSettings.model_fields["shutdown_s"].default,
    "s3-sink": S3SinkSettings.model_fields["flush_deadline_s"].default,
    "kafka": 30,
}


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_cannot_gain_rights_or_write_outside_its_volumes(name: str) -> None:
    service = SERVICES[name]

    assert service["cap_drop"] == ["ALL"]
    assert service["security_opt"] == ["no-new-privileges:true"]
    assert service["read_only"] is True
    assert not service.keys() & {
        "privileged",
        "cap_add",
        "devices",
        "network_mode",
        "pid",
        "ipc",
    }
    assert any(mount.startswith("/tmp:") for mount in service["tmpfs"])
    assert all("size=" in mount for mount in service["tmpfs"])


@pytest.mark.parametrize("name", SERVICES)
def test_no_container_runs_as_root(name: str) -> None:
    uid, _, gid = SERVICES[name]["user"].partition(":")

    assert int(uid) > 0
    assert int(gid) > 0


@pytest.mark.parametrize("name", SERVICES)
def test_a_container_has_limits_and_its_log_too(name: str) -> None:
    service = SERVICES[name]

    assert service["mem_limit"]
    assert 0 < service["pids_limit"] <= 1024
    assert service["logging"]["options"]["max-size"]


@pytest.mark.parametrize("name", SERVICES)
def test_every_port_is_bound_to_loopback(name: str) -> None:
    ports = SERVICES[name].get("ports", [])

    assert [port for port in ports if not port.startswith("127.0.0.1:${")] == []


@pytest.mark.parametrize("name", SERVICES)
def test_nothing_of_the_host_is_mounted_but_files_to_read(name: str) -> None:
    volumes = SERVICES[name].get("volumes", [])
    host = [volume for volume in volumes if volume.startswith((".", "/", "~", "$"))]

    assert [volume for volume in host if not volume.endswith(":ro")] == []
    assert [volume for volume in volumes if "docker.sock" in volume] == []
    assert {v.split(":")[0] for v in volumes if v not in host} <= COMPOSE["volumes"].keys()


@pytest.mark.parametrize("name", SERVICES)
def test_what_stays_is_restarted_and_what_ends_is_not_for_ever(name: str) -> None:
    expected = "on-failure:5" if name in ERRANDS else "unless-stopped"

    assert SERVICES[name]["restart"] == expected


@pytest.mark.parametrize("name", SERVICES)
def test_dependencies_wait_for_health_or_for_the_end_of_an_errand(name: str) -> None:
    needs = SERVICES[name].get("depends_on", {})

    for other, need in needs.items():
        ends = other in ERRANDS
        expected = "service_completed_successfully" if ends else "service_healthy"
        assert need["condition"] == expected
        assert other in SERVICES
        # What a profile or the source may leave out cannot be demanded.
        assert need.get("required", True) == (
            not SERVICES[other].keys() & {"profiles", "extends"}
        )


@pytest.mark.parametrize("name", sorted(SERVICES.keys() - ERRANDS))
def test_what_stays_has_a_health_check(name: str) -> None:
    service = SERVICES[name]
    target = service.get("build", {}).get("target")

    own = "healthcheck" in service
    assert own or "HEALTHCHECK" in _lineage(target)


@pytest.mark.parametrize("name", SLOWEST_STOP_S)
def test_the_grace_of_a_stop_is_longer_than_the_slowest_flush(name: str) -> None:
    grace = SERVICES[name]["stop_grace_period"]

    assert int(grace.removesuffix("s")) >= 1.5 * SLOWEST_STOP_S[name]


@pytest.mark.parametrize("name", SETTINGS)
def test_every_setting_that_is_told_exists(name: str) -> None:
    told = dict.fromkeys(SERVICES[name]["environment"], "")
    for file in FOLDER.glob("ingestor.*.env") if name == "ingestor" else ():
        told |= dict(line.split("=", 1) for line in _lines(file))

    assert "unknown settings" not in _refusal(SETTINGS[name], told)
    assert "unknown settings" in _refusal(SETTINGS[name], told | {_misspelt(name): ""})


@pytest.mark.parametrize("name", TOOLS)
def test_every_command_of_the_tools_is_one_that_they_know(name: str) -> None:
    command = [_by_default(word) for word in SERVICES[name]["command"]]

    assert parser().parse_args(command).command == command[0]


def test_the_auditor_audits_as_on_the_host_and_is_asked_where_it_listens() -> None:
    unit = (ROOT / "deploy/ec2/systemd/coinlake-auditor.service").read_text()
    (on_host,) = re.findall(r"^  (audit --every .*)$", unit, re.MULTILINE)
    auditor = SERVICES["auditor"]

    here = vars(parser().parse_args([_by_default(word) for word in auditor["command"]]))

    assert here | {"every": 86_400.0} == vars(parser().parse_args(on_host.split()))
    assert 0 < here["every"] <= 86_400
    port = here["listen"].split(":")[1]
    assert auditor["healthcheck"]["test"][-1] == f"http://127.0.0.1:{port}/readyz"
    assert [mapped.rsplit(":", 1)[1] for mapped in auditor["ports"]] == [port]
    assert f"--memory {auditor['mem_limit']} " in unit


def test_every_variable_of_the_compose_file_is_in_the_example() -> None:
    text = (FOLDER / "compose.yaml").read_text()
    text += "".join(file.read_text() for file in FOLDER.glob("ingestor.*.env"))
    used = set(re.findall(r"\$\{([A-Z0-9_]+)", text))
    offered = {line.split("=", 1)[0] for line in _lines(FOLDER / ".env.example")}

    # The base URL is CoinCap's; only a test or a proxy says another.
    assert used - offered == {"COINCAP_BASE_URL"}
    assert offered - used == {"COMPOSE_PROFILES", "QUERY_API_KEY"}


def test_a_clone_on_windows_has_the_line_ends_that_containers_need() -> None:
    # With core.autocrlf=true a script that is mounted ends each line in CR (example-voting-app #287).
    listed = [
        "git",
        "ls-files",
        "deploy",
        "requirements",
        "Makefile",
        ".ci/run",
        "local/pom.xml",
    ]
    names = subprocess.run(listed, cwd=ROOT, check=True, capture_output=True, text=True).stdout

    told = subprocess.run(
        ["git", "check-attr", "--stdin", "eol"],
        cwd=ROOT,
        input=names,
        check=True,
        capture_output=True,
        text=True,
    ).stdout

    assert "deploy/compose/kafka-health.sh: eol: lf" in told
    assert [line for line in told.splitlines() if not line.endswith("eol: lf")] == []


def test_the_example_holds_no_secret() -> None:
    values = dict(line.split("=", 1) for line in _lines(FOLDER / ".env.example"))

    secret = {name for name in values if name.endswith(("_KEY", "_SHA256"))}
    assert {name: values[name] for name in secret} == dict.fromkeys(secret, "")


def test_every_image_starts_its_program_itself_and_not_as_root() -> None:
    targets = {
        service["build"]["target"] for service in SERVICES.values() if "build" in service
    }

    assert len(targets) == 8
    for target in targets:
        lineage = _lineage(target)
        assert re.findall(r"^USER (\S+)", lineage, re.MULTILINE)[-1] == "10001:10001"
        commands = re.findall(r"^(?:ENTRYPOINT|CMD) (.)", lineage, re.MULTILINE)
        assert commands
        assert set(commands) == {"["}


def _refusal(settings: type[ServiceSettings], told: Mapping[str, str]) -> str:
    try:
        load(settings, told)
    except ConfigError as error:
        return str(error)
    return ""


def _by_default(word: str) -> str:
    """A word of a command as compose gives it where nothing is set."""
    return re.sub(r"\$\{\w+:-([^}]*)\}", r"\1", word)


def _misspelt(name: str) -> str:
    return f"{name.upper().replace('-', '_')}_HTPP__PORT"


def _lineage(target: str) -> str:
    """The text of a stage and of the stages that it stands on, oldest first."""
    stages = re.split(r"^FROM ", DOCKERFILE, flags=re.MULTILINE)[1:]
    for stage in stages:
        head, _, body = stage.partition("\n")
        base, _, name = head.partition(" AS ")
        if name == target:
            return (_lineage(base) if not base.startswith("$") else "") + body
    raise KeyError(target)


def _lines(file: Path) -> list[str]:
    lines = (line.strip() for line in file.read_text().splitlines())
    return [line for line in lines if line and not line.startswith("#")]
