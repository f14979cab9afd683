"""What query-api reads from its environment."""

from decimal import Decimal

from pydantic import BaseModel, ConfigDict, Field, SecretStr, field_validator
from pydantic_settings import SettingsConfigDict

from coinlake import prices
from coinlake.contracts.cloud import ATHENA_RESULTS_PREFIX, WORKGROUP
from coinlake.settings import (
    MAX_BYTES,
    MAX_SECONDS,
    Count,
    CountOrZero,
    Seconds,
    SecondsOrZero,
    ServiceSettings,
)
from query_api.core.budget import Budget
from query_api.core.keys import ApiKey, parse_keys


class AthenaSettings(BaseModel):
    """How Athena is asked."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    workgroup: str = Field(default=WORKGROUP, description="Athena workgroup of every query.")
    results_prefix: str = Field(
        default=ATHENA_RESULTS_PREFIX,
        description="Prefix for results in the bucket, unless the workgroup enforces its own.",
    )
    usd_per_tb: Decimal = Field(
        default=Decimal(int(prices.USD_PER_TB_SCANNED)),
        ge=0,
        le=1_000_000,
        description="Price of a scanned TB.",
    )
    poll_first_s: Seconds = Field(
        default=0.05,
        description="Wait before the first poll of a statement that is not known yet.",
    )
    poll_cap_s: Seconds = Field(default=1.0, description="Longest wait between polls.")
    poll_calls_per_s: Seconds = Field(
        default=50.0, description="GetQueryExecution calls a second, each about one query."
    )
    batch_calls_per_s: Seconds = Field(
        default=10.0,
        description="BatchGetQueryExecution calls a second, each about up to 50 queries.",
    )
    start_calls_per_s: Seconds = Field(
        default=20.0, description="StartQueryExecution and StopQueryExecution calls a second."
    )
    token_salt: SecretStr = Field(
        default=SecretStr(""),
        description="Secret that replicas share so that they start a query once; without it each process has its own.",
    )
    stop_deadline_s: Seconds = Field(
        default=5.0, description="How long the service keeps trying to stop an abandoned query."
    )


class LimitSettings(BaseModel):
    """What one request and all requests together may take."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_running: Count = Field(
        default=8, description="Queries that run in Athena at the same time."
    )
    max_queued: CountOrZero = Field(
        default=32, description="Queries that may wait for a slot; further ones get 429."
    )
    max_sql_per_key: Count = Field(
        default=4, description="Unfinished SQL queries per key; further ones get 429."
    )
    max_in_hand_per_key: Count = Field(
        default=2,
        description="Requests of a key, or without one of an address, that are worked on at a time; those that wait for Athena do not count.",
    )
    typed_deadline_s: Seconds = Field(
        default=30.0, description="Deadline of a typed endpoint's query."
    )
    sql_deadline_s: Seconds = Field(default=300.0, description="Deadline of an ad-hoc query.")
    guard_deadline_s: Seconds = Field(
        default=5.0, description="Deadline for checking a statement, once it is its turn."
    )
    guard_cpu_s: Seconds = Field(
        default=1.0, description="CPU time that checking a statement may take."
    )
    guard_workers: Count = Field(
        default=2,
        description="Processes that check statements; one of them is left to other keys.",
    )
    max_guard_waiting: Count = Field(
        default=8,
        description="Statements of a key that may wait to be checked; further ones get 429.",
    )
    estimate_deadline_s: Seconds = Field(
        default=5.0,
        description="Deadline for estimating a statement's bytes; without an estimate it runs all the same.",
    )
    max_wait_s: SecondsOrZero = Field(default=30.0, description="Largest `wait` of a request.")
    max_rows: Count = Field(
        default=10_000, description="Largest number of rows in a typed endpoint's answer."
    )
    max_result_rows: Count = Field(
        default=1_000_000,
        description="Largest number of rows of an ad-hoc query, over all pages of its result.",
    )
    max_result_bytes: int = Field(
        default=1024**3,
        ge=1024**2,
        le=MAX_BYTES,
        description="Largest result object that is read.",
    )
    write_deadline_s: Seconds = Field(
        default=30.0,
        description="How long a client may take to read 256 KiB of an answer before it is cut.",
    )
    max_assets: Count = Field(
        default=2_500, description="Largest number of assets in /v1/assets."
    )
    max_ids: Count = Field(
        default=100, description="Largest number of ids in one request, such as in `ids`."
    )
    max_candles: Count = Field(
        default=5_000, description="Largest number of candles in an answer."
    )
    max_quotes_range_s: int = Field(
        default=7 * 86_400,
        ge=60,
        le=MAX_SECONDS,
        description="Longest time range of quotes in one request.",
    )
    kept_answers: Count = Field(
        default=256, description="How many answers are kept for whoever asks the same."
    )
    kept_answer_bytes: int = Field(
        default=64 * 1024 * 1024,
        ge=0,
        le=MAX_BYTES,
        description="Memory for answers that are kept; 0 keeps none.",
    )
    keep_results_s: Seconds = Field(
        default=600.0, description="How long the result of a finished ad-hoc query is kept."
    )
    keep_results: Count = Field(
        default=64, description="How many results of finished ad-hoc queries are kept."
    )
    max_body_bytes: int = Field(
        default=64 * 1024, ge=1024, le=MAX_BYTES, description="Largest request body."
    )
    max_header_bytes: int = Field(
        default=8 * 1024,
        ge=1024,
        le=MAX_BYTES,
        description="Largest request line or header field.",
    )
    header_deadline_s: Seconds = Field(
        default=10.0,
        description="How long a connection may take to send a request, its body included.",
    )
    idle_s: Seconds = Field(
        default=30.0, description="How long a connection is kept open between two requests."
    )
    max_connections: Count = Field(
        default=512, description="Open connections; further ones are closed."
    )
    max_connections_per_client: Count = Field(
        default=256,
        description="Open connections of one address; further ones are closed. A proxy in front is one.",
    )


