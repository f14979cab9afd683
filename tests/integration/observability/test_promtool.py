"""The rules under promtool and the routes under amtool: they load, and each alert does as it says."""

import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
import yaml  # type: ignore[import-untyped]

from tests.labs import watchers
from tests.unit.observability.promql import COMPOSE, RULE_TESTS, alerts

PROMETHEUS = COMPOSE / "prometheus"
TESTS = sorted(file.name for file in RULE_TESTS.glob("*.yaml"))


def promtool(*arguments: str, folder: Path = PROMETHEUS) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [str(watchers.find("promtool")), *arguments],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )


@pytest.mark.needs("pinned-promtool")
@pytest.mark.needs("pinned-amtool")
@pytest.mark.parametrize("tool", ["promtool", "amtool"])
def test_the_tools_are_those_of_the_images_that_are_pinned(tool: str) -> None:
    name, version = watchers.module(tool)

    # What Go writes into each binary of what it was made from.
    assert f"mod\t{name}\t{version}\t".encode() in Path(str(watchers.find(tool))).read_bytes()


@pytest.mark.needs("promtool")
def test_prometheus_would_take_its_configuration_and_its_rules(
    measured: Callable[[str], None],
) -> None:
    measured(f"rules checked by {promtool('--version').stdout.splitlines()[0]}")
    checked = promtool("check", "config", "--lint-fatal", "prometheus.yml")

    assert checked.returncode == 0, checked.stdout
    assert "duplicate" not in checked.stdout


@pytest.mark.needs("promtool")
@pytest.mark.full_size(one_in=2)
@pytest.mark.parametrize("name", TESTS)
def test_alerts_ring_when_they_should_and_only_then(name: str) -> None:
    done = promtool("test", "rules", f"tests/{name}")

    assert done.returncode == 0, done.stdout


MISSED_ON_EC2 = """
rule_files: [heartbeat.yml]
evaluation_interval: 1m
tests:
  - name: what this host should have was never scraped
    interval: 1m
    input_series: [{series: 'up{job="prometheus"}', values: '1x3000'}]
    promql_expr_test:
      - expr: count by (alertname) (ALERTS{alertstate="firing"})
        eval_time: 40h
        exp_samples:
          - {labels: '{alertname="Heartbeat"}', value: 1}
          - {labels: '{alertname="HostUnwatched"}', value: 1}
          - {labels: '{alertname="BrokerDown"}', value: 1}
          - {labels: '{alertname="AuditorDown"}', value: 1}
  - name: all of it is scraped
    interval: 1m
    input_series:
      - {series: 'up{job="host"}', values: '1x60'}
      - {series: 'up{job="broker"}', values: '1x60'}
      - {series: 'up{job="auditor"}', values: '1x60'}
    promql_expr_test:
      - expr: count by (alertname) (ALERTS{alertstate="firing"})
        eval_time: 40m
        exp_samples: [{labels: '{alertname="Heartbeat"}', value: 1}]
"""


@pytest.mark.needs("promtool")
def test_the_host_misses_also_what_was_never_there(tmp_path: Path) -> None:
    ec2 = COMPOSE.parent / "ec2/prometheus"
    shutil.copy(ec2 / "heartbeat.yml", tmp_path)
    (tmp_path / "missed.yaml").write_text(MISSED_ON_EC2)
    own = yaml.safe_load((ec2 / "heartbeat.yml").read_text())["groups"][1]["rules"]

    done = promtool("test", "rules", "missed.yaml", folder=tmp_path)

    assert done.returncode == 0, done.stdout
    # The same as in the rules of all deployments but for the expression: each is told once.
    for rule in own:
        shared = alerts()[rule["alert"]]
        for name in ("for", "labels", "annotations"):
            assert rule[name] == shared[name], rule["alert"]


