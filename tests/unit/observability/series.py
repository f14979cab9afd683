"""Every series that the services' code can make, beside the rules and alerts as written."""

from prometheus_client import CollectorRegistry
from prometheus_client.metrics import MetricWrapperBase

from coinlake_tools.auditor import AuditMetrics
from etl_runner.metrics import EtlMetrics
from ingestor.metrics import IngestorMetrics
from query_api.metrics import QueryApiMetrics
from s3_sink.metrics import SinkMetrics
from tests.unit.observability.host_series import THEIRS
from tests.unit.observability.promql import (
    alerts,
    expressions,
    recorded,
)

# What Prometheus adds itself. Its own metrics are checked in a real scrape.
OURS = (
    *("ingestor_", "s3_sink_", "etl_runner_", "query_api_", "audit_"),
    *("node_", "kafka_", "coinlake_"),
)


def metrics() -> dict[str, set[str]]:
    """Every series name that the services' code can make, with its labels."""
    registry = CollectorRegistry()
    found: dict[str, set[str]] = {}
    for made in (
        IngestorMetrics(registry),
        SinkMetrics(registry),
        EtlMetrics(registry),
        QueryApiMetrics(registry),
        AuditMetrics(registry),
    ):
        for metric in vars(made).values():
            if isinstance(metric, MetricWrapperBase):
                found |= _series(metric)
    return found


def _series(metric: MetricWrapperBase) -> dict[str, set[str]]:
    labels = set(metric._labelnames)
    (family,) = list(metric.describe())
    if family.type == "histogram":
        return {
            f"{family.name}_bucket": labels | {"le"},
            f"{family.name}_sum": labels,
            f"{family.name}_count": labels,
        }
    return {family.name + ("_total" if family.type == "counter" else ""): labels}


METRICS = {**metrics(), **THEIRS}

RECORDED = recorded()

ALERTS = alerts()

EXPRESSIONS = expressions()
