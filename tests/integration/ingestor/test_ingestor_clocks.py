"""A wall clock that is wrong for seconds, under a real process, a real API and a real broker."""

import asyncio
import json
import time
from collections import Counter
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest

from coinlake.contracts.topics import GAPS, REJECTED
from tests.integration.ingestor.conftest import (
    Read,
    Simulator,
    StartIngestor,
    Topics,
    Web,
)

pytestmark = pytest.mark.timeout(120)

MOVED = "tests.integration.ingestor.moved"
MINUTE = 60_000
HOUR = 60 * MINUTE
DAY = 24 * HOUR
_SOON_MS = 20_000


@dataclass(frozen=True, slots=True)
class Wall:
    """The machine's clock, as the process sees it."""

    file: Path

    def ahead(self, ms: int) -> None:
        fresh = self.file.with_suffix(".new")
        fresh.write_text(str(ms))
        fresh.rename(self.file)

    @property
    def env(self) -> dict[str, str]:
        return {"TEST_CLOCK_FILE": str(self.file)}


@pytest.fixture
def wall(tmp_path: Path) -> Wall:
    wall = Wall(tmp_path / "ahead")
    wall.ahead(0)
    return wall


# A slow machine keeps up with these.
CALM = {
    "INGESTOR_FEEDS__ASSETS__INTERVAL_S": "1",
    "INGESTOR_FEEDS__RATES__INTERVAL_S": "1",
    "INGESTOR_FEEDS__EXCHANGES__INTERVAL_S": "1.5",
    "INGESTOR_FEEDS__MARKETS__INTERVAL_S": "1.5",
    "INGESTOR_SHUTDOWN_S": "30",
}


def _sent(status: Any) -> int:
    """Answers that Kafka has."""
    return sum(feed["published"] + feed["rejected"] for feed in status["feeds"].values())


def _polls(status: Any) -> int:
    return sum(feed["polls"] for feed in status["feeds"].values())


async def _goes_on(ingestor: Web, more: int) -> Any:
    """Wait until so many more answers are in Kafka than there were in the journal."""
    before = _polls(await ingestor.until("/status", lambda _: True))
    return await ingestor.until("/status", lambda status: _sent(status) >= before + more)


def _answers(records: list[Read]) -> list[Read]:
    return [one for one in records if one.value is not None and one.topic != GAPS]


async def _all_is_kept_under_its_time(topics: Topics, simulator: Simulator) -> None:
    answers = _answers(await topics.read())
    served = Counter(entry["sha256"] for entry in await simulator.ledger())
    assert Counter(one.headers["sha256"] for one in answers) == served
    assert [one for one in answers if one.topic == REJECTED] == []
    now_ms = time.time() * 1_000
    assert max(one.timestamp_ms for one in answers) <= now_ms
    assert min(one.timestamp_ms for one in answers) >= now_ms - 5 * MINUTE
    for one in answers:
        assert int(one.headers["received_at"]) == one.timestamp_ms
        assert int(one.headers["requested_at"]) <= one.timestamp_ms


@pytest.mark.full_size
async def test_a_failure_under_a_clock_that_is_ahead_pauses_no_longer_than_it_said(
    simulator: Simulator, topics: Topics, start_ingestor: StartIngestor, wall: Wall
) -> None:
    del topics
    await simulator.script(
        "/v3/rates", count=1, status=503, body="no", headers={"Retry-After": "2"}
    )
    wall.ahead(HOUR)
    ingestor = await start_ingestor(MOVED, **CALM, **wall.env)
    await ingestor.until("/status", lambda status: status["feeds"]["rates"]["polls"] == 1)

    wall.ahead(0)
    status = await ingestor.until(
        "/status", lambda status: status["feeds"]["rates"]["published"] >= 2, 15
    )

    assert ingestor.process.end() == 0
    assert status["clock"]["wall_is_off_ms"] == pytest.approx(0, abs=1_000)
    assert ingestor.process.lines("time_moved") or ingestor.process.lines("clock_returned")


