"""What goes wrong in the local Glue: slow calls, a job in other words, processes that are killed."""

import hashlib
import json
import os
import signal
import threading
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from coinlake.contracts.cloud import CRAWLER, DATABASE, GLUE_JOB
from tests.integration.etl_runner.conftest import BUCKET, Lake, until

_KEPT = (
    "Role",
    "DefaultArguments",
    "GlueVersion",
    "WorkerType",
    "NumberOfWorkers",
    "Command",
    "ExecutionProperty",
    "Timeout",
    "JobRunQueuingEnabled",
)


@contextmanager
def job_script(lake: Lake, script: bytes, **more: Any) -> Iterator[None]:
    """The job with another script, and other settings, for the length of a block."""
    job = lake.glue.get_job(JobName=GLUE_JOB)["Job"]
    kept = {name: job[name] for name in _KEPT if name in job}
    key = f"jobs/{hashlib.sha256(script).hexdigest()[:16]}.py"
    lake.s3.put_object(Bucket=BUCKET, Key=key, Body=script)
    other = {"Command": job["Command"] | {"ScriptLocation": f"s3://{BUCKET}/{key}"}, **more}
    lake.glue.update_job(JobName=GLUE_JOB, JobUpdate=kept | other)
    try:
        yield
    finally:
        lake.glue.update_job(JobName=GLUE_JOB, JobUpdate=kept)


@contextmanager
def job_settings(lake: Lake, **more: Any) -> Iterator[None]:
    """The job as it is, with other settings, for the length of a block."""
    job = lake.glue.get_job(JobName=GLUE_JOB)["Job"]
    kept = {name: job[name] for name in _KEPT if name in job}
    lake.glue.update_job(JobName=GLUE_JOB, JobUpdate=kept | more)
    try:
        yield
    finally:
        lake.glue.update_job(JobName=GLUE_JOB, JobUpdate=kept)


@contextmanager
def slot_taken(lake: Lake) -> Iterator[None]:
    """The job's only slot is with a run of somebody else for the length of a block."""
    # A test before may have left a run that nobody waits for: it has the slot until it ends.
    stop_active(lake)
    until(lambda: not _active(lake))
    with job_script(lake, b"import time\ntime.sleep(3600)\n"):
        run = lake.glue.start_job_run(JobName=GLUE_JOB, Arguments={"--batch_id": "another"})
    try:
        yield
    finally:
        # Errors are told in the answer: it is none if the run was stopped before.
        lake.glue.batch_stop_job_run(JobName=GLUE_JOB, JobRunIds=[run["JobRunId"]])


def runs(lake: Lake, batch_id: str | None = None) -> list[dict[str, Any]]:
    """The job's runs, newest first; those of one batch if told."""
    found = lake.glue.get_job_runs(JobName=GLUE_JOB, MaxResults=200)["JobRuns"]
    return [
        run for run in found if batch_id in (None, run.get("Arguments", {}).get("--batch_id"))
    ]


def stop_active(lake: Lake) -> None:
    """Stop every run that has not ended."""
    if ids := _active(lake):
        lake.glue.batch_stop_job_run(JobName=GLUE_JOB, JobRunIds=ids)


def _active(lake: Lake) -> list[str]:
    active = {"WAITING", "STARTING", "RUNNING", "STOPPING"}
    return [run["Id"] for run in runs(lake) if run["JobRunState"] in active]


@contextmanager
def slowed(
    lake: Lake, operation: str, key_prefix: str, delay_s: float, *, outlives: bool = False
) -> Iterator[None]:
    """A call waits before it is done, for the length of a block: in its midst, for who looks.

    Behind the block nothing waits any more, unless it `outlives` it: what a killed job has sent is
    done all the same.
    """
    rule = {
        "operation": operation,
        # A listing names the bucket alone.
        "key_prefix": f"{BUCKET}/{key_prefix}" if key_prefix else BUCKET,
        "delay_ms": int(delay_s * 1000),
    }
    _faults(lake, "PUT", {"rules": [rule]})
    try:
        yield
    finally:
        _faults(lake, "DELETE", None)
        time.sleep(0 if outlives else delay_s)


def slowed_calls(lake: Lake) -> int:
    """How many calls have been slowed so far."""
    return sum(_faults(lake, "GET", None)["fired"].values())


def _faults(lake: Lake, method: str, body: object) -> Any:
    url = f"http://127.0.0.1:{lake.cloud.admin_port}/faults"
    data = None if body is None else json.dumps(body).encode()
    with urllib.request.urlopen(urllib.request.Request(url, data, method=method)) as answer:
        return json.loads(answer.read())


def kill_run(run: dict[str, Any], what: str) -> None:
    """Kill -9 of a run's `jvm` (Spark's driver, and its only executor here) or of its `script`."""
    attempt = run["Arguments"]["--attempt"]
    mine = [
        pid for pid, words in _processes() if attempt in words and "supervisor.py" not in words
    ]
    (script,) = [pid for pid in mine if "java" not in _name(pid)]
    if what == "script":
        os.kill(script, signal.SIGKILL)
        return
    (jvm,) = [pid for pid, _ in _processes() if _name(pid) == "java" and _parent(pid) == script]
    os.kill(jvm, signal.SIGKILL)


def _processes() -> list[tuple[int, str]]:
    """Every process with its command line (proc_pid_cmdline(5))."""
    found = []
    for folder in Path("/proc").iterdir():
        if folder.name.isdigit():
            try:
                words = (folder / "cmdline").read_bytes().replace(b"\0", b" ").decode()
            except OSError:
                continue  # it has ended meanwhile
            found.append((int(folder.name), words))
    return found


def _name(pid: int) -> str:
    try:
        return Path(f"/proc/{pid}/comm").read_text().strip()
    except OSError:
        return ""  # it has ended meanwhile


def _parent(pid: int) -> int:
    text = Path(f"/proc/{pid}/stat").read_text()
    return int(text.rpartition(")")[2].split()[1])


def crawl_ended(lake: Lake) -> dict[str, Any]:
    """The crawler's last crawl, once it is ready."""
    told = until(
        lambda: (
            (one := lake.glue.get_crawler(Name=CRAWLER)["Crawler"])["State"] == "READY" and one
        )
    )
    found: dict[str, Any] = told.get("LastCrawl", {})
    return found


def schemas(lake: Lake) -> dict[str, list[tuple[str, str]]]:
    """Every table of the catalog with its columns and their types."""
    pages = lake.glue.get_paginator("get_tables").paginate(DatabaseName=DATABASE)
    return {
        table["Name"]: [
            (column["Name"], column["Type"])
            for column in table.get("StorageDescriptor", {}).get("Columns", [])
        ]
        for page in pages
        for table in page["TableList"]
    }


@dataclass
class Crawls:
    """How the crawls went."""

    succeeded: int = 0
    failed: list[str] = field(default_factory=list)


@contextmanager
def crawling(lake: Lake) -> Iterator[Crawls]:
    """One crawl after the other for the length of a block."""
    crawls, stop = Crawls(), threading.Event()

    def crawl() -> None:
        while not stop.is_set():
            lake.glue.start_crawler(Name=CRAWLER)
            last = crawl_ended(lake)
            if last["Status"] == "SUCCEEDED":
                crawls.succeeded += 1
            else:
                crawls.failed.append(f"{last['Status']}: {last.get('ErrorMessage')}")

    thread = threading.Thread(target=crawl)
    thread.start()
    try:
        yield crawls
    finally:
        stop.set()
        thread.join()
