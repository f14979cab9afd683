"""The ingestor's key, its credits, its settings and its state: kept to, kept secret, its own."""

import asyncio
import signal

import pytest

from tests.integration.ingestor.conftest import Simulator, StartIngestor, Topics
from tests.integration.ingestor.statuses import ONLY_ASSETS, at_least, polls

pytestmark = pytest.mark.timeout(120)


async def test_a_refused_key_stops_polling_and_is_said(
    simulator: Simulator, start_ingestor: StartIngestor
) -> None:
    ingestor = await start_ingestor(COINCAP_API_KEY="a-key-that-nobody-knows-here")
    # On a busy machine a page that got no answer in time first waits for itself.
    status = await ingestor.until(
        "/status",
        lambda status: (
            status["needs"]["api_key"]
            and status["feeds"]["assets"]["missed"] >= 4
            and status["missed"][-1]["cause"] == "key_refused"
        ),
    )
    ready, _ = await ingestor.get("/readyz")
    await ingestor.until_metric("ingestor_key_refused 1.0")
    ingestor.process.end()

    # Five pages start at once; each may be looked at a second time before another speaks for all.
    assert 2 <= len(await simulator.ledger()) <= 10
    assert ready == 503
    assert len(ingestor.process.lines("key_refused")) == 1
    assert status["missed"][-1]["cause"] == "key_refused"


async def test_the_hard_maximum_of_credits_holds_over_restarts(
    simulator: Simulator, start_ingestor: StartIngestor
) -> None:
    limits = {**ONLY_ASSETS, "INGESTOR_CREDITS__MAX_TOTAL": "50"}
    for number in signal.SIGKILL, signal.SIGTERM:
        ingestor = await start_ingestor(**limits)
        await ingestor.until("/status", at_least(1))
        ingestor.process.end(number)
    ingestor = await start_ingestor(**limits)
    status = await ingestor.until(
        "/status",
        lambda status: any(gap["cause"] == "credits" for gap in status["missed"]),
    )
    ingestor.process.end()

    spent = sum(1 + max(0, -(-(e["bytes"] - 2_500) // 2_500)) for e in await simulator.ledger())
    assert 0 < spent <= 50
    assert spent <= status["credits"]["total"] <= 50


async def test_the_key_is_never_visible(
    simulator: Simulator, topics: Topics, start_ingestor: StartIngestor
) -> None:
    canary = "canary-7f3a9c51d2e84b06"
    echo = f'{{"error":"bad key {canary}","timestamp":1}}'
    await simulator.script("/v3/rates", count=1, status=400, body=echo)
    ingestor = await start_ingestor(INGESTOR_LOG_LEVEL="debug")
    await ingestor.until(
        "/status",
        lambda status: status["feeds"]["rates"]["failed"] == 1 and polls(status) >= 10,
    )
    seen = [(await ingestor.get(path))[1] for path in ("/status", "/metrics", "/readyz")]
    ingestor.process.end()

    used = {entry["key"] for entry in await simulator.ledger()}
    records = await topics.read()
    assert used == {"canary"}
    assert canary not in repr(records)
    assert canary not in ingestor.process.text()
    assert all(canary.encode() not in body for body in seen)


@pytest.mark.parametrize(
    ("setting", "value", "said"),
    [
        ("INGESTOR_FEDS__ASSETS__PAGES", "1", "INGESTOR_FEDS__ASSETS__PAGES"),
        (
            "COINCAP_BASE_URL",
            "https://host/v3?apiKey=secret-in-a-url",
            "must not contain a query",
        ),
        ("INGESTOR_JOURNAL__MAX_BYTES", "1000", "INGESTOR_JOURNAL__MAX_BYTES"),
    ],
)
async def test_wrong_settings_end_it_with_one_sentence_and_code_2(
    start_ingestor: StartIngestor, setting: str, value: str, said: str
) -> None:
    ingestor = await start_ingestor(**{setting: value})

    code = await asyncio.to_thread(ingestor.process.popen.wait, 20)  # type: ignore[union-attr]

    assert code == 2
    assert said in ingestor.process.text()
    assert "secret-in-a-url" not in ingestor.process.text()


async def test_a_second_process_on_the_same_state_is_refused(
    start_ingestor: StartIngestor,
) -> None:
    first = await start_ingestor()
    await first.until("/status", at_least(1))

    second = await start_ingestor()
    code = await asyncio.to_thread(second.process.popen.wait, 20)  # type: ignore[union-attr]

    assert code == 2
    assert "in use by another ingestor" in second.process.text()
    assert first.process.end() == 0
