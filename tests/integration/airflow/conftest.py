"""One Airflow and one lake for the stories of this folder: each has days of its own."""

import json
import os
from collections.abc import Iterator

import pytest

from local_stack.ports import free_ports
from tests.integration.airflow.environment import DAGS, TESTS_DAGS, made
from tests.integration.airflow.running import Airflow
from tests.integration.etl_runner.conftest import Cloud, cloud, lake, start_runner

__all__ = ["cloud", "lake", "start_runner"]


@pytest.fixture(scope="package")
def airflow(cloud: Cloud, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Airflow]:
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
        "AIRFLOW_COINLAKE_POLL_S": "1",
        "AIRFLOW_COINLAKE_RETRY_S": "1",
    }
    running = Airflow(programs, environ, port, home / "standalone.log")
    try:
        running.start()
        yield running
    finally:
        running.end()
