"""One Airflow and one lake for the stories of this folder: each has days of its own."""

import json
import os
from collections.abc import Iterator
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

import pytest

from local_stack.ports import free_ports
from tests.integration.airflow.environment import DAGS, TESTS_DAGS, made
from tests.integration.airflow.running import Airflow
from tests.integration.etl_runner.conftest import Cloud, cloud, lake, start_runner

__all__ = ["cloud", "lake", "start_runner"]


@dataclass
class Alerts:
    """Where failures are posted, as to Alertmanager; `seen` are those that came."""

    url: str = ""
    seen: list[dict[str, Any]] = field(default_factory=list)


@pytest.fixture(scope="package")
def alerts() -> Iterator[Alerts]:
    alerts = Alerts()

    class Receiver(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            alerts.seen.extend(json.loads(body))
            self.send_response(200)
            self.end_headers()

        def log_message(self, *_: object) -> None:
            """Nothing: pytest shows what a test prints."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Receiver) as server:
        alerts.url = f"http://127.0.0.1:{server.server_port}/api/v2/alerts"
        thread = Thread(target=server.serve_forever)
        thread.start()
        yield alerts
        server.shutdown()
        thread.join()


@pytest.fixture(scope="package")
def airflow(
    cloud: Cloud, alerts: Alerts, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Airflow]:
    """Airflow with the DAGs of deploy/airflow and those of the tests."""
    programs = made()
    home = tmp_path_factory.mktemp("airflow")
    (port, logs_port, trigger_port) = free_ports(3)
    bundles = [
        {
            "name": name,
            "classpath": "airflow.dag_processing.bundles.local.LocalDagBundle",
            "kwargs": {"path": str(folder)},
        }
        for name, folder in (("deploy", DAGS), ("tests", TESTS_DAGS))
    ]
    environ = {
        **cloud.environ,
        "PATH": f"{programs}:{os.environ['PATH']}",
        "HOME": str(home),
        "PYTHONPATH": str(DAGS),
        "AIRFLOW_HOME": str(home),
        "AIRFLOW__CORE__LOAD_EXAMPLES": "False",
        "AIRFLOW__CORE__PARALLELISM": "4",
        "AIRFLOW__CORE__SIMPLE_AUTH_MANAGER_ALL_ADMINS": "True",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__API__HOST": "127.0.0.1",
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__API__WORKERS": "1",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(logs_port),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(trigger_port),
        "AIRFLOW__DAG_PROCESSOR__DAG_BUNDLE_CONFIG_LIST": json.dumps(bundles),
        # A worker that is gone is noticed within seconds, not minutes.
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_SEC": "2",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT": "15",
        "AIRFLOW__SCHEDULER__TASK_INSTANCE_HEARTBEAT_TIMEOUT_DETECTION_INTERVAL": "3",
        "AIRFLOW_COINLAKE_ALERT_URL": alerts.url,
        "AIRFLOW_COINLAKE_POLL_S": "1",
        "AIRFLOW_COINLAKE_BUSY_S": "2",
        "AIRFLOW_COINLAKE_RETRY_S": "1",
        # One failure by itself is enough: each run of Spark takes its time.
        "AIRFLOW_COINLAKE_PARK_AFTER": "1",
    }
    running = Airflow(programs, environ, port, home / "standalone.log")
    try:
        running.start()
        yield running
    finally:
        running.end()
