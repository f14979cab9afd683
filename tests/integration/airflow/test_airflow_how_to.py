"""Somebody who reads `docs/how-to/schedule-with-airflow.md` and types what it says, in a stack of their own."""

import re
from pathlib import Path

import pytest

from coinlake.contracts.datasets import TABULAR
from coinlake_airflow.config import Settings
from local_stack.ports import free_ports
from tests.e2e.conftest import Lake, new_stack
from tests.e2e.terminal import ROOT, Terminal, blocks, without_keys
from tests.integration.airflow.environment import VENV, made
from tests.integration.etl_runner.conftest import until

PAGE = ROOT / "docs/how-to/schedule-with-airflow.md"
SECTION = "Try it here"


def test_the_page_names_every_setting() -> None:
    text = PAGE.read_text()
    named = {
        found.removeprefix("AIRFLOW_COINLAKE").removeprefix("…").strip("_").lower()
        for found in re.findall(r"`((?:AIRFLOW_COINLAKE|…)_[A-Z_]+)`", text)
    }

    assert named == set(Settings.model_fields) - {"lake"}


def test_the_pages_defaults_are_those_of_the_settings() -> None:
    (row,) = re.findall(r"`AIRFLOW_COINLAKE_SETTLE_S` \| (\d+)", PAGE.read_text())

    assert float(row) == Settings.model_fields["settle_s"].default


@pytest.mark.full_size
@pytest.mark.timeout(1200)
def test_a_reader_lets_airflow_make_the_present_hour_of_a_stack(tmp_path: Path) -> None:
    made()
    port, logs, triggers = free_ports(3)
    environ = without_keys() | {
        # Another Airflow may have the usual ports on this machine.
        "AIRFLOW__API__PORT": str(port),
        "AIRFLOW__API__BASE_URL": f"http://127.0.0.1:{port}",
        "AIRFLOW__CORE__EXECUTION_API_SERVER_URL": f"http://127.0.0.1:{port}/execution/",
        "AIRFLOW__LOGGING__WORKER_LOG_SERVER_PORT": str(logs),
        "AIRFLOW__LOGGING__TRIGGER_LOG_SERVER_PORT": str(triggers),
    }
    terminal = Terminal(tmp_path, environ)
    (terminal.local / "airflow").mkdir(parents=True)
    # It stands in this checkout: half a gigabyte is not installed twice.
    (terminal.local / "airflow/venv").symlink_to(VENV)
    install, tell, start, ask, look, end = blocks(PAGE, SECTION)
    try:
        terminal.types("make up")
        lake = Lake(new_stack(terminal.local))
        until(
            lambda: (
                lake.client("s3")
                .list_objects_v2(Bucket="coinlake", Prefix="raw/coincap.assets.v1/")
                .get("Contents")
            )
        )
        terminal.types(install)
        assert "No data found" in terminal.types(tell)
        terminal.types(start)
        assert " success " in terminal.types(ask)
        ledger = lake.client("s3").list_objects_v2(Bucket="coinlake", Prefix="ledger/")
        feeds = {one["Key"].split("/")[1] for one in ledger["Contents"]}
        assert "feed=assets" in feeds
        assert feeds <= {f"feed={feed}" for feed in TABULAR}
        terminal.types(look)
        terminal.types(end)
    finally:
        # Where the page ended in the middle, its Airflow is still there.
        terminal.types("for job in $(jobs -p); do kill $job || true; done; wait; make down")
        terminal.close()
