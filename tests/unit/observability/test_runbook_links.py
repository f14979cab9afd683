"""The links in alerts: absolute, from one setting, each to a page that is there; in compose and on EC2."""

import re
from pathlib import Path
from string import Template
from typing import Any
from urllib.parse import urlsplit

import pytest
import yaml  # type: ignore[import-untyped]

from tests.unit.observability.promql import COMPOSE, ROOT, RUNBOOKS, alerts

EC2 = ROOT / "deploy/ec2"
CONFIGS = {
    "compose": COMPOSE / "prometheus/prometheus.yml",
    "ec2": EC2 / "prometheus/prometheus.yml",
}
OWN = "http://127.0.0.1:9090/user"
"""Where Prometheus serves the folder of `--web.user-assets`."""


def config(place: str) -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load(CONFIGS[place].read_text())
    return loaded


def link(place: str, name: str, base: str) -> str:
    """The annotation as Prometheus renders it where RUNBOOKS_URL is the base."""
    external = config(place)["global"]["external_labels"]
    labels = {
        key: Template(text).substitute(RUNBOOKS_URL=base) for key, text in external.items()
    }
    text = alerts()[name]["annotations"]["runbook_url"]
    return re.sub(r"\{\{ \$externalLabels\.(\w+) \}\}", lambda found: labels[found[1]], text)


@pytest.mark.parametrize("name", alerts())
@pytest.mark.parametrize(
    "base", [OWN, "https://git.example.org/lake/blob/main/docs/how-to/runbooks"]
)
@pytest.mark.parametrize("place", CONFIGS)
def test_a_link_is_absolute_and_leads_to_a_page_under_the_setting(
    place: str, base: str, name: str
) -> None:
    url = link(place, name, base)

    assert urlsplit(url).scheme in ("http", "https")
    assert url.startswith(f"{base}/")
    assert (RUNBOOKS / url.removeprefix(f"{base}/")).is_file()


@pytest.mark.parametrize("place", CONFIGS)
def test_the_setting_is_no_label_of_alerts(place: str) -> None:
    found = config(place)

    assert found["global"]["external_labels"].keys() == {"runbooks"}
    assert found["alerting"]["alert_relabel_configs"] == [
        {"action": "labeldrop", "regex": "runbooks"}
    ]


def test_without_the_setting_prometheus_serves_the_pages_itself_in_compose() -> None:
    compose = yaml.safe_load((COMPOSE / "compose.yaml").read_text())
    prometheus = compose["services"]["prometheus"]
    (folder,) = _flag(prometheus["command"], "--web.user-assets=")
    mounted = dict(reversed(volume.split(":")[:2]) for volume in prometheus["volumes"])

    assert prometheus["environment"]["RUNBOOKS_URL"] == (
        "${RUNBOOKS_URL:-http://127.0.0.1:${PROMETHEUS_PORT:-9090}/user}"
    )
    assert (COMPOSE / mounted[folder]).resolve() == RUNBOOKS
    assert re.search(r"^RUNBOOKS_URL=$", (COMPOSE / ".env.example").read_text(), re.MULTILINE)


def test_without_the_setting_prometheus_serves_the_pages_itself_on_ec2() -> None:
    unit = (EC2 / "systemd/coinlake-prometheus.service").read_text()
    settings = (EC2 / "bootstrap/20-settings.sh").read_text()
    files = (EC2 / "bootstrap/60-files.sh").read_text()

    assert _flag(unit.split(), "--web.user-assets=") == ["/etc/prometheus/runbooks"]
    assert "--env RUNBOOKS_URL=${RUNBOOKS_URL} " in unit
    assert "--volume /etc/coinlake/prometheus:/etc/prometheus:ro " in unit
    assert f'echo "RUNBOOKS_URL={OWN}"' in settings
    assert '"$ec2"/../../docs/how-to/runbooks/*.md "$etc/prometheus/runbooks/"' in files


def test_mail_of_the_ec2_stack_carries_the_link() -> None:
    routes = yaml.safe_load((EC2 / "alertmanager/alertmanager.yml").read_text())
    messages = [sns["message"] for one in routes["receivers"] for sns in one["sns_configs"]]

    assert "{{ .Annotations.runbook_url }}" in messages[0]


def test_nothing_asks_for_the_old_name() -> None:
    texts = [*Path(ROOT / "deploy").rglob("*.y*ml")]

    assert [
        file.name for file in texts if re.search(r"\brunbook:|\.runbook\b", file.read_text())
    ] == []


def _flag(words: list[str], flag: str) -> list[str]:
    return [word.removeprefix(flag) for word in words if word.startswith(flag)]
