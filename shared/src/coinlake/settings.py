"""Settings that every service has, and the loader that refuses typos."""

from collections.abc import Mapping
from typing import Any, Literal, TypeVar

from pydantic import Field, SecretStr, ValidationError
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict

from coinlake.errors import ConfigError

# Where clients find a service, and the demo's key: they share a prefix with settings.
CLIENT_VARIABLES = frozenset(
    {"INGESTOR_URL", "S3_SINK_URL", "ETL_RUNNER_URL", "QUERY_API_URL", "QUERY_API_KEY"}
)


class KafkaSettings(BaseSettings):
    """How to reach Kafka; shared by all services, so without a service's prefix."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_", frozen=True)

    bootstrap_servers: str = Field(
        default="localhost:9092", description="Comma-separated host:port list of brokers."
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How clients talk to the brokers."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="SASL mechanism, where the protocol has SASL."
    )
    sasl_username: str | None = Field(default=None, description="SASL user name.")
    sasl_password: SecretStr | None = Field(default=None, description="SASL password.")
    ssl_cafile: str | None = Field(default=None, description="PEM file of the brokers' CA.")


class LakeSettings(BaseSettings):
    """Where the lake is."""

    model_config = SettingsConfigDict(env_prefix="COINLAKE_", frozen=True)

    bucket: str = Field(default="coinlake", description="S3 bucket of the lake.")
    database: str = Field(default="coinlake", description="Glue database of the tables.")


class HttpSettings(BaseSettings):
    """Where a service's own HTTP endpoints listen."""

    model_config = SettingsConfigDict(frozen=True)

    host: str = Field(default="127.0.0.1", description="Address to listen on.")
    port: int = Field(default=0, ge=0, le=65535, description="Port to listen on; 0 picks one.")


class ServiceSettings(BaseSettings):
    """Base of each service's settings: frozen, nested with `__`, shared parts included."""

    model_config = SettingsConfigDict(env_nested_delimiter="__", frozen=True, extra="forbid")

    http: HttpSettings = Field(default_factory=HttpSettings, description="Own endpoints.")
    watchdog_s: float = Field(
        default=120.0,
        gt=0,
        description="The process exits when its loop stands still this long.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Lowest level that is logged."
    )

    @property
    def kafka(self) -> KafkaSettings:
        """Kafka's settings, from the variables without a prefix."""
        return KafkaSettings()

    @property
    def lake(self) -> LakeSettings:
        """The lake's settings, from the variables without a prefix."""
        return LakeSettings()


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load(cls: type[SettingsT], environ: Mapping[str, str]) -> SettingsT:
    """Read settings once. Raises ConfigError that names each wrong or unknown variable."""
    unknown = sorted(_unknown_variables(cls, environ))
    if unknown:
        raise ConfigError(f"unknown settings: {', '.join(unknown)}")
    try:
        return cls()
    except ValidationError as error:
        prefix = str(cls.model_config.get("env_prefix", ""))
        wrong = "; ".join(
            f"{prefix}{'__'.join(str(part) for part in item['loc']).upper()}: {item['msg']}"
            for item in error.errors(include_input=False)
        )
        raise ConfigError(f"wrong settings: {wrong}") from None


def _unknown_variables(cls: type[BaseSettings], environ: Mapping[str, str]) -> set[str]:
    prefix = str(cls.model_config.get("env_prefix", "")).upper()
    if not prefix:
        return set()
    known = _names(prefix, cls.model_fields)
    ours = {name.upper() for name in environ if name.upper().startswith(prefix)}
    return ours - known - CLIENT_VARIABLES


def _names(prefix: str, fields: Mapping[str, FieldInfo]) -> set[str]:
    names = set()
    for name, field in fields.items():
        names.add(f"{prefix}{name}".upper())
        nested: Any = field.annotation
        if isinstance(nested, type) and hasattr(nested, "model_fields"):
            names |= _names(f"{prefix}{name}__".upper(), nested.model_fields)
    return names
