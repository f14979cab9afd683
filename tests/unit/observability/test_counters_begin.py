"""What rules take an increase of is there, at 0, before the first thing happens."""

import re
from pathlib import Path
from typing import get_args

import pytest
from prometheus_client import CollectorRegistry

from coinlake.errors import Trouble
from coinlake_tools.auditor import AuditMetrics
from etl_runner import metrics as etl_runner
from etl_runner.loop.differing import TOLD
from ingestor.core.ports import FailureKind
from ingestor.metrics import FAILURES, IngestorMetrics
from query_api import metrics as query_api
from s3_sink.metrics import SinkMetrics
from tests.unit.observability.promql import ROOT, rule_groups

TAKEN = sorted(
    {
        metric
        for rules in rule_groups().values()
        for rule in rules
        for metric in re.findall(
            r"(?:increase|rate)\(\s*((?:ingestor|s3_sink|etl_runner|query_api|audit)_\w+)",
            rule["expr"],
        )
    }
)


def samples() -> dict[str, list[float]]:
    """Every series of services that have only just started, by its name."""
    registry = CollectorRegistry()
    for made in (
        IngestorMetrics,
        etl_runner.EtlMetrics,
        query_api.QueryApiMetrics,
        AuditMetrics,
    ):
        made(registry)
    SinkMetrics(registry).begin("coincap.assets.v1", 0)
    found: dict[str, list[float]] = {}
    for family in registry.collect():
        for sample in family.samples:
            found.setdefault(sample.name, []).append(sample.value)
    return found


@pytest.mark.parametrize("metric", TAKEN)
def test_a_counter_that_a_rule_takes_the_increase_of_begins_at_zero(metric: str) -> None:
    values = samples().get(metric, [])

    assert values
    assert set(values) == {0.0}


def test_there_are_such_rules() -> None:
    assert len(TAKEN) > 10


def sources(service: str, package: str) -> str:
    folder = ROOT / "services" / service / "src" / package
    return "\n".join(file.read_text() for file in sorted(Path(folder).rglob("*.py")))


def test_every_reason_of_the_runners_alarms_begins_at_zero() -> None:
    text = sources("etl-runner", "etl_runner")
    given = re.findall(r'alarms\.labels\(reason="(\w+)"\)', text)
    given += re.findall(r'Trouble\("(\w+)"', text)
    given += [
        one for pair in re.findall(r'reason = "(\w+)" if .* else "(\w+)"', text) for one in pair
    ]
    given += [str(kind) for kind in TOLD]

    assert sorted(set(given)) == list(etl_runner.ALARMS)


def test_every_kind_of_the_ingestors_failures_begins_at_zero() -> None:
    assert sorted(get_args(FailureKind)) == list(FAILURES)


def test_every_route_that_people_wait_for_begins_at_zero() -> None:
    text = sources("query-api", "query_api")
    routes = re.findall(r'web\.(?:get|post|delete)\("(/v1/[^"]*)"', text)

    # Each with the extension of a form, too.
    of_rows = re.findall(r'row_routes\("(/v1/[^"]*)"', text)
    routes += of_rows + [path + ".{format}" for path in of_rows]

    assert sorted(set(routes)) == sorted(query_api.ROUTES)


def test_every_kind_of_the_sinks_retries_begins_at_zero() -> None:
    said = re.findall(r"retried\(partition, ([\w.\"]+)", sources("s3-sink", "s3_sink"))
    given: dict[str, set[str]] = {"error.trouble": {*Trouble}, '"vanished"': {"vanished"}}
    registry = CollectorRegistry()
    SinkMetrics(registry)

    assert set(said) == set(given)
    assert set().union(*given.values()) == {
        sample.labels["kind"]
        for family in registry.collect()
        for sample in family.samples
        if sample.name == "s3_sink_retries_total"
    }
