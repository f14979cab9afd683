"""`coinlake rebuild` and `retry` against the runner's own routes over HTTP."""

from collections.abc import AsyncIterator
from dataclasses import dataclass, field

import pytest
from aiohttp import web
from pydantic import SecretStr

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.hours import Hour
from coinlake.errors import ConfigError, InvariantError, TransientError
from coinlake_tools.arguments import parser
from coinlake_tools.hour_commands import order
from coinlake_tools.settings import Settings
from etl_runner.core.hours import FeedHour
from etl_runner.routes import HourCommands, routes

KNOWN = {"07", "08"}


@dataclass
class Runner:
    """The runner's routes; two hours of each feed have raw objects."""

    url: str = ""
    heard: list[tuple[str, FeedHour]] = field(default_factory=list)
    refuses: str | None = None

    def commands(self) -> HourCommands:
        async def rebuild(hour: FeedHour) -> bool:
            return self.hear("rebuild", hour)

        async def without(hour: FeedHour) -> bool:
            return self.hear("without", hour)

        async def retry(hour: FeedHour) -> bool:
            return self.hear("retry", hour)

        return HourCommands(rebuild, without, retry)

    def hear(self, what: str, hour: FeedHour) -> bool:
        if hour.at.hour == self.refuses:
            raise InvariantError("the ledger cannot be read")
        if hour.at.hour in KNOWN:
            self.heard.append((what, hour))
        return hour.at.hour in KNOWN


@pytest.fixture
async def runner() -> AsyncIterator[Runner]:
    made = Runner()
    app = web.Application()
    app.add_routes(routes(made.commands(), SecretStr("hush")))
    serving = web.AppRunner(app)
    await serving.setup()
    site = web.TCPSite(serving, "127.0.0.1", 0)
    await site.start()
    made.url = f"http://127.0.0.1:{serving.addresses[0][1]}"
    yield made
    await serving.cleanup()


async def ordered(runner: Runner, *words: str, token: str = "hush") -> dict[str, list[str]]:
    settings = Settings(etl_runner_url=runner.url, etl_runner_admin_token=SecretStr(token))
    return await order(parser().parse_args(words), settings)


async def test_one_hour_of_one_feed(runner: Runner) -> None:
    said = await ordered(
        runner, "rebuild", "--feed", "rates", "--dt", "2026-11-20", "--hour", "07"
    )
    assert said == {"accepted": ["rates/2026-11-20/07"], "nothing_to_do": []}
    assert runner.heard == [("rebuild", FeedHour("rates", Hour("2026-11-20", "07")))]


async def test_a_day_of_every_feed(runner: Runner) -> None:
    said = await ordered(runner, "retry", "--dt", "2026-11-20")
    assert len(said["accepted"]) == 2 * len(TABULAR)
    assert len(said["nothing_to_do"]) == 22 * len(TABULAR)
    assert {what for what, _ in runner.heard} == {"retry"}


async def test_rows_are_given_up_only_where_that_is_said(runner: Runner) -> None:
    words = ("--feed", "rates", "--dt", "2026-11-20")
    await ordered(runner, "rebuild", *words, "--accept-missing")
    assert {what for what, _ in runner.heard} == {"without"}


async def test_a_refused_hour_ends_it_and_says_what_was_accepted(runner: Runner) -> None:
    runner.refuses = "08"
    with pytest.raises(
        TransientError, match=r"rates/2026-11-20/08: 409 the ledger .* \(1 hour"
    ):
        await ordered(runner, "rebuild", "--feed", "rates", "--dt", "2026-11-20")


async def test_a_day_without_anything_is_an_error(runner: Runner) -> None:
    with pytest.raises(TransientError, match="nothing to do for rates/2026-11-20/09"):
        await ordered(runner, "retry", "--feed", "rates", "--dt", "2026-11-20", "--hour", "09")


async def test_a_wrong_token_is_told(runner: Runner) -> None:
    with pytest.raises(TransientError, match="401 a bearer token is needed"):
        await ordered(runner, "rebuild", "--dt", "2026-11-20", token="wrong")


@pytest.mark.parametrize(
    "words", [("--dt", "2026-11-31"), ("--dt", "2026-11-20", "--hour", "7")]
)
async def test_an_impossible_hour_is_refused_before_anything_is_sent(
    runner: Runner, words: tuple[str, ...]
) -> None:
    with pytest.raises(ConfigError, match="invalid hour"):
        await ordered(runner, "rebuild", *words)
    assert runner.heard == []


async def test_a_runner_that_is_away_is_told() -> None:
    with pytest.raises(TransientError, match=r"POST http://127.0.0.1:9/v1/retry"):
        await ordered(Runner("http://127.0.0.1:9"), "retry", "--dt", "2026-11-20")
