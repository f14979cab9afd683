"""The settings of the sink; every variable starts with S3_SINK_."""

from pydantic import BaseModel, ConfigDict, Field, model_validator
from pydantic_settings import SettingsConfigDict

from coinlake.contracts.topics import copied_by_the_sink
from coinlake.settings import (
    MAX_BYTES,
    Bytes,
    Count,
    Seconds,
    SecondsOrZero,
    ServiceSettings,
)

_MIB = 1024 * 1024
# The broker gives a partition away this long after the first member was told to let go
# (Kafka protocol, JoinGroup: rebalance_timeout_ms).
REBALANCE_TIMEOUT_S = 60.0


class ObjectSettings(BaseModel):
    """When a part is sealed; the defaults suit CoinCap's rate."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    max_bytes: Bytes = Field(
        default=8 * _MIB, description="Estimated compressed size at which an object is cut."
    )
    max_raw_bytes: Bytes = Field(
        default=32 * _MIB,
        description="Size of the values, before compression, at which an object is cut.",
    )
    max_records: Count = Field(
        default=100_000, description="Number of records at which an object is cut."
    )
    max_age_s: Seconds = Field(
        default=60.0, description="How long a value waits at most before its object is cut."
    )
    gzip_level: int = Field(
        default=1, ge=0, le=3, description="Compression level of ISA-L, 0 to 3."
    )


class GroupSettings(BaseModel):
    """The membership in the consumer group."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    id: str = Field(default="coinlake-s3-sink", min_length=1, description="Consumer group.")
    instance_id: str | None = Field(
        default=None,
        description="Static member name: a killed sink that comes back gets its partitions at "
        "once. Two live sinks must never share one.",
    )
    session_timeout_s: float = Field(
        default=45.0,
        ge=6,
        # The broker's group.max.session.timeout.ms is half an hour by default (Kafka's broker configs).
        le=1_800,
        allow_inf_nan=False,
        description="Silence after which the broker removes a member from the group.",
    )


class Settings(ServiceSettings):
    """Everything that the sink can be told."""

    model_config = SettingsConfigDict(env_prefix="S3_SINK_")

    topics: tuple[str, ...] = Field(
        default_factory=copied_by_the_sink,
        min_length=1,
        description="JSON list of the topics to copy.",
    )
    object: ObjectSettings = Field(
        default_factory=ObjectSettings, description="How the objects are cut."
    )
    group: GroupSettings = Field(default_factory=GroupSettings, description="Consumer group.")
    heartbeat_producers: tuple[str, ...] = Field(
        default=(),
        description="JSON list of the producers that must all have sent a watermark before the stream's "
        "position moves; empty: any heartbeat moves it.",
    )
    budget_bytes: int = Field(
        default=256 * _MIB,
        ge=8 * _MIB,
        le=MAX_BYTES,
        description="Memory for records across all stages.",
    )
    fetch_bytes: Bytes = Field(
        default=4 * _MIB,
        description="Bytes that one fetch brings of one partition, at most; all fetches together "
        "bring at most 2 MiB, less under a small budget.",
    )
    flush_deadline_s: Seconds = Field(
        default=20.0,
        lt=REBALANCE_TIMEOUT_S / 2,
        description="How long a revoke or SIGTERM waits until everything held is stored.",
    )
    retry_cap_s: Seconds = Field(
        default=30.0, description="Longest wait between two attempts to reach a dependency."
    )
    longest_outage_s: SecondsOrZero = Field(
        default=3 * 86_400.0,
        description="Warn if a topic keeps its records for less time than this.",
    )
    replication_factor: Count = Field(
        default=1, description="Replication factor of topics that the sink creates."
    )

    @model_validator(mode="after")
    def _deadline_before_session(self) -> "Settings":
        if self.flush_deadline_s >= self.group.session_timeout_s:
            raise ValueError("flush_deadline_s must be shorter than group.session_timeout_s")
        return self
