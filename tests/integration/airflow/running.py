"""A whole Airflow as a process: started, asked by its HTTP API, told by its own commands, ended."""

import contextlib
import json
import os
import signal
import subprocess
import time
import urllib.error
import urllib.request
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from tests.integration.etl_runner.conftest import until

ENDED = {"success", "failed"}


@dataclass
class Airflow:
    """`airflow standalone`: API server, scheduler, DAG processor and triggerer."""

    programs: Path
    environ: Mapping[str, str]
    port: int
    log: Path
    process: subprocess.Popen[bytes] | None = None
    _token: str = field(default="", repr=False)

    def start(self) -> None:
        self.command("db", "migrate")
        with self.log.open("wb") as sink:
            self.process = subprocess.Popen(
                [str(self.programs / "airflow"), "standalone"],
                env=dict(self.environ),
                stdout=sink,
                stderr=subprocess.STDOUT,
                # Its processes have processes of their own: all of them end with the group.
                start_new_session=True,
            )
        until(self._is_listening, 180)

    def end(self) -> None:
        if self.process is None:
            return
        # It ends its own, and what it forgets is of its group.
        self.process.send_signal(signal.SIGINT)
        try:
            self.process.wait(90)
        finally:
            with contextlib.suppress(ProcessLookupError):
                os.killpg(self.process.pid, signal.SIGKILL)
            self.process.wait(10)

    def kill(self) -> None:
        """SIGKILL for all of its processes at once."""
        assert self.process is not None
        os.killpg(self.process.pid, signal.SIGKILL)
        self.process.wait(10)

    def command(self, *words: str) -> str:
        """What a command of Airflow printed. Fails where it fails."""
        done = subprocess.run(
            [str(self.programs / "airflow"), *words],
            env=dict(self.environ),
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == 0, f"{words}: {done.stdout[-2000:]}{done.stderr[-2000:]}"
        return done.stdout

    def ask(self, path: str, body: object = None, method: str | None = None) -> Any:
        """An answer of the HTTP API."""
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}/api/v2/{path}", data, method=method
        )
        request.add_header("Content-Type", "application/json")
        request.add_header("Authorization", f"Bearer {self._token}")
        with urllib.request.urlopen(request, timeout=30) as answer:
            return json.loads(answer.read() or b"null")

    def _is_listening(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, self.log.read_text()[-3000:]
        try:
            # All are admins here, so nobody has to say who asks.
            with urllib.request.urlopen(
                f"http://127.0.0.1:{self.port}/auth/token", timeout=5
            ) as answer:
                self._token = json.loads(answer.read())["access_token"]
            health = self.ask("monitor/health")
        except (OSError, urllib.error.URLError):
            return False
        return all(
            health[one]["status"] == "healthy"
            for one in ("scheduler", "triggerer", "dag_processor")
        )

    def knows(self, dag_id: str) -> bool:
        try:
            self.ask(f"dags/{dag_id}")
        except urllib.error.HTTPError:
            return False
        return True

    def unpause(self, dag_id: str) -> None:
        until(lambda: self.knows(dag_id), 120)
        self.ask(f"dags/{dag_id}?update_mask=is_paused", {"is_paused": False}, "PATCH")

    def trigger(self, dag_id: str, **conf: object) -> str:
        """Start a run of a DAG; its id."""
        until(lambda: self.knows(dag_id), 120)
        asked = {"logical_date": None, "conf": conf}
        return str(self.ask(f"dags/{dag_id}/dagRuns", asked)["dag_run_id"])

    def runs(self, dag_id: str) -> list[dict[str, Any]]:
        found: list[dict[str, Any]] = self.ask(f"dags/{dag_id}/dagRuns?limit=100")["dag_runs"]
        return found

    def state(self, dag_id: str, run_id: str) -> str:
        return str(self.ask(f"dags/{dag_id}/dagRuns/{run_id}")["state"])

    def ended(self, dag_id: str, run_id: str, within_s: float = 240) -> str:
        """The state in which a run ended."""
        deadline = time.monotonic() + within_s
        while (state := self.state(dag_id, run_id)) not in ENDED:
            assert time.monotonic() < deadline, (state, self.tasks(dag_id, run_id))
            time.sleep(0.5)
        return state

    def instances(self, dag_id: str, run_id: str) -> list[dict[str, Any]]:
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances?limit=200"
        found: list[dict[str, Any]] = self.ask(path)["task_instances"]
        return found

    def tasks(self, dag_id: str, run_id: str) -> dict[str, str | None]:
        """The state of each task of a run, with the number of its batch where there are several."""
        return {
            one["task_id"] + (f"[{one['map_index']}]" if one["map_index"] > 0 else ""): one[
                "state"
            ]
            for one in self.instances(dag_id, run_id)
        }

    def clear(self, dag_id: str, run_id: str, *task_ids: str, downstream: bool = False) -> None:
        """Let tasks of a run that has ended run again, as the button `Clear` does."""
        asked = {
            "dry_run": False,
            "dag_run_id": run_id,
            "task_ids": list(task_ids),
            "only_failed": False,
            "include_downstream": downstream,
            "reset_dag_runs": True,
        }
        self.ask(f"dags/{dag_id}/clearTaskInstances", asked)

    def log_of(self, dag_id: str, run_id: str, task_id: str, try_number: int = 1) -> str:
        """What a task said."""
        index = self.instances(dag_id, run_id)
        mapped = next(one["map_index"] for one in index if one["task_id"] == task_id)
        path = f"dags/{dag_id}/dagRuns/{run_id}/taskInstances/{task_id}/logs/{try_number}"
        told = self.ask(f"{path}?map_index={mapped}&full_content=true")
        return json.dumps(told)

    def events(self) -> list[dict[str, Any]]:
        """Every event of an asset, oldest first."""
        found: list[dict[str, Any]] = self.ask("assets/events?limit=1000&order_by=timestamp")[
            "asset_events"
        ]
        return found
