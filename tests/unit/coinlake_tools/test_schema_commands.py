"""`coinlake rebuild` and `coinlake promote` as somebody types them, over a lake in memory."""

import io
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from coinlake.contracts.datasets import ASSETS
from coinlake.contracts.ledger import UnknownField
from coinlake.errors import ConfigError, TransientError
from coinlake_tools import field_samples, hour_commands, schema_commands
from coinlake_tools.arguments import parser
from coinlake_tools.promotion import SOURCE
from coinlake_tools.settings import Settings
from tests.labs.bucket import BucketStore
from tests.unit.coinlake_tools.proven import proven
from tests.unit.coinlake_tools.published import (
    DT,
    NEXT,
    NINE,
    TEN,
    PublishedLake,
    answer,
    bitcoin,
)

CONTRACT = Path(__file__).parents[3] / SOURCE
SCORE = UnknownField("score", 2, "7.5", NINE.start_ms, NINE.start_ms)


@pytest.fixture
async def store(monkeypatch: pytest.MonkeyPatch) -> BucketStore:
    lake = PublishedLake()
    lake.land("assets", NINE, answer(NINE, bitcoin(score="7.5"), bitcoin(id="b", score=None)))
    lake.land("assets", TEN, answer(TEN, bitcoin(score=8)))
    lake.land("rates", NINE, answer(NINE, {"id": "dollar", "rateUsd": "1", "unit": "x"}))
    lake.land("markets", NINE, answer(NINE, {"unit": "y"}))
    lake.publish("assets", NINE, unknown_fields=(SCORE,))
    lake.publish("assets", TEN, unknown_fields=(SCORE,))
    lake.publish("rates", NINE)
    lake.publish("markets", NINE)
    made = (await proven(lake)).store

    @asynccontextmanager
    async def opened(bucket: str) -> AsyncIterator[BucketStore]:
        yield made

    monkeypatch.setattr(schema_commands, "open_store", opened)
    return made


