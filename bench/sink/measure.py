"""One run of one writer: started under accounting, waited for, accounted, its objects examined."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from bench.sink.corpus import Tally
from bench.sink.evidence import Evidence, examine
from bench.sink.job import Job
from bench.sink.peers import ROOT, Launch, Writer, environment
from bench.sink.store import Store

_ASK_S = 0.25
_STOP_GRACE_S = 60.0


@dataclass(frozen=True, slots=True)
class Account:
    """What a run took. Seconds of the CPU are those of the writer and all its children."""

    wall_s: float
    user_s: float
    system_s: float
    peak_bytes: int
    exit_code: int
    in_time: bool

    @property
    def cpu_s(self) -> float:
        return self.user_s + self.system_s


@dataclass(frozen=True, slots=True)
class Run:
    """One measured run, with what is stored."""

    account: Account
    evidence: Evidence

    @property
    def verdict(self) -> str:
        """What is stored, and how the program ended where it did not end well."""
        if not self.account.in_time:
            return f"out of time; {self.evidence.verdict}"
        if self.account.exit_code != 0:
            return f"exit code {self.account.exit_code}; {self.evidence.verdict}"
        return self.evidence.verdict

    def as_json(self) -> dict[str, Any]:
        fields = {**asdict(self.account), **asdict(self.evidence)}
        return {**fields, "cpu_s": round(self.account.cpu_s, 3), "verdict": self.verdict}


def measure(
    writer: Writer, job: Job, store: Store, expected: Tally, core: int, limit_s: float
) -> Run:
    """Run a writer on a bucket of its own and look at what it stored."""
    store.make(job.bucket)
    scratch = Path(job.scratch)
    scratch.mkdir(parents=True, exist_ok=True)
    account = accounted(writer.launch(job), job, core, limit_s, scratch / "writer.log")
    evidence = examine(store, job.bucket, expected)
    store.drop(job.bucket)
    return Run(account, evidence)


def accounted(launch: Launch, job: Job, core: int, limit_s: float, log: Path) -> Account:
    """Run a writer on a core until it has stored all, or for so long; what it took."""
    accounting = [sys.executable, "-m", "bench.sink.accounting", "--core", str(core)]
    accounting += ["--limit-s", str(limit_s), "--log", str(log), "--", *launch.command]
    began = time.monotonic()
    process = subprocess.Popen(
        accounting, cwd=ROOT, env=environment(launch, job), stdout=subprocess.PIPE, text=True
    )
    done_s: float | None = None
    try:
        if launch.is_done is not None:
            while process.poll() is None and not launch.is_done():
                time.sleep(_ASK_S)
            done_s = time.monotonic() - began
            process.send_signal(signal.SIGTERM)
        said, _ = process.communicate(timeout=limit_s + _STOP_GRACE_S)
    finally:
        if process.poll() is None:
            process.terminate()
            process.wait(_STOP_GRACE_S)
    told = json.loads(said)
    # A program that runs for ever is done when all is stored, not when it has been told to stop.
    wall_s = told["wall_s"] if done_s is None else round(done_s, 3)
    return Account(
        wall_s,
        told["user_s"],
        told["system_s"],
        told["peak_bytes"],
        told["exit_code"],
        told["in_time"],
    )
