"""What the MCP server reads from its environment, once."""

from collections.abc import Mapping
from typing import Self
from urllib.parse import urlsplit

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as NoJsonError

PREFIX = "COINLAKE_MCP_"
LOOPBACK = ("127.0.0.1", "localhost", "::1")


class SettingsError(Exception):
    """The server cannot start: one sentence, without any value."""


class Settings(BaseSettings):
    """Where the query service is, whose key is used, and what one answer may hold."""

    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True, extra="forbid")

    url: str = Field(
        validation_alias="QUERY_API_URL", description="Base URL of the query service."
    )
    key: SecretStr | None = Field(
        default=None,
        validation_alias="QUERY_API_KEY",
        description="API key of the one client over stdio. Over HTTP each caller sends its own.",
    )
    host: str = Field(
        default="127.0.0.1", min_length=1, description="Address to listen on over HTTP."
    )
    port: int = Field(
        default=8765, ge=0, le=65535, description="Port to listen on over HTTP; 0 picks one."
    )
    allowed_hosts: tuple[str, ...] = Field(
        default=(),
        description="JSON list of the `Host` headers that are answered, beside those of loopback; "
        "`name:*` allows any port. Required where the address is not loopback.",
    )
    allowed_origins: tuple[str, ...] = Field(
        default=(),
        description="JSON list of the `Origin` headers that are answered, beside those of loopback.",
    )
    max_rows: int = Field(
        default=500, ge=1, le=10_000, description="Largest number of rows of one tool's answer."
    )
    max_answer_bytes: int = Field(
        default=200_000,
        ge=1_000,
        le=50_000_000,
        description="Largest JSON of the rows of one answer; further rows are left out, and the answer says so.",
    )
    deadline_s: float = Field(
        default=120.0,
        gt=0,
        le=3_600,
        allow_inf_nan=False,
        description="A query that takes longer is cancelled.",
    )

    @field_validator("url")
    @classmethod
    def _is_http(cls, text: str) -> str:
        parts = urlsplit(text)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise ValueError("must be http://HOST[:PORT] or https://HOST[:PORT]")
        if parts.username or parts.password or parts.query or parts.fragment:
            raise ValueError("must hold neither credentials nor a query")
        return text.rstrip("/")

    @field_validator("key")
    @classmethod
    def _fits_a_header(cls, key: SecretStr | None) -> SecretStr | None:
        if key is not None and not fits_a_header(key.get_secret_value()):
            raise ValueError("must be printable ASCII without spaces")
        return key

    @model_validator(mode="after")
    def _names_its_hosts(self) -> Self:
        if self.host not in LOOPBACK and not self.allowed_hosts:
            raise ValueError(
                f"{PREFIX}HOST is not loopback: {PREFIX}ALLOWED_HOSTS must name the hosts that are answered"
            )
        return self


def fits_a_header(key: str) -> bool:
    """Whether a key can be sent as a bearer token (RFC 6750, 2.1: visible ASCII)."""
    return bool(key) and all("!" <= char <= "~" for char in key)


def load(environ: Mapping[str, str]) -> Settings:
    """Read the settings from `os.environ`. Raises SettingsError, also for unknown names of ours."""
    known = {f"{PREFIX}{name}".upper() for name in Settings.model_fields}
    unknown = sorted(
        name
        for name in environ
        if name.upper().startswith(PREFIX) and name.upper() not in known
    )
    if unknown:
        raise SettingsError(f"unknown settings: {'; '.join(unknown)}")
    try:
        return Settings()
    except ValidationError as error:
        told = "; ".join(_told(item["loc"], item["msg"]) for item in error.errors())
        raise SettingsError(f"invalid settings: {told}") from None
    except NoJsonError:
        lists = f"{PREFIX}ALLOWED_HOSTS and {PREFIX}ALLOWED_ORIGINS"
        raise SettingsError(f"invalid settings: {lists} must be JSON lists of texts") from None


def _told(place: tuple[int | str, ...], message: str) -> str:
    text = message.removeprefix("Value error, ")
    if not place:
        return text
    name = str(place[0])
    return f"{name if name.isupper() else f'{PREFIX}{name.upper()}'}: {text}"
