"""Failures of tasks: one log line each, and an alert where somebody listens."""

import json
import logging
import urllib.request
from datetime import UTC, datetime, timedelta
from typing import Any

from .config import settings

log = logging.getLogger(__name__)

TIMEOUT_S = 10
RESOLVED_AFTER = timedelta(hours=1)
"""A failure that comes again is told again; one that does not is over by itself."""


def tell(context: Any) -> None:
    """Airflow's `on_failure_callback`: a task has failed for good, all its tries included."""
    ti = context["ti"]
    where = f"{ti.dag_id}.{ti.task_id}"
    reason = str(context.get("exception") or "it ended without saying why")
    log.error("%s failed in %s: %s", where, ti.run_id, reason)
    url = settings().alert_url
    if url is not None:
        post(url, [alert(where, str(ti.run_id), ti.map_index, reason, datetime.now(UTC))])


def alert(
    where: str, run_id: str, map_index: int, reason: str, now: datetime
) -> dict[str, Any]:
    """An alert as Alertmanager takes it (Alertmanager API v2, postableAlert)."""
    return {
        "labels": {
            "alertname": "AirflowTaskFailed",
            "service": "airflow",
            "severity": "warning",
            "task": where,
        },
        "annotations": {
            "summary": f"{where} failed: {reason}"[:1000],
            "run": run_id if map_index < 0 else f"{run_id}, batch {map_index}",
        },
        "startsAt": now.isoformat(),
        "endsAt": (now + RESOLVED_AFTER).isoformat(),
    }


def post(url: str, alerts: list[dict[str, Any]]) -> None:
    """Raises OSError where nobody takes it; Airflow logs that."""
    request = urllib.request.Request(
        url, json.dumps(alerts).encode(), {"Content-Type": "application/json"}, method="POST"
    )
    with urllib.request.urlopen(request, timeout=TIMEOUT_S):
        pass