class BudgetSettings(BaseModel):
    """What a key may have Athena read, unless its entry says otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    day_bytes: int = Field(
        default=10**12, ge=0, le=10**18, description="Bytes that a key may have read per day."
    )
    minute_bytes: int = Field(
        default=10**11,
        ge=0,
        le=10**18,
        description="Bytes that a key may have read per minute.",
    )
    anonymous_day_bytes: int = Field(
        default=10**12,
        ge=0,
        le=10**18,
        description="Bytes per day for all who ask without a key.",
    )
    anonymous_minute_bytes: int = Field(
        default=10**11,
        ge=0,
        le=10**18,
        description="Bytes per minute for all who ask without a key.",
    )
    flush_s: Seconds = Field(
        default=5.0,
        description="How often what keys have spent is written to the bucket; a crash forgets at most so much.",
    )

    @property
    def of_keys(self) -> Budget:
        return Budget(self.day_bytes, self.minute_bytes)

    @property
    def of_anonymous(self) -> Budget:
        return Budget(self.anonymous_day_bytes, self.anonymous_minute_bytes)


class KeySettings(BaseModel):
    """How the API keys in the bucket are read."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    look_s: Seconds = Field(
        default=15.0,
        description="How often the API keys in the bucket are read; a revoked key opens at most this much longer.",
    )
    keep_s: Seconds = Field(
        default=300.0,
        description="How long the last known keys of the bucket hold while it cannot be read.",
    )


class Settings(ServiceSettings):
    """Settings of query-api; every variable starts with QUERY_API_."""

    model_config = SettingsConfigDict(env_prefix="QUERY_API_")

    keys: tuple[str, ...] = Field(
        default=(),
        description="JSON list of name:scopes:sha256hex; the scopes are read and sql, separated by commas.",
    )
    key_store: KeySettings = Field(
        default_factory=KeySettings, description="API keys in the bucket."
    )
    budget: BudgetSettings = Field(
        default_factory=BudgetSettings, description="Budgets of keys in bytes."
    )
    anonymous_read: bool = Field(
        default=False,
        description="Whether the scope read needs no key; only for listeners on loopback.",
    )
    max_skew_s: int = Field(
        default=600,
        ge=0,
        le=MAX_SECONDS,
        description="Largest |received - source| in seconds; partition ranges are widened by it.",
    )
    latest_hours: int = Field(
        default=2,
        ge=1,
        le=48,
        description="How many of the newest hours are searched for latest prices.",
    )
    ledger_ttl_s: SecondsOrZero = Field(
        default=2.0, description="How stale the cached newest hours of the ledger may be."
    )
    ledger_full_s: SecondsOrZero = Field(
        default=30.0, description="How stale the cached older hours of the ledger may be."
    )
    ledger_idle_s: Seconds = Field(
        default=300.0,
        description="How stale the newest hours of the ledger, and the gauges of them, may be while nobody asks.",
    )
    cursor_secret: SecretStr | None = Field(
        default=None,
        min_length=16,
        description="Signs cursors; replicas need the same. Without it each process has its own, and a cursor ends with it.",
    )
    athena: AthenaSettings = Field(default_factory=AthenaSettings, description="Athena.")
    limits: LimitSettings = Field(default_factory=LimitSettings, description="Limits.")

    @field_validator("keys")
    @classmethod
    def _keys_parse(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        parse_keys(value)
        return value

    @property
    def api_keys(self) -> tuple[ApiKey, ...]:
        return parse_keys(self.keys)
