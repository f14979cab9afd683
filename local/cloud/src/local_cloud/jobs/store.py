"""Jobs and runs on disk: one JSON file each, replaced as a whole."""

import json
import os
from pathlib import Path
from typing import Any
from urllib.parse import quote

from local_cloud.jobs.run import JobRun, from_json


class JobStore:
    """Folders `jobs/` and `runs/<id>/` under `root`."""

    def __init__(self, root: Path) -> None:
        self._jobs = root / "jobs"
        self._runs = root / "runs"
        self._jobs.mkdir(parents=True, exist_ok=True)
        self._runs.mkdir(parents=True, exist_ok=True)

    def folder(self, run_id: str) -> Path:
        """Where a run has its script, settings and logs."""
        return self._runs / run_id

    def jobs(self) -> dict[str, dict[str, Any]]:
        """Every definition by name."""
        kept = (json.loads(path.read_text()) for path in sorted(self._jobs.glob("*.json")))
        return {job["Name"]: job for job in kept}

    def put_job(self, job: dict[str, Any]) -> None:
        """Keep a definition."""
        _replace(self._job_path(job["Name"]), job)

    def delete_job(self, name: str) -> None:
        """Forget a definition; its runs stay."""
        self._job_path(name).unlink(missing_ok=True)

    def runs(self) -> list[JobRun]:
        """Every run, oldest first."""
        kept = (json.loads(path.read_text()) for path in self._runs.glob("*/run.json"))
        return sorted((from_json(run) for run in kept), key=lambda run: run.started_on)

    def put_run(self, run: JobRun) -> None:
        """Keep a run as it is now."""
        self.folder(run.id).mkdir(exist_ok=True)
        _replace(self.folder(run.id) / "run.json", run.to_json())

    def _job_path(self, name: str) -> Path:
        return self._jobs / f"{quote(name, safe='')}.json"


def _replace(path: Path, value: dict[str, Any]) -> None:
    draft = path.with_suffix(".draft")
    with draft.open("w", encoding="utf-8") as file:
        json.dump(value, file)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
