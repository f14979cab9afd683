"""The running stack under a real Prometheus: what rules and dashboards name is really there.

The tests build on one another in this order: a calm stack, then a sink that stops and comes back.
"""

import re
import urllib.request
from collections.abc import Callable
from pathlib import Path

import pytest

from coinlake.contracts.raw_layout import RAW_PREFIX
from local_stack.lake import open_lake
from local_stack.settings import exported
from tests.integration.observability.watching import Watched
from tests.unit.observability.host_series import THEIRS
from tests.unit.observability.promql import (
    SCRAPED,
    SERVICES,
    alerts,
    expressions,
    panels,
    recorded,
)

pytestmark = [pytest.mark.needs("promtool"), pytest.mark.needs("alertmanager")]

# Made by Prometheus from scrapes and rules, not by anybody's /metrics.
_MADE = {"up", "ALERTS"}
EC2 = Path(__file__).resolve().parents[3] / "deploy" / "ec2"


def memory_mib(unit: str) -> int:
    """What a unit's `docker run --memory` says."""
    (number, suffix) = re.findall(r"--memory (\d+)([mg]) ", unit)[0]
    return int(number) * (1024 if suffix == "g" else 1)


def test_every_service_is_scraped(watched: Watched) -> None:
    jobs = {*SCRAPED, "prometheus"}

    watched.wait(
        "all targets up",
        lambda: {s["metric"]["job"] for s in watched.query("up == 1")} == jobs,
    )


def test_every_metric_that_is_named_is_really_scraped(watched: Watched) -> None:
    scraped = watched.api("metadata")
    named = {
        (one.where, selector.metric) for one in expressions() for selector in one.selectors
    }

    missing = {
        (where, metric)
        for where, metric in named
        if metric not in _MADE
        # Of the EC2 host: tests/integration/ec2/test_host_metrics.py.
        and metric not in THEIRS
        and metric not in recorded()
        and metric not in scraped
        and re.sub(r"_(bucket|sum|count)$", "", metric) not in scraped
    }

    assert len(named) > 150
    assert missing == set()


def test_data_is_seen_at_every_stage_and_fresh(watched: Watched) -> None:
    expected = {
        (feed, stage)
        for feed in ("assets", "rates", "exchanges", "markets")
        for stage in ("kafka", "raw", "tables")
    }

    def seen(name: str) -> set[tuple[str, str]]:
        return {
            (sample["metric"]["feed"], sample["metric"]["stage"])
            for sample in watched.query(f"time() - {name} < 600")
        }

    watched.wait(
        "every feed at every stage",
        lambda: seen("coinlake:stage_timestamp_seconds") == expected,
        150,
    )
    watched.wait(
        "a promise of completeness at every stage",
        lambda: seen("coinlake:stage_complete_timestamp_seconds") == expected,
        150,
    )
    watched.wait(
        "fresh tables",
        lambda: (
            [s["value"][1] for s in watched.query("coinlake:tables_are_fresh")] == ["1"] * 4
        ),
    )


def test_every_rule_is_evaluated_without_error(watched: Watched) -> None:
    def rules() -> list[dict[str, str]]:
        return [rule for group in watched.api("rules")["groups"] for rule in group["rules"]]

    watched.wait(
        "each rule evaluated",
        lambda: all(rule["health"] != "unknown" for rule in rules()),
    )

    assert {rule["name"] for rule in rules()} == alerts().keys() | recorded().keys()
    assert [rule for rule in rules() if rule["health"] != "ok" or "lastError" in rule] == []
    failures = "sum(prometheus_rule_evaluation_failures_total)"
    assert watched.query(failures)[0]["value"][1] == "0"


