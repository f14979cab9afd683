"""Settings of the DAGs: AIRFLOW_COINLAKE_*, beside COINLAKE_* and AWS_*."""

import os
from functools import cache

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from coinlake.contracts.cloud import CRAWLER, GLUE_JOB
from coinlake.settings import Bytes, Count, LakeSettings, Seconds, SecondsOrZero, load
from etl_runner.core.plan import PlanningPolicy

_MIB = 1024 * 1024


class Settings(BaseSettings):
    """Read once in each process of Airflow. The defaults suit AWS: about one run for a closed hour."""

    model_config = SettingsConfigDict(
        env_prefix="AIRFLOW_COINLAKE_", frozen=True, extra="forbid"
    )

    schedule: str = Field(
        default="*/15 * * * *",
        description="When `coinlake_hours` looks, as cron says it (UTC).",
    )
    settle_s: SecondsOrZero = Field(
        default=900.0,
        description="An hour is made this long after its end; it counts as closed by its age then.",
    )
    lookback_hours: Count = Field(
        default=48, description="How far back `coinlake_hours` looks each time."
    )
    max_hours: Count = Field(default=96, description="Largest number of hours in one batch.")
    max_batch_bytes: Bytes = Field(
        default=2048 * _MIB, description="Largest total size of the raw objects in one batch."
    )
    max_skew_s: Seconds = Field(
        default=3600.0,
        description="As ETL_RUNNER_MAX_SKEW_S: a runner beside the DAGs then knows their batches.",
    )
    job_name: str = Field(default=GLUE_JOB, description="Name of the Glue job.")
    crawler_name: str = Field(default=CRAWLER, description="Name of the Glue crawler.")
    worker_type: str = Field(default="G.1X", description="Worker type of each run.")
    workers: Count = Field(default=2, description="Number of workers of each run.")
    deferrable: bool = Field(
        default=True, description="Whether the triggerer waits for a run instead of a worker."
    )
    poll_s: Count = Field(default=15, description="Seconds between two looks at a run.")
    busy_s: Seconds = Field(
        default=30.0, description="Wait for the job's only slot while another run has it."
    )
    run_deadline_s: Seconds = Field(
        default=1800.0, description="How long one try of a task waits for a run."
    )
    retries: int = Field(
        default=5, ge=0, le=100, description="Further tries where something is away."
    )
    retry_s: Seconds = Field(
        default=60.0, description="Wait before the second try; it doubles, up to half an hour."
    )
    park_after: Count = Field(
        default=3, description="An hour whose run failed so often by itself is parked."
    )
    parked_s: Seconds = Field(
        default=21_600.0, description="Wait before a parked hour is tried again."
    )
    max_failed_share: float = Field(
        default=0.01,
        ge=0,
        le=1,
        description="An hour in which a hard quality rule fails more often is not announced.",
    )
    alert_url: str | None = Field(
        default=None,
        description="Where failures are posted: an Alertmanager's address with /api/v2/alerts.",
    )
    lake: LakeSettings = Field(default_factory=LakeSettings, description="From COINLAKE_*.")

    def policy(self) -> PlanningPolicy:
        """The runner's terms of a batch: whatever is dirty and has settled goes at once."""
        return PlanningPolicy(
            max_wait_ms=0,
            target_bytes=1,
            close_grace_ms=int(self.settle_s * 1000),
            close_age_ms=int(self.settle_s * 1000),
            max_hours=self.max_hours,
            max_bytes=self.max_batch_bytes,
        )


@cache
def settings() -> Settings:
    """The environment's. Raises ConfigError, which Airflow shows as the DAG's import error."""
    return load(Settings, os.environ)
