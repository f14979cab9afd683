"""Settings: what cannot work is refused with a sentence, and pages are named without the key."""

import os
from collections.abc import Mapping

import pytest

from coinlake.errors import ConfigError
from coinlake.settings import load
from ingestor.config import Settings
from ingestor.core.feeds import ASSETS, FEEDS, RATES
from ingestor.core.page import Page, pages

SIMULATED = {"INGESTOR_SOURCE": "simulator"}


@pytest.fixture
def environ(monkeypatch: pytest.MonkeyPatch) -> pytest.MonkeyPatch:
    for name in [*os.environ]:
        if name.startswith(("INGESTOR_", "COINCAP_", "KAFKA_")):
            monkeypatch.delenv(name)
    return monkeypatch


def loaded(environ: pytest.MonkeyPatch, variables: Mapping[str, str]) -> Settings:
    for name, value in variables.items():
        environ.setenv(name, value)
    return load(Settings, os.environ)


def test_one_setting_of_a_feed_leaves_the_others_as_they_are(
    environ: pytest.MonkeyPatch,
) -> None:
    settings = loaded(environ, {**SIMULATED, "INGESTOR_FEEDS__ASSETS__PAGES": "2"})

    planned = {page.key: interval_ms for page, interval_ms in settings.plans()}

    assert len(planned) == len(FEEDS) + 1
    assert planned.items() >= {
        ("assets?limit=100&offset=0", 60_000),
        ("assets?limit=100&offset=100", 60_000),
        ("rates", 3_600_000),
        ("exchanges?limit=100&offset=0", 86_400_000),
        ("markets?limit=100&offset=0", 3_600_000),
    }


@pytest.mark.parametrize(
    ("variables", "said"),
    [
        ({}, "COINCAP_API_KEY is required"),
        ({"COINCAP_API_KEY": " "}, "COINCAP_API_KEY is required"),
        ({**SIMULATED, "COINCAP_BASE_URL": "http://u:secret@host/v3"}, "COINCAP_BASE_URL"),
        ({**SIMULATED, "COINCAP_BASE_URL": "http://host/v3?apiKey=secret"}, "COINCAP_BASE_URL"),
        ({**SIMULATED, "COINCAP_BASE_URL": "ftp://host/v3"}, "COINCAP_BASE_URL"),
        ({**SIMULATED, "INGESTOR_POLL__TIMEOUT_S": "120"}, "INGESTOR_POLL__TIMEOUT_S"),
        ({**SIMULATED, "INGESTOR_JOURNAL__MAX_BYTES": "9"}, "INGESTOR_JOURNAL__MAX_BYTES"),
        ({**SIMULATED, "INGESTOR_POLL__MAX_BODY_BYTES": "9999999"}, "MAX_BODY_BYTES"),
        ({**SIMULATED, "INGESTOR_FEEDS__ASETS__PAGES": "1"}, "INGESTOR_FEEDS__ASETS__PAGES"),
    ],
)
def test_what_cannot_work_is_refused_and_no_secret_is_said(
    environ: pytest.MonkeyPatch, variables: dict[str, str], said: str
) -> None:
    with pytest.raises(ConfigError, match=said) as caught:
        loaded(environ, variables)

    assert "secret" not in str(caught.value)


def test_nothing_to_poll_is_refused(environ: pytest.MonkeyPatch) -> None:
    off = {f"INGESTOR_FEEDS__{feed.upper()}__PAGES": "0" for feed in FEEDS}

    with pytest.raises(ConfigError, match="no feed has pages"):
        loaded(environ, {**SIMULATED, **off})


def test_a_key_is_never_printed(environ: pytest.MonkeyPatch) -> None:
    settings = loaded(environ, {"COINCAP_API_KEY": "canary-0123456789"})

    assert "canary" not in repr(settings)
    assert "canary" not in settings.model_dump_json()


def test_pages_follow_each_other_and_a_feed_without_paging_has_one() -> None:
    assert [page.key for page in pages(ASSETS, 50, 3)] == [
        "assets?limit=50&offset=0",
        "assets?limit=50&offset=50",
        "assets?limit=50&offset=100",
    ]
    assert [page.key for page in pages(RATES, None, 3)] == ["rates"]
    assert Page(RATES).url("http://host/v3/") == "http://host/v3/rates"
    assert Page(RATES).url("http://host/there/") == "http://host/there/rates"
