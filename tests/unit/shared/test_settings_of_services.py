"""All settings of all services: none takes a number that breaks it, and none is ignored."""

import os
from collections.abc import Iterator
from decimal import Decimal
from types import NoneType
from typing import Any, get_args

import pytest
from pydantic.fields import FieldInfo
from pydantic_settings import BaseSettings

from coinlake.errors import ConfigError
from coinlake.settings import KafkaSettings, ServiceSettings, load
from etl_runner.config import Settings as EtlRunner
from ingestor.config import Settings as Ingestor
from query_api.config import Settings as QueryApi
from s3_sink.config import Settings as S3Sink

SERVICES: dict[str, type[ServiceSettings]] = {
    "ingestor": Ingestor,
    "s3_sink": S3Sink,
    "etl_runner": EtlRunner,
    "query_api": QueryApi,
}
NEEDED = {"INGESTOR_SOURCE": "simulator"}
PREFIXES = ("INGESTOR_", "S3_SINK_", "ETL_RUNNER_", "QUERY_API_", "KAFKA_", "COIN")
ABSURD = ("inf", "-inf", "nan", "1e308", "1" + "0" * 30, "-1")


def numbers(cls: Any, prefix: str) -> Iterator[tuple[str, FieldInfo]]:
    """Each variable that is a number."""
    for name, field in cls.model_fields.items():
        variable, kind = f"{prefix}{name}".upper(), field.annotation
        if hasattr(kind, "model_fields"):
            own = str(kind.model_config.get("env_prefix", ""))
            yield from numbers(kind, own or f"{variable}__")
        elif {kind, *get_args(kind)} - {NoneType} <= {int, float, Decimal}:
            yield variable, field


NUMBERS = [
    (name, variable)
    for name, cls in SERVICES.items()
    for variable, _ in numbers(cls, str(cls.model_config["env_prefix"]))
]


@pytest.fixture(autouse=True)
def _bare(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in [*os.environ]:
        if name.startswith(PREFIXES):
            monkeypatch.delenv(name)


def loaded(
    monkeypatch: pytest.MonkeyPatch, cls: type[BaseSettings], **variables: str
) -> BaseSettings:
    given = {**NEEDED, **variables} if cls is Ingestor else variables
    for name, value in given.items():
        monkeypatch.setenv(name, value)
    return load(cls, given)


def test_the_numbers_are_not_a_handful() -> None:
    assert len(NUMBERS) > 60


@pytest.mark.parametrize(("name", "variable"), NUMBERS)
def test_no_number_is_taken_that_no_clock_and_no_machine_has(
    monkeypatch: pytest.MonkeyPatch, name: str, variable: str
) -> None:
    for value in ABSURD:
        with monkeypatch.context() as patch, pytest.raises(ConfigError, match=variable):
            loaded(patch, SERVICES[name], **{variable: value})


@pytest.mark.parametrize("name", SERVICES)
@pytest.mark.parametrize(
    ("variable", "value", "said"),
    [
        ("KAFKA_SECURITY_PROTOCOL", "TLS", "KAFKA_SECURITY_PROTOCOL"),
        ("KAFKA_SECURITY_PROTOCOL", "SASL_SSL", "KAFKA_SASL_USERNAME and KAFKA_SASL_PASSWORD"),
        ("KAFKA_SSL_CAFILE", "/no/such/file.pem", "/no/such/file.pem"),
        ("KAFKA_BOOTSTRAP_SERVERS", "kafka", "'kafka' is not host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "a:9092,b:port", "'b:port' is not host:port"),
        ("KAFKA_BOOTSTRAP_SERVERS", "PLAINTEXT://a:9092", "is not host:port"),
        ("KAFKA_BOOTSTRAP_SERVER", "a:9092", "did you mean KAFKA_BOOTSTRAP_SERVERS?"),
        ("COINLAKE_BUKET", "b", r"COINLAKE_BUKET \(did you mean COINLAKE_BUCKET\?\)"),
        ("COINLAKE_BUCKET", "s3://bucket", "COINLAKE_BUCKET"),
        ("COINLAKE_DATABASE", "Coin Lake", "COINLAKE_DATABASE"),
    ],
)
def test_shared_settings_are_checked_in_every_service(
    monkeypatch: pytest.MonkeyPatch, name: str, variable: str, value: str, said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as refused:
        loaded(monkeypatch, SERVICES[name], **{variable: value})

    assert "\n" not in str(refused.value)


def test_an_old_name_is_refused_with_the_new_one(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError) as refused:
        loaded(monkeypatch, S3Sink, S3_SINK_BATCH__MAX_AGE_S="5")

    said = "S3_SINK_BATCH__MAX_AGE_S is now called S3_SINK_OBJECT__MAX_AGE_S"
    assert said in str(refused.value)


@pytest.mark.parametrize(
    "name",
    ["KAFKA_SERVICE_HOST", "KAFKA_PORT_9092_TCP_ADDR", "S3_SINK_PORT", "KAFKA_HEAP_OPTS"],
)
def test_what_kubernetes_and_kafkas_own_programs_set_is_no_setting_of_ours(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    loaded(monkeypatch, S3Sink, **{name: "tcp://10.0.0.1:9092"})


def test_a_shared_setting_has_no_second_name(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="S3_SINK_KAFKA__BOOTSTRAP_SERVERS"):
        loaded(monkeypatch, S3Sink, S3_SINK_KAFKA__BOOTSTRAP_SERVERS="a:1")


@pytest.mark.parametrize(
    "key",
    [
        "Bearer 0123456789abcdef",
        "bearer 0123456789abcdef",
        '"0123456789abcdef"',
        "'0123456789abcdef'",
        " 0123456789abcdef",
        "0123456789abcdef\n",
        "0123 456789",
        "0123456789abcdéf",
        "“0123456789abcdef”",
    ],
)
def test_a_key_that_cannot_be_sent_as_it_is_is_refused_unsaid(
    monkeypatch: pytest.MonkeyPatch, key: str
) -> None:
    with pytest.raises(ConfigError, match="COINCAP_API_KEY") as refused:
        loaded(monkeypatch, Ingestor, COINCAP_API_KEY=key)

    assert "456" not in str(refused.value)


def test_addresses_may_have_spaces_between_them(monkeypatch: pytest.MonkeyPatch) -> None:
    kafka = loaded(monkeypatch, KafkaSettings, KAFKA_BOOTSTRAP_SERVERS="a:1, [::1]:2")

    assert isinstance(kafka, KafkaSettings)
    assert kafka.bootstrap_servers == "a:1,[::1]:2"
