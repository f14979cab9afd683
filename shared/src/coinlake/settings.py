"""Settings that every service has, and the loader that takes no wrong and no unknown one."""

import difflib
import re
import ssl
from collections.abc import Mapping
from typing import Annotated, Any, Literal, Self, TypeVar

from pydantic import Field, SecretStr, ValidationError, field_validator, model_validator
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings, SettingsConfigDict
from pydantic_settings import SettingsError as NoJsonError

from coinlake.errors import ConfigError

# A year and a day: whatever takes longer was a slip of a unit, and its milliseconds fit anywhere.
MAX_SECONDS = 366 * 86_400
MAX_BYTES = 1 << 40
MAX_COUNT = 10**12

Seconds = Annotated[float, Field(gt=0, le=MAX_SECONDS, allow_inf_nan=False)]
"""A time that must pass."""
SecondsOrZero = Annotated[float, Field(ge=0, le=MAX_SECONDS, allow_inf_nan=False)]
"""A time that may be 0."""
Bytes = Annotated[int, Field(ge=1, le=MAX_BYTES)]
Count = Annotated[int, Field(ge=1, le=MAX_COUNT)]
CountOrZero = Annotated[int, Field(ge=0, le=MAX_COUNT)]

# Where clients find a service, and the demo's key: they share a prefix with settings.
CLIENT_VARIABLES = frozenset(
    {"INGESTOR_URL", "S3_SINK_URL", "ETL_RUNNER_URL", "QUERY_API_URL", "QUERY_API_KEY"}
)
# What others read under the prefixes of shared settings: our tools, compose file and tests, and
# Kafka's own programs (kafka-run-class.sh of Kafka 4).
OTHERS_VARIABLES = frozenset(
    {
        "COINCAP_SOURCE",
        "COINLAKE_FULL_SIZE",
        "COINLAKE_GLUE_ROLE",
        "COINLAKE_MCP_ALLOWED_HOSTS",
        "COINLAKE_MCP_ALLOWED_ORIGINS",
        "COINLAKE_MCP_DEADLINE_S",
        "COINLAKE_MCP_HOST",
        "COINLAKE_MCP_MAX_ANSWER_BYTES",
        "COINLAKE_MCP_MAX_ROWS",
        "COINLAKE_MCP_PORT",
        "COINLAKE_QUALITY_ROLE",
        "COINLAKE_REGISTRY",
        "COINLAKE_REVISION",
        "COINLAKE_VERSION",
        "KAFKA_HEAP_OPTS",
        "KAFKA_HOME",
        "KAFKA_IMAGE",
        "KAFKA_JMX_OPTS",
        "KAFKA_JVM_PERFORMANCE_OPTS",
        "KAFKA_LOG4J_OPTS",
        "KAFKA_OPTS",
        "KAFKA_PORT",
    }
)
# Kubernetes gives each container these names for each service of its namespace; one may be called
# kafka or s3-sink ("Environment variables" in its page on services).
_KUBERNETES = re.compile(
    r"SERVICE_(HOST|PORT)(_\w+)?|PORT(_\d+_(TCP|UDP)(_(PROTO|PORT|ADDR))?)?"
)
RENAMED = {"S3_SINK_BATCH__": "S3_SINK_OBJECT__"}
"""Prefixes of settings that have another name now, old to new."""


class KafkaSettings(BaseSettings):
    """How to reach Kafka; shared by all services, so without a service's prefix."""

    model_config = SettingsConfigDict(env_prefix="KAFKA_", frozen=True)

    bootstrap_servers: str = Field(
        default="localhost:9092",
        description="Comma-separated list of brokers, each as host:port.",
    )
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        default="PLAINTEXT", description="How clients talk to the brokers."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = Field(
        default="SCRAM-SHA-512", description="SASL mechanism, if the protocol uses SASL."
    )
    sasl_username: str | None = Field(default=None, description="SASL user name.")
    sasl_password: SecretStr | None = Field(default=None, description="SASL password.")
    ssl_cafile: str | None = Field(default=None, description="PEM file of the brokers' CA.")

    @field_validator("bootstrap_servers")
    @classmethod
    def _addresses(cls, text: str) -> str:
        addresses = [one.strip() for one in text.split(",")]
        for address in addresses:
            host, colon, port = address.rpartition(":")
            is_port = port.isascii() and port.isdigit() and 0 < int(port) <= 65_535
            if not (host and colon and is_port) or re.search(r"[\s/@]", host):
                raise ValueError(f"{address!r} is not host:port")
        return ",".join(addresses)

    @model_validator(mode="after")
    def _can_connect(self) -> Self:
        if self.security_protocol.startswith("SASL") and not (
            self.sasl_username and self.sasl_password
        ):
            raise ValueError("SASL requires KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD")
        if self.ssl_cafile is not None:
            try:
                ssl.create_default_context(cafile=self.ssl_cafile)
            except OSError as error:
                raise ValueError(
                    f"KAFKA_SSL_CAFILE: {self.ssl_cafile} is not a readable PEM file: {error}"
                ) from error
        return self


