"""Settings of the etl-runner: ETL_RUNNER_*."""

from pydantic import Field, SecretStr
from pydantic_settings import SettingsConfigDict

from coinlake import prices
from coinlake.contracts.cloud import CRAWLER, GLUE_JOB
from coinlake.settings import Bytes, Count, Seconds, SecondsOrZero, ServiceSettings
from etl_runner.core.plan import PlanningPolicy

_MIB = 1024 * 1024


class Settings(ServiceSettings):
    """Read once. The defaults suit AWS: about one run per closed hour."""

    model_config = SettingsConfigDict(
        env_prefix="ETL_RUNNER_", env_nested_delimiter="__", frozen=True, extra="forbid"
    )

    max_wait_s: SecondsOrZero = Field(
        default=3600.0, description="A dirty hour is rebuilt after being dirty for this long."
    )
    target_bytes: Bytes = Field(
        default=128 * _MIB,
        description="A dirty hour with this many new bytes is rebuilt at once.",
    )
    close_grace_s: SecondsOrZero = Field(
        default=300.0,
        description="How long an hour that has just ended waits for the watermark to pass it.",
    )
    close_age_s: SecondsOrZero = Field(
        default=7200.0,
        description="Without a watermark, an hour counts as closed this long after its end.",
    )
    max_hours: Count = Field(default=96, description="Largest number of hours in one batch.")
    max_batch_bytes: Bytes = Field(
        default=2048 * _MIB, description="Largest total size of the raw objects in one batch."
    )
    reconcile_s: Seconds = Field(
        default=900.0, description="Time between two listings of the recent hours."
    )
    poll_s: Seconds = Field(
        default=5.0, description="Time between two checks of a run or a crawl."
    )
    run_deadline_s: Seconds = Field(
        default=1800.0, description="A run that takes longer is stopped."
    )
    crawl_deadline_s: Seconds = Field(
        default=1800.0, description="A crawl that takes longer counts as failed."
    )
    audit_crawl_s: Seconds = Field(
        default=604_800.0, description="Time between two crawls that only check the catalog."
    )
    park_after: Count = Field(
        default=5,
        description="An hour is parked after this many failures in a row: an alarm, and long waits.",
    )
    retry_base_s: Seconds = Field(
        default=60.0,
        description="Wait after the first failed run; it doubles with each further failure.",
    )
    retry_cap_s: Seconds = Field(default=1800.0, description="Longest wait after a failed run.")
    parked_base_s: Seconds = Field(
        default=3600.0,
        description="Wait of a parked hour; it doubles with each further failure.",
    )
    parked_cap_s: Seconds = Field(
        default=86_400.0, description="Longest wait of a parked hour."
    )
    max_skew_s: Seconds = Field(
        default=3600.0,
        description="Largest |receive time - source time|; one further off leaves `source_ts` null.",
    )
    dpu: float = Field(
        default=2.0,
        gt=0,
        le=10_000,
        allow_inf_nan=False,
        description="DPUs of a run; used for its cost.",
    )
    dpu_hour_usd: float = Field(
        default=prices.USD_PER_DPU_HOUR,
        ge=0,
        le=1_000,
        allow_inf_nan=False,
        description="Dollars per DPU-hour.",
    )
    job_name: str = Field(default=GLUE_JOB, description="Name of the Glue job.")
    crawler_name: str = Field(default=CRAWLER, description="Name of the Glue crawler.")
    admin_token: SecretStr | None = Field(
        default=None, description="Bearer token required by POST /v1/*, if set."
    )

    def policy(self) -> PlanningPolicy:
        """The same as the planner wants it."""
        return PlanningPolicy(
            max_wait_ms=int(self.max_wait_s * 1000),
            target_bytes=self.target_bytes,
            close_grace_ms=int(self.close_grace_s * 1000),
            close_age_ms=int(self.close_age_s * 1000),
            max_hours=self.max_hours,
            max_bytes=self.max_batch_bytes,
        )