def test_labels_that_are_named_are_those_of_real_series(watched: Watched) -> None:
    wrong = []
    for one in expressions():
        has = {"le", *one.made}
        seen = False
        for selector in one.selectors:
            series = watched.api("series", **{"match[]": selector.metric})
            seen = seen or bool(series)
            has |= {label for found in series for label in found}
            if series:
                wrong += [
                    (one.where, selector.metric, label)
                    for label, _, _ in selector.matchers
                    if not any(label in found for found in series)
                ]
        if seen and one.grouped_by - has:
            wrong.append((one.where, "by", str(one.grouped_by - has)))

    # A counter by reason has no series before its first reason: what has none is not judged here.
    assert wrong == []


def test_every_panel_can_be_drawn_and_the_overview_shows_data(watched: Watched) -> None:
    # A query raises where Prometheus cannot evaluate it.
    empty = {
        (name, panel["title"])
        for name, panel in panels()
        for target in panel["targets"]
        if not watched.query(target["expr"].replace("$__rate_interval", "1m"))
    }

    overview = {title for name, title in empty if name == "coinlake-overview.json"}
    # Nobody has asked the query service yet, and the objectives look back four weeks.
    assert overview <= {
        "Requests",
        "Objective: answers of the query service (99 %)",
        "Fresh tables: what is left of four weeks' error budget",
    }


def test_each_process_leaves_half_of_its_units_memory_free(
    watched: Watched, measured: Callable[[str], None]
) -> None:
    units = EC2 / "systemd"
    peaks = {}
    for name in ("kafka", *(service.replace("-", "_") for service in SERVICES)):
        status = Path(f"/proc/{watched.stack.running().processes[name].pid}/status").read_text()
        (kib,) = re.findall(r"^VmHWM:\s+(\d+) kB$", status, re.MULTILINE)
        unit = name.replace("_", "-")
        limit = memory_mib((units / f"coinlake-{unit}.service").read_text())
        peaks[unit] = (int(kib) // 1024, limit)

    measured(f"peak memory of a process, and its unit's limit, MiB: {peaks}")
    assert all(peak <= limit / 2 for peak, limit in peaks.values()), peaks


def test_a_calm_stack_rings_no_alert(watched: Watched) -> None:
    assert watched.ringing() == set()
    assert watched.told.statuses == {}


def test_a_stopped_sink_is_told_and_its_return_too(watched: Watched) -> None:
    watched.stack.stop("s3_sink")

    watched.wait(
        "both alerts of the sink", lambda: watched.ringing() >= {"S3SinkDown", "S3SinkStalled"}
    )
    watched.wait(
        "somebody is told", lambda: watched.told.statuses.get("S3SinkDown") == "firing"
    )
    # That nothing is stored any more follows from that it is down: told once.
    assert watched.told.statuses == {"S3SinkDown": "firing"}
    # The link in the message is absolute, opens, and its setting is no label.
    with urllib.request.urlopen(watched.told.links["S3SinkDown"], timeout=10) as page:
        assert page.read().startswith(b"# S3SinkDown")
    assert {dict(labels).get("runbooks") for labels in watched.told.by_labels} == {None}

    watched.stack.start("s3_sink")

    watched.wait("no alert rings", lambda: watched.ringing() == set())
    watched.wait("the end is told", lambda: watched.told.statuses["S3SinkDown"] == "resolved")


def test_an_object_that_is_lost_from_the_raw_zone_is_told(watched: Watched) -> None:
    watched.wait("a verdict: proven", lambda: total(watched, "audit_verdicts_total") > 0)
    assert total(watched, "sum(audit_findings)") == 0
    lake = open_lake(exported(watched.stack.running()))
    raw = lake.s3.list_objects_v2(Bucket=lake.bucket, Prefix=RAW_PREFIX)["Contents"]
    first = min(raw, key=lambda one: one["LastModified"])["Key"]

    lake.s3.delete_object(Bucket=lake.bucket, Key=first)

    watched.wait("the audit's alert", lambda: "AuditDiffers" in watched.ringing())
    watched.wait(
        "somebody is told", lambda: watched.told.statuses.get("AuditDiffers") == "firing"
    )


def total(watched: Watched, query: str) -> float:
    """The one value of a query; 0 where there is none yet."""
    return sum(float(sample["value"][1]) for sample in watched.query(query))