@pytest.mark.full_size(but="stages.yaml-}[1d]")
@pytest.mark.needs("promtool")
@pytest.mark.parametrize(
    ("file", "right", "wrong", "test"),
    [
        # Without memory the lag of a dead sink cannot be seen.
        ("stages.yaml", "}[1d]", "}[1m]", "s3-sink.yaml"),
        # Without absent() a job that is no longer scraped is silent.
        ("s3-sink.yaml", ' or absent(up{job="s3-sink"})', "", "s3-sink.yaml"),
        # An increase does not see a series that is born at 1.
        (
            "etl-runner.yaml",
            "max_over_time(etl_runner_alarms_total[1h])",
            "increase(etl_runner_alarms_total[1h])",
            "etl-runner.yaml",
        ),
        # One window alone rings for hours after it is over; no least number, and a night's two
        # failures ring; nobody misses a series that was there; nothing in a new lake is no burn.
        (
            "objectives.yaml",
            "\n            and coinlake:freshness_errors:ratio_30m > 6 * 0.01",
            "",
            "objectives.yaml",
        ),
        (
            "objectives.yaml",
            "\n            and coinlake:answers_failed:increase_6h >= 10",
            "",
            "objectives.yaml",
        ),
        (
            "objectives.yaml",
            'absent(query_api_requests_total{route=~"/v1/.*"})',
            'absent(up{job="query-api"} == 0)',
            "objectives.yaml",
        ),
        (
            "objectives.yaml",
            "[3d]) unless on (feed)",
            "[3d]) and on (feed)",
            "objectives-slow.yaml",
        ),
        ("stages.yaml", " offset 3h)\n", ")\n", "objectives.yaml"),
        # A limit that is a little too strict rings on a calm day.
        ("ingestor.yaml", "> 0.1\n", "> 0.03\n", "calm.yaml"),
    ],
)
def test_a_wrong_rule_turns_the_tests_red(
    tmp_path: Path, file: str, right: str, wrong: str, test: str
) -> None:
    shutil.copytree(PROMETHEUS, tmp_path / "prometheus")
    rules = tmp_path / "prometheus/rules" / file
    text = rules.read_text()
    changed = text.replace(right, wrong)
    assert changed != text
    rules.write_text(changed)

    loads = promtool("check", "rules", f"rules/{file}", folder=tmp_path / "prometheus")
    done = promtool("test", "rules", f"tests/{test}", folder=tmp_path / "prometheus")

    assert loads.returncode == 0, loads.stdout
    assert done.returncode == 1
    assert "FAILED" in done.stdout


# What still rings, without one service's series on a day on which nothing else is wrong: its own
# silence, and what others see of it. All other alerts of that service look at nothing then.
MISSED = {
    "ingestor": {"IngestorDown", "ObjectiveNotMeasured"},
    "s3-sink": {"S3SinkDown", "S3SinkStalled"},
    "etl-runner": {"EtlRunnerDown"},
    "query-api": {
        "QueryApiDown",
        "EtlRunnerTablesBehind",
        "ObjectiveNotMeasured",
        "ObjectiveFreshnessBurnsFast",
        "ObjectiveFreshnessBurnsSlowly",
    },
    # Where there is no auditor there is none to miss; tests/auditor.yaml has one that vanishes.
    "auditor": set(),
    # The same of the host's watchers, whose bound the broker's alerts need.
    "host": set(),
    "broker": set(),
}


@pytest.mark.full_size(but="s3-sink")
@pytest.mark.needs("promtool")
@pytest.mark.parametrize("service", MISSED)
def test_when_all_series_of_a_service_are_missing_that_alone_rings(
    tmp_path: Path, service: str
) -> None:
    shutil.copytree(PROMETHEUS / "rules", tmp_path / "rules")
    (tmp_path / "tests").mkdir()
    scenario = yaml.safe_load((PROMETHEUS / "tests/calm.yaml").read_text())
    day = scenario["tests"][0]
    own = {"auditor": "audit_", "host": "node_", "broker": "kafka_"}.get(
        service, service.replace("-", "_") + "_"
    )
    named = (own, f'up{{job="{service}"}}')
    kept = [one for one in day["input_series"] if not one["series"].startswith(named)]
    gone = len(day["input_series"]) - len(kept)
    samples = [
        {"labels": f'{{alertname="{name}"}}', "value": 1} for name in sorted(MISSED[service])
    ]
    ringing = 'group by (alertname) (ALERTS{alertstate="firing"})'
    day |= {
        "input_series": kept,
        "promql_expr_test": [{"expr": ringing, "eval_time": "6h", "exp_samples": samples}],
    }
    (tmp_path / "tests/missing.yaml").write_text(yaml.safe_dump(scenario))

    done = promtool("test", "rules", "tests/missing.yaml", folder=tmp_path)

    assert gone > 3
    assert done.returncode == 0, done.stdout


@pytest.mark.needs("amtool")
def test_alertmanager_would_take_its_configuration() -> None:
    checked = subprocess.run(
        [str(watchers.find("amtool")), "check-config", "alertmanager.yml"],
        cwd=COMPOSE / "alertmanager",
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )

    assert checked.returncode == 0, checked.stdout
