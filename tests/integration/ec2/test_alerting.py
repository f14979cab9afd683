"""Prometheus's and Alertmanager's files of the host, as the bootstrap puts them, under their tools."""

import shutil
import subprocess
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from tests.labs import watchers

COMPOSE = Path(__file__).resolve().parents[3] / "deploy" / "compose"


@pytest.fixture
def alertmanager(ec2: Path, tmp_path: Path) -> Path:
    """alertmanager.yml with topics in it."""
    text = (ec2 / "alertmanager" / "alertmanager.yml").read_text()
    for name in ("ALERTS_TOPIC", "HEARTBEATS_TOPIC"):
        text = text.replace(f"@{name}@", f"arn:aws:sns:us-east-1:123456789012:{name}")
    path = tmp_path / "alertmanager.yml"
    path.write_text(text.replace("@REGION@", "us-east-1"))
    return path


@pytest.mark.needs("promtool")
def test_prometheus_takes_its_settings_and_every_rule(ec2: Path, tmp_path: Path) -> None:
    rules = tmp_path / "rules"
    shutil.copytree(COMPOSE / "prometheus" / "rules", rules)
    shutil.copy(ec2 / "prometheus" / "heartbeat.yml", rules)
    text = (ec2 / "prometheus" / "prometheus.yml").read_text()
    (tmp_path / "prometheus.yml").write_text(text.replace("/etc/prometheus/", ""))

    command = [str(watchers.find("promtool")), "check", "config", "prometheus.yml"]
    done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)

    assert done.returncode == 0, done.stdout + done.stderr
    assert f"{len(list(rules.iterdir()))} rule files found" in done.stdout


def test_the_jobs_have_the_names_that_the_rules_ask_for(ec2: Path) -> None:
    def jobs(path: Path) -> dict[str, object]:
        told = yaml.safe_load(path.read_text())["scrape_configs"]
        return {job["job_name"]: job["static_configs"] for job in told}

    ours = jobs(ec2 / "prometheus" / "prometheus.yml")

    assert ours.items() >= jobs(COMPOSE / "prometheus" / "prometheus.yml").items()


def test_what_silences_what_is_the_same_as_in_compose(ec2: Path) -> None:
    ours = yaml.safe_load((ec2 / "alertmanager" / "alertmanager.yml").read_text())
    theirs = yaml.safe_load((COMPOSE / "alertmanager" / "alertmanager.yml").read_text())

    assert ours["inhibit_rules"] == theirs["inhibit_rules"]


@pytest.mark.needs("amtool")
@pytest.mark.parametrize(
    ("alert", "receiver"), [("Heartbeat", "heartbeats"), ("S3SinkStalled", "alerts")]
)
def test_the_heartbeat_goes_to_the_dead_mans_topic_and_the_rest_to_people(
    alertmanager: Path, alert: str, receiver: str
) -> None:
    checked = subprocess.run(
        [str(watchers.find("amtool")), "check-config", alertmanager],
        capture_output=True,
        text=True,
    )
    command = [
        str(watchers.find("amtool")),
        "config",
        "routes",
        "test",
        f"--config.file={alertmanager}",
    ]
    done = subprocess.run([*command, f"alertname={alert}"], capture_output=True, text=True)

    assert checked.returncode == 0, checked.stderr
    assert done.stdout.strip() == receiver