class LakeSettings(BaseSettings):
    """Where the lake is."""

    model_config = SettingsConfigDict(env_prefix="COINLAKE_", frozen=True)

    bucket: str = Field(
        default="coinlake",
        # "General purpose bucket naming rules" of the S3 user guide.
        pattern=r"^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$",
        description="S3 bucket of the lake.",
    )
    database: str = Field(
        default="coinlake",
        pattern=r"^[a-z0-9_]{1,255}$",
        description="Glue database of the tables.",
    )


class HttpSettings(BaseSettings):
    """Where a service's own HTTP endpoints listen."""

    model_config = SettingsConfigDict(frozen=True)

    host: str = Field(default="127.0.0.1", min_length=1, description="Address to listen on.")
    port: int = Field(default=0, ge=0, le=65535, description="Port to listen on; 0 picks one.")


class ServiceSettings(BaseSettings):
    """Base of each service's settings: frozen, nested with `__`, shared parts included."""

    model_config = SettingsConfigDict(env_nested_delimiter="__", frozen=True, extra="forbid")

    http: HttpSettings = Field(default_factory=HttpSettings, description="Own endpoints.")
    watchdog_s: Seconds = Field(
        default=120.0,
        description="The process exits when its loop has not turned for this long.",
    )
    log_level: Literal["debug", "info", "warning", "error"] = Field(
        default="info", description="Lowest level that is logged."
    )
    kafka: KafkaSettings = Field(default_factory=KafkaSettings, description="From KAFKA_*.")
    lake: LakeSettings = Field(default_factory=LakeSettings, description="From COINLAKE_*.")


SettingsT = TypeVar("SettingsT", bound=BaseSettings)


def load(cls: type[SettingsT], environ: Mapping[str, str]) -> SettingsT:
    """Read settings once, shared parts first.

    Raises ConfigError, in one sentence, for each wrong or unknown variable with a prefix of the
    class or of one of its parts. Values are never repeated: they may be secrets.
    """
    parts = _parts(cls)
    read: list[type[BaseSettings]] = [cls, *parts.values()]
    refuse_unknown(environ, {prefix_of(one): known_names(one) for one in read})
    made: dict[str, Any] = {name: _made(part, {}) for name, part in parts.items()}
    return _made(cls, made)


def refuse_unknown(environ: Mapping[str, str], known: Mapping[str, frozenset[str]]) -> None:
    """Raises ConfigError for variables that begin with one of these prefixes and are not known."""
    wrong = []
    for name in sorted({one.upper() for one in environ}):
        prefix = next((one for one in known if one and name.startswith(one)), None)
        if prefix is None or name in known[prefix] | CLIENT_VARIABLES | OTHERS_VARIABLES:
            continue
        if not _KUBERNETES.fullmatch(name.removeprefix(prefix)):
            wrong.append(_unknown(name, known[prefix]))
    if wrong:
        raise ConfigError(f"unknown settings: {'; '.join(wrong)}")


def prefix_of(cls: type[BaseSettings]) -> str:
    """What the variables of a class begin with."""
    return str(cls.model_config.get("env_prefix", "")).upper()


def known_names(cls: type[BaseSettings]) -> frozenset[str]:
    """The variables that a class reads itself, its shared parts left out."""
    return frozenset(_names(prefix_of(cls), cls.model_fields))


def _unknown(name: str, known: frozenset[str]) -> str:
    for old, new in RENAMED.items():
        if name.startswith(old):
            return f"{name} is now called {new}{name.removeprefix(old)}"
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.8)
    return f"{name} (did you mean {near[0]}?)" if near else name


def _made(cls: type[SettingsT], parts: dict[str, Any]) -> SettingsT:
    try:
        return cls(**parts)
    except ValidationError as error:
        wrong = "; ".join(
            f"{_place(cls, item['loc'])}{item['msg'].removeprefix('Value error, ')}"
            for item in error.errors(include_input=False)
        )
        raise ConfigError(f"invalid settings: {wrong}") from None
    except NoJsonError as error:
        # It names the field in its text alone (pydantic-settings 2.16, sources/base.py: __call__).
        (field,) = re.findall(r'field "(\w+)"', str(error))
        raise ConfigError(f"invalid settings: {_place(cls, (field,))}is not JSON") from None


def _place(cls: type[BaseSettings], place: tuple[int | str, ...]) -> str:
    # What a whole class refuses names its variables itself.
    name = "__".join(str(part) for part in place).upper()
    return f"{prefix_of(cls)}{name}: " if place else ""


def _parts(cls: type[BaseSettings]) -> dict[str, type[BaseSettings]]:
    """The fields that are read under a prefix of their own."""
    nested = {name: _nested(field) for name, field in cls.model_fields.items()}
    return {name: one for name, one in nested.items() if _has_own_prefix(one)}


def _names(prefix: str, fields: Mapping[str, FieldInfo]) -> set[str]:
    names = set()
    for name, field in fields.items():
        nested = _nested(field)
        if not _has_own_prefix(nested):
            names.add(f"{prefix}{name}".upper())
        if nested is not None and not _has_own_prefix(nested):
            names |= _names(f"{prefix}{name}__".upper(), nested.model_fields)
    return names


def _nested(field: FieldInfo) -> Any:
    """The class of a section; None for a single value."""
    kind = field.annotation
    return kind if isinstance(kind, type) and hasattr(kind, "model_fields") else None


def _has_own_prefix(section: Any) -> bool:
    return section is not None and bool(section.model_config.get("env_prefix"))