@pytest.fixture
def sent(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    found: list[list[str]] = []

    async def order(args: Any, settings: Settings) -> dict[str, Any]:
        found.append(
            [f"{feed}/{hour.dt}/{hour.hour}" for feed, hour in hour_commands._hours(args)]
        )
        return {"accepted": found[-1], "nothing_to_do": []}

    monkeypatch.setattr(hour_commands, "order", order)
    return found


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


async def rebuilt(*words: str) -> int:
    args = parser().parse_args(["rebuild", *words])
    return await schema_commands.rebuild(args, Settings())


async def promoted(*words: str) -> None:
    args = parser().parse_args(["promote", "--dt", DT, *words])
    await schema_commands.promote(args, Settings())


@pytest.mark.usefixtures("store")
async def test_a_dry_run_says_the_price_and_sends_nothing(
    sent: list[list[str]], capsys: pytest.CaptureFixture[str]
) -> None:
    code = await rebuilt("--feed", "assets", "--dt", DT, "--dry-run")

    assert (code, sent) == (0, [])
    assert capsys.readouterr().out == (
        f"2 hours of assets, {DT} 09 to {DT} 10: 0.01 USD in 1 run(s) together, "
        "at most 0.03 USD in 2 run(s), 60 s billed for each\n"
    )


@pytest.mark.usefixtures("store")
async def test_a_script_is_not_asked_and_gets_json_alone_on_its_output(
    sent: list[list[str]], capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    code = await rebuilt("--feed", "assets", "--dt", DT, "--hour", "09")

    told = capsys.readouterr()
    assert (code, sent) == (0, [[f"assets/{DT}/09"]])
    assert told.out.startswith("{\n")
    assert told.err.startswith("1 hours of assets")


@pytest.mark.usefixtures("store")
@pytest.mark.parametrize(
    ("more", "typed", "code"),
    [((), "n\n", 1), ((), "\n", 1), ((), "", 1), ((), "y\n", 0), (("--yes",), "", 0)],
)
async def test_at_a_terminal_somebody_has_to_say_yes(
    sent: list[list[str]],
    monkeypatch: pytest.MonkeyPatch,
    more: tuple[str, ...],
    typed: str,
    code: int,
) -> None:
    monkeypatch.setattr(sys, "stdin", Terminal(typed))

    assert await rebuilt("--feed", "assets", "--dt", DT, "--hour", "09", *more) == code
    assert len(sent) == (code == 0)


async def test_a_bucket_that_is_away_hides_the_price_and_stops_no_mending(
    sent: list[list[str]], store: BucketStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def away(self: object, prefix: str, start_after: str | None = None) -> Any:
        raise TransientError("the bucket does not answer")

    monkeypatch.setattr(BucketStore, "list", away)
    monkeypatch.setattr(sys, "stdin", io.StringIO())
    err = io.StringIO()
    monkeypatch.setattr(sys, "stderr", err)

    assert await rebuilt("--dt", DT, "--hour", "09") == 0
    assert len(sent) == 1
    assert err.getvalue() == "what it costs is not known: the bucket does not answer\n"
    with pytest.raises(TransientError, match="does not answer"):
        await rebuilt("--dt", DT, "--dry-run")


@pytest.mark.usefixtures("store")
async def test_a_range_is_every_hour_of_its_days(
    sent: list[list[str]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "stdin", io.StringIO())

    await rebuilt("--feed", "assets", "--dt", DT, "--to", NEXT.dt)

    assert (sent[0][0], sent[0][-1], len(sent[0])) == (
        f"assets/{DT}/00",
        f"assets/{NEXT.dt}/23",
        48,
    )
    with pytest.raises(ConfigError, match="an hour is of one day"):
        await rebuilt("--dt", DT, "--to", NEXT.dt, "--hour", "09")
    with pytest.raises(ConfigError, match="invalid hour"):
        await rebuilt("--dt", DT, "--hour", "9")
    assert len(sent) == 1


@pytest.mark.usefixtures("store")
async def test_a_field_is_promoted_by_a_line_that_holds_what_was_seen(
    capsys: pytest.CaptureFixture[str],
) -> None:
    await promoted("score")

    assert capsys.readouterr().out.splitlines() == [
        "score score amount",
        "  3 values of score in assets were looked at, 1 null",
        f"  goes to {SOURCE}: the fields of assets, and its next version; or --write",
        f"  a rebuild fills it: 2 hours of assets, {DT} 09 to {DT} 10: 0.01 USD in 1 run(s) "
        "together, at most 0.03 USD in 2 run(s), 60 s billed for each",
        f"  coinlake rebuild --feed assets --dt {DT} --to {DT}",
    ]


@pytest.mark.usefixtures("store")
async def test_in_a_checkout_the_line_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    where = tmp_path / SOURCE
    where.parent.mkdir(parents=True)
    where.write_text(CONTRACT.read_text())
    (tmp_path / "docs").mkdir()
    monkeypatch.chdir(tmp_path / "docs")

    await promoted("score", "--kind", "ratio", "--column", "trust_score", "--write")

    assert '            trust_score score ratio"""' in where.read_text()
    assert (
        f"written to {where}, version {ASSETS.version + 1} of assets" in capsys.readouterr().out
    )
    with pytest.raises(ConfigError, match="has the key score of assets already"):
        await promoted("score", "--write")


@pytest.mark.usefixtures("store")
async def test_what_cannot_be_promoted_says_why(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    for words, reason in (
        (("unit",), "rates, markets have the key unit: choose --feed"),
        (("nowhere",), f"no answer of .* to {DT} that was looked at has the key nowhere"),
        (("envelope.page",), "is beside data"),
        (("priceUsd", "--feed", "assets"), "has a column already: price_usd"),
        # A column in some feeds, nowhere a field without one.
        (("rank",), "no answer of .* has the key rank"),
        (("two words",), "^the key 'two words' cannot be written in a line of the contract$"),
        (("score", "--write"), "is in no checkout"),
        (("score", "--days", "0"), "--days is from 1 to 366"),
    ):
        with pytest.raises(ConfigError, match=reason):
            await promoted(*words)
    await promoted("unit", "--feed", "rates")


@pytest.mark.usefixtures("store")
async def test_without_the_jobs_package_nothing_is_guessed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(field_samples, "find_spec", lambda name: None)

    with pytest.raises(ConfigError, match="coinlake_kernel is not installed here"):
        await promoted("score")
