"""The ingestor's settings, all from environment variables, read once."""

import re
from pathlib import Path
from typing import Any, Literal, Self
from urllib.parse import urlsplit

from pydantic import (
    BaseModel,
    ConfigDict,
    Field,
    SecretStr,
    create_model,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, SettingsConfigDict

from coinlake.contracts.topics import MAX_MESSAGE_BYTES
from coinlake.settings import MAX_COUNT, Bytes, Count, Seconds, ServiceSettings
from ingestor.core.feeds import FEEDS, Feed
from ingestor.core.page import Page, pages

_FROZEN = ConfigDict(frozen=True, extra="forbid")
# Key, headers and Kafka's own framing; ours take about 600 bytes.
_RECORD_OVERHEAD_BYTES = 64 * 1024


class CoinCapSettings(BaseSettings):
    """The API; the variables have no service prefix, since tools use them too."""

    model_config = SettingsConfigDict(env_prefix="COINCAP_", frozen=True)

    base_url: str = Field(
        default="https://rest.coincap.io/v3", description="Base URL of the API, including /v3."
    )
    api_key: SecretStr | None = Field(
        default=None, description="API key, sent only as `Authorization: Bearer`."
    )

    @field_validator("api_key")
    @classmethod
    def _can_be_sent(cls, key: SecretStr | None) -> SecretStr | None:
        text = "" if key is None else key.get_secret_value()
        if not text.strip():
            # An unset variable often arrives as an empty one, from compose above all.
            return None
        if text.lower().startswith("bearer "):
            raise ValueError("give the key alone, without `Bearer ` in front")
        # The characters of a bearer token: RFC 6750, section 2.1.
        if not re.fullmatch(r"[A-Za-z0-9._~+/-]+=*", text):
            raise ValueError("a key is ASCII without white space or quotes")
        return key

    @field_validator("base_url")
    @classmethod
    def _no_secrets_in_it(cls, url: str) -> str:
        parts = urlsplit(url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("COINCAP_BASE_URL must be an http or https URL")
        # The URL goes into headers and logs; `?apiKey=` and user:password would go with it.
        if parts.query or parts.fragment or "@" in parts.netloc:
            raise ValueError(
                "COINCAP_BASE_URL must not contain a query, fragment or user: keys do not belong there"
            )
        return url.rstrip("/")


class FeedSettings(BaseModel):
    """One feed. The interval is a wish: the credit plan may stretch it."""

    model_config = _FROZEN

    interval_s: Seconds = Field(description="Seconds between two polls of a page.")
    limit: int = Field(
        ge=0, le=2_000, description="Items per page; 0 sends no paging parameters."
    )
    pages: int = Field(
        default=1, ge=0, le=100, description="Pages to poll; 0 turns the feed off."
    )


def _default(feed: Feed) -> FeedSettings:
    return FeedSettings(interval_s=feed.interval_s, limit=feed.limit, pages=feed.pages)


_BY_NAME: dict[str, Any] = {
    name: (FeedSettings, Field(default=_default(feed), description=feed.about))
    for name, feed in FEEDS.items()
}
FeedsSettings = create_model("FeedsSettings", __config__=_FROZEN, **_BY_NAME)
"""A section for each feed, by its name; the defaults are the feed's own."""


class PollSettings(BaseModel):
    """Limits of one call, and the delays after failures."""

    model_config = _FROZEN

    timeout_s: Seconds = Field(default=30.0, description="Timeout of one call.")
    connect_timeout_s: Seconds = Field(default=10.0, description="Timeout for connecting.")
    max_body_bytes: int = Field(
        default=MAX_MESSAGE_BYTES - _RECORD_OVERHEAD_BYTES,
        gt=0,
        le=MAX_MESSAGE_BYTES - _RECORD_OVERHEAD_BYTES,
        description="Largest decoded body; it must fit into one Kafka record.",
    )
    max_skew_s: Seconds = Field(
        default=300.0,
        description="Largest difference between the body's timestamp, or `Date`, and our time.",
    )
    key_probe_s: Seconds = Field(
        default=3_600.0,
        description="Seconds between probes of a refused key; no pause is longer.",
    )
    backoff_base_s: Seconds = Field(
        default=1.0,
        description="Upper bound of the first backoff; it doubles with each failure.",
    )
    backoff_cap_s: Seconds = Field(default=300.0, description="Upper bound of any backoff.")
    calls_per_minute: Count = Field(
        default=600, description="The CoinCap plan's limit on calls per minute."
    )


class CreditSettings(BaseModel):
    """What may be spent."""

    model_config = _FROZEN

    per_month: Count = Field(default=4_000, description="Credits to spend per UTC month.")
    max_total: int | None = Field(
        default=None,
        ge=0,
        le=MAX_COUNT,
        description="Hard limit on the credits ever spent from this state directory; none if unset.",
    )


class JournalSettings(BaseModel):
    """The journal, which is the spool while Kafka is away."""

    model_config = _FROZEN

    max_bytes: Bytes = Field(
        default=1024**3, description="Bytes that may wait for Kafka; beyond that polling stops."
    )


class Settings(ServiceSettings):
    """All settings of the ingestor."""

    # Partial update: INGESTOR_FEEDS__RATES__PAGES alone leaves the other defaults alone.
    model_config = SettingsConfigDict(
        env_prefix="INGESTOR_", nested_model_default_partial_update=True
    )

    source: Literal["coincap", "simulator"] = Field(
        default="coincap", description="Value of the `source` header of each answer."
    )
    state_dir: Path = Field(
        default=Path("/var/lib/coinlake/ingestor"),
        description="Directory of the journal and the credit count; only one process may use it at a time.",
    )
    producer: str = Field(
        default="ingestor", min_length=1, description="The producer's name in heartbeats."
    )
    heartbeat_s: Seconds = Field(default=60.0, description="Seconds between heartbeats.")
    shutdown_s: Seconds = Field(
        default=8.0, description="Deadline after SIGTERM: half for polling, half for sending."
    )
    feeds: FeedsSettings = Field(default=FeedsSettings(), description="What is polled.")
    poll: PollSettings = Field(default=PollSettings(), description="How it is polled.")
    credits: CreditSettings = Field(default=CreditSettings(), description="The budget.")
    journal: JournalSettings = Field(default=JournalSettings(), description="The journal.")
    coincap: CoinCapSettings = Field(
        default_factory=CoinCapSettings, description="The API, from COINCAP_*."
    )

    @model_validator(mode="after")
    def _can_work(self) -> Self:
        if self.source == "coincap" and self.coincap.api_key is None:
            raise ValueError(
                "COINCAP_API_KEY is required: CoinCap does not answer calls without a key"
            )
        if not self.plans():
            raise ValueError("no feed has pages: nothing would be polled")
        if self.poll.timeout_s >= self.watchdog_s:
            raise ValueError(
                "INGESTOR_POLL__TIMEOUT_S must be below INGESTOR_WATCHDOG_S: otherwise a slow "
                "answer would end the process"
            )
        if self.journal.max_bytes < self.answer_bytes:
            raise ValueError(
                f"INGESTOR_JOURNAL__MAX_BYTES must be at least {self.answer_bytes}: room for "
                "one answer of each page"
            )
        return self

    @property
    def answer_bytes(self) -> int:
        """Room for one largest answer of every page at once."""
        return len(self.plans()) * (self.poll.max_body_bytes + _RECORD_OVERHEAD_BYTES)

    def plans(self) -> list[tuple[Page, int]]:
        """Every page with its wished interval in milliseconds."""
        return [
            (page, max(1, round(feed.interval_s * 1_000)))
            for name, feed in ((name, getattr(self.feeds, name)) for name in FEEDS)
            for page in pages(FEEDS[name], feed.limit or None, feed.pages)
        ]