@pytest.mark.full_size(but="two hours")
@pytest.mark.parametrize("ahead", [2 * HOUR, HOUR // 2], ids=["two hours", "half an hour"])
async def test_a_clock_that_is_ahead_for_seconds_moves_no_stamp_and_rejects_nothing(
    simulator: Simulator,
    topics: Topics,
    start_ingestor: StartIngestor,
    wall: Wall,
    ahead: int,
) -> None:
    ingestor = await start_ingestor(MOVED, **CALM, **wall.env)
    await _goes_on(ingestor, 10)

    wall.ahead(ahead)
    await _goes_on(ingestor, 10)
    off = await ingestor.json("/status")
    wall.ahead(0)
    await _goes_on(ingestor, 10)
    ready = await ingestor.until("/readyz", lambda body: body["ready"])
    metrics = (await ingestor.get("/metrics"))[1]

    assert ingestor.process.end() == 0
    assert ready["ready"]
    await _all_is_kept_under_its_time(topics, simulator)
    assert off["clock"]["wall_is_off_ms"] == pytest.approx(ahead, abs=1_000)
    assert b'ingestor_clock_events_total{event="clock_jumped"} 1.0' in metrics.splitlines()
    jumps = [line["by_s"] for line in ingestor.process.lines("clock_jumped")]
    assert jumps == [pytest.approx(ahead / 1_000, abs=1)]
    assert ingestor.process.lines("clock_contradicted")
    assert ingestor.process.lines("clock_returned")


@pytest.mark.full_size
async def test_a_start_under_a_clock_two_hours_ahead_sends_all_under_the_right_time(
    simulator: Simulator, topics: Topics, start_ingestor: StartIngestor, wall: Wall
) -> None:
    wall.ahead(2 * HOUR)
    ingestor = await start_ingestor(MOVED, **CALM, **wall.env)
    await _goes_on(ingestor, 10)
    wall.ahead(0)
    await _goes_on(ingestor, 10)

    assert ingestor.process.end() == 0
    await _all_is_kept_under_its_time(topics, simulator)
    assert ingestor.process.lines("time_moved")


async def test_what_was_stamped_and_promised_two_hours_ahead_is_sent_under_the_time_of_now(
    simulator: Simulator, topics: Topics, start_ingestor: StartIngestor, wall: Wall
) -> None:
    wall.ahead(2 * HOUR)
    # Nobody to contradict it: the API's answers are further off than anybody may doubt.
    blind = {"INGESTOR_POLL__MAX_SKEW_S": str(3 * HOUR // 1_000)}
    ingestor = await start_ingestor(MOVED, **CALM, **wall.env, **blind)
    await ingestor.until("/status", lambda status: _polls(status) >= 20)
    floor = await ingestor.json("/status")
    ingestor.process.end()

    wall.ahead(0)
    ingestor = await start_ingestor(MOVED, **CALM, **wall.env)
    status = await _goes_on(ingestor, 10)
    await ingestor.until("/readyz", lambda body: body["ready"])

    assert ingestor.process.end() == 0
    assert floor["journal"]["pending_records"] >= 20
    assert status["journal"]["lost"] == []
    await _all_is_kept_under_its_time(topics, simulator)
    assert len(ingestor.process.lines("record_restamped")) >= 20
    assert ingestor.process.lines("watermark_lowered")


@pytest.mark.full_size
@pytest.mark.parametrize("boots_wrong", [False, True], ids=["running", "at a start"])
async def test_a_clock_400_days_ahead_turns_no_month(
    start_ingestor: StartIngestor,
    topics: Topics,
    wall: Wall,
    boots_wrong: bool,
    tmp_path: Path,
) -> None:
    del topics
    month = datetime.now(UTC).strftime("%Y-%m")
    ingestor = await start_ingestor(MOVED, **CALM, **wall.env)
    spent = (await _goes_on(ingestor, 10))["credits"]["spent"]
    if boots_wrong:
        ingestor.process.end()
        wall.ahead(400 * DAY)
        ingestor = await start_ingestor(MOVED, **CALM, **wall.env)
    else:
        wall.ahead(400 * DAY)
    await _goes_on(ingestor, 10)
    during = (await ingestor.json("/status"))["credits"]
    on_disk = json.loads((tmp_path / "state" / "credits.json").read_bytes())
    wall.ahead(0)
    await _goes_on(ingestor, 10)
    after = (await ingestor.json("/status"))["credits"]

    assert ingestor.process.end() == 0
    assert (during["month"], on_disk["month"], after["month"]) == (month, month, month)
    assert spent < during["spent"] < after["spent"]
    assert during["total"] == during["spent"]


@pytest.mark.full_size
async def test_while_the_clock_is_set_forward_and_back_heartbeats_break_no_promise(
    simulator: Simulator, topics: Topics, start_ingestor: StartIngestor, wall: Wall
) -> None:
    del simulator
    ingestor = await start_ingestor(MOVED, **CALM, **wall.env, INGESTOR_HEARTBEAT_S="0.1")
    for ahead in (HOUR // 2, 0, 2 * HOUR, -HOUR, 0):
        await _goes_on(ingestor, 5)
        wall.ahead(ahead)
        await asyncio.sleep(0.5)
    await _goes_on(ingestor, 5)
    assert ingestor.process.end() == 0

    promised: Counter[str] = Counter()
    for record in await topics.read():
        if record.topic == GAPS:
            continue
        assert record.timestamp_ms >= promised[record.topic], record
        if record.value is None:
            promised[record.topic] = int(record.headers["complete_to"])
    assert min(promised.values()) > time.time() * 1_000 - _SOON_MS
    assert max(promised.values()) <= time.time() * 1_000
