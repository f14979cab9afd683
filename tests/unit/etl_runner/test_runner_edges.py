"""The runner's edges: hints, settings, its HTTP, its status."""

from typing import Any

import pytest
from aiohttp import web
from aiohttp.test_utils import make_mocked_request
from prometheus_client import CollectorRegistry
from pydantic import SecretStr

from coinlake.contracts.announcements import Landed
from coinlake.contracts.hours import UNKNOWN_HOUR, Hour
from coinlake.contracts.raw_layout import RawKey
from coinlake.errors import ConfigError
from coinlake.settings import load
from etl_runner.config import Settings
from etl_runner.core.hours import FeedHour, Hours
from etl_runner.core.status import hours_status, totals, watermarks
from etl_runner.loop.hints import Hints
from etl_runner.metrics import EtlMetrics
from etl_runner.routes import HourCommands, routes

HOUR = Hour("2026-11-20", "07")


def landed(topic: str = "coincap.rates.v1", values: int = 1, hour: Hour = HOUR) -> Landed:
    key = str(RawKey(topic, hour, 0, 0, 0))
    return Landed(key, "e", 5, topic, hour.dt, hour.hour, 0, 0, 0, 1, values, HOUR.end_ms)


def heard(*announcements: Landed) -> tuple[Hours, bool]:
    import asyncio

    hours, wake = Hours(), asyncio.Event()
    hints = Hints(hours, wake, lambda: HOUR.end_ms, EtlMetrics(CollectorRegistry()))
    for one in announcements:
        hints.heard(one)
    return hours, wake.is_set()


def test_a_hint_makes_its_hour_dirty_and_moves_the_watermark() -> None:
    hours, woken = heard(landed())

    assert woken
    assert hours_status(hours)["rates/2026-11-20/07"]["state"] == "dirty"
    assert watermarks(hours)["rates"] == HOUR.end_ms
    assert totals(hours) == {"curated_rows": {}, "quarantined_rows": {}}


def test_heartbeats_and_topics_without_tables_wake_nobody() -> None:
    hours, woken = heard(landed(values=0), landed("coincap.history.v1"))

    assert not woken
    assert hours_status(hours) == {}
    assert hours.watermark_ms("coincap.rates.v1") == HOUR.end_ms


def test_an_impossible_hour_moves_no_watermark() -> None:
    hours, _ = heard(landed(hour=UNKNOWN_HOUR))

    assert hours.watermark_ms("coincap.rates.v1") is None


def test_a_typo_in_a_setting_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ETL_RUNNER_MAX_WAIT_S", "5")

    assert load(Settings, {"ETL_RUNNER_MAX_WAIT_S": "5"}).policy().max_wait_ms == 5000
    with pytest.raises(ConfigError, match="ETL_RUNNER_MAX_WAIT"):
        load(Settings, {"ETL_RUNNER_MAX_WAIT": "5"})


async def answer(path: str, body: bytes, token: str | None = None, **headers: str) -> int:
    asked: list[FeedHour] = []

    async def act(hour: FeedHour) -> bool:
        asked.append(hour)
        return hour.feed == "rates"

    secret = None if token is None else SecretStr(token)
    found = next(r for r in routes(HourCommands(act, act, act), secret) if r.path == path)
    request: Any = make_mocked_request("POST", path, headers=headers)
    request._read_bytes = body
    response = await found.handler(request)
    assert isinstance(response, web.Response)
    assert bool(asked) == (response.status in {202, 404})
    return response.status


BODY = b'{"feed":"rates","dt":"2026-11-20","hour":"07"}'


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (BODY, 202),
        (BODY.replace(b"rates", b"markets"), 404),
        (BODY.replace(b"rates", b"secrets"), 400),
        (BODY.replace(b"07", b"24"), 400),
        (b"[]", 400),
        (b"{", 400),
        (b'"x"', 400),
    ],
)
async def test_a_command_names_an_hour_that_there_is(body: bytes, status: int) -> None:
    assert await answer("/v1/rebuild", body) == status


async def test_a_token_is_demanded_where_one_is_set() -> None:
    assert await answer("/v1/retry", BODY, "secret") == 401
    assert await answer("/v1/retry", BODY, "secret", Authorization="Bearer wrong") == 401
    assert await answer("/v1/retry", BODY, "secret", Authorization="Bearer secret") == 202
