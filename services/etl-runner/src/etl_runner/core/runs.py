"""The states of a Glue run, and which run already works on a batch."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from coinlake import prices

RunOutcome = Literal["active", "succeeded", "failed"]

# All ten (Glue API, JobRun: JobRunState); the developer guide's "AWS Glue job run statuses" lists
# nine, and code that knows only those hangs (apache/airflow #71570).
_OUTCOMES: dict[str, RunOutcome] = {
    "STARTING": "active",
    "RUNNING": "active",
    "STOPPING": "active",
    "WAITING": "active",
    "SUCCEEDED": "succeeded",
    "FAILED": "failed",
    "ERROR": "failed",
    "TIMEOUT": "failed",
    "STOPPED": "failed",
    "EXPIRED": "failed",
}


@dataclass(frozen=True, slots=True)
class GlueRun:
    """A run of the job. `execution_s` is what Glue bills, before its minimum."""

    run_id: str
    state: str
    batch_id: str | None
    attempt: str | None
    message: str | None
    execution_s: int

    @property
    def outcome(self) -> RunOutcome:
        """A state that is not known counts as active: a deadline ends it, not a guess."""
        return _OUTCOMES.get(self.state, "active")

    @property
    def started_s(self) -> float | None:
        """When it was started, seconds since the epoch, by the name of its attempt; None where that
        says nothing."""
        begin = (self.attempt or "").partition("-")[0]
        return int(begin) / 1000 if begin.isascii() and begin.isdecimal() else None

    @property
    def billed_s(self) -> int:
        return max(prices.RUN_FLOOR_S, self.execution_s)

    @property
    def reason(self) -> str:
        """Why it failed, in Glue's words."""
        return self.message or f"the run ended {self.state} without a message"


def attempt_name(now_s: float, token: str) -> str:
    """The name of a start at a time, in seconds since the epoch: nobody else has it."""
    return f"{int(now_s * 1000)}-{token}"


def active_of(runs: Iterable[GlueRun], batch_id: str) -> GlueRun | None:
    """The run that works on the batch right now."""
    return next(
        (run for run in runs if run.batch_id == batch_id and run.outcome == "active"), None
    )


def of_attempt(runs: Iterable[GlueRun], attempt: str) -> GlueRun | None:
    """The run that was started as `attempt`: the way to find it after a lost reply."""
    return next((run for run in runs if run.attempt == attempt), None)


def usd(billed_s: int, dpu: float, dpu_hour_usd: float) -> float:
    """What a run costs in dollars."""
    return billed_s * dpu * dpu_hour_usd / 3600
