"""Settings are read once, and a typo is an error."""

import pytest
from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from coinlake.errors import ConfigError
from coinlake.settings import ServiceSettings, load


class Object(BaseSettings):
    model_config = SettingsConfigDict(frozen=True)
    max_bytes: int = Field(default=8, gt=0)


class Settings(ServiceSettings):
    model_config = SettingsConfigDict(env_prefix="S3_SINK_", env_nested_delimiter="__")
    keys: tuple[str, ...] = ()
    object: Object = Field(default_factory=Object)


def _load(monkeypatch: pytest.MonkeyPatch, **variables: str) -> Settings:
    for name, value in variables.items():
        monkeypatch.setenv(name, value)
    return load(Settings, variables)


def test_nested_settings_come_from_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = _load(monkeypatch, S3_SINK_OBJECT__MAX_BYTES="9", S3_SINK_HTTP__PORT="81")

    assert settings.object.max_bytes == 9
    assert settings.http.port == 81


@pytest.mark.parametrize(
    "name", ["S3_SINK_OBJECT__MAX_BYTE", "S3_SINK_OJBECT__MAX_BYTES", "S3_SINK_HTTP_PORT"]
)
def test_a_variable_that_no_field_reads_is_refused(
    monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    with pytest.raises(ConfigError, match=name):
        _load(monkeypatch, **{name: "1"})


def test_where_clients_find_a_service_is_no_setting_of_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert _load(monkeypatch, S3_SINK_URL="http://127.0.0.1:1").http.port == 0


def test_a_list_that_is_no_json_is_named_without_showing_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    with pytest.raises(ConfigError, match=r"^invalid settings: S3_SINK_KEYS: is not JSON$"):
        _load(monkeypatch, S3_SINK_KEYS="secret,other")


def test_a_wrong_value_is_named_without_showing_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError, match="S3_SINK_OBJECT__MAX_BYTES") as refused:
        _load(monkeypatch, S3_SINK_OBJECT__MAX_BYTES="hunter2")

    assert "hunter2" not in str(refused.value)
