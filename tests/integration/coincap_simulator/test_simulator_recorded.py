"""A route that the simulator knows only from a recording, over real HTTP."""

import asyncio
import hashlib
import json
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROWS = [{"id": str(number), "symbol": f"S{number}"} for number in range(5)]
ROUTE = "/v3/dominance"


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    (tmp_path / "dominance.json").write_text(json.dumps({"timestamp": 1, "data": ROWS}))
    return tmp_path


async def test_a_recording_is_an_answer_like_any_other(
    start: Callable[..., Any], recorded: Path
) -> None:
    async with start("--recorded", str(recorded)) as simulator:
        before = (await simulator.ask("/clock"))["now_ms"]
        status, body, headers = await simulator.get(f"{ROUTE}?limit=2&offset=1")
        after = (await simulator.ask("/clock"))["now_ms"]
        entries = await simulator.ledger()
        summary = await simulator.ask("/ledger/summary")
        kept = await simulator.session.get(f"{simulator.admin}/bodies/{entries[0]['sha256']}")

        assert await kept.read() == body
    assert (status, headers["Content-Type"]) == (200, "application/json; charset=utf-8")
    assert json.loads(body)["data"] == ROWS[1:3]
    assert before <= json.loads(body)["timestamp"] <= after
    assert [entry["sha256"] for entry in entries] == [hashlib.sha256(body).hexdigest()]
    assert summary["by_feed"] == {"dominance": 1}


async def test_it_needs_a_key_and_obeys_its_limits(
    start: Callable[..., Any], recorded: Path
) -> None:
    plans = ("--plan", "scarce:2:-", "--plan", "slow:-:2", "--clock-rate", "0")
    keys = ("--key", "poor:scarce:p", "--key", "late:slow:l")
    poor, late = {"Authorization": "Bearer p"}, {"Authorization": "Bearer l"}
    async with start("--recorded", str(recorded), *plans, *keys) as simulator:
        refused = await simulator.get(ROUTE, {"User-Agent": "x"})
        by_credits = [(await simulator.get(ROUTE, poor))[0] for _ in range(3)]
        by_minute = [(await simulator.get(ROUTE, late))[0] for _ in range(3)]
        account = json.loads((await simulator.get("/v3/account", poor))[1])["data"]

    assert refused[0] == 403
    assert by_credits == [200, 200, 403]
    assert by_minute == [200, 200, 429]
    assert account["creditsUsed"] == 2


async def test_faults_and_other_seeds_reach_it(
    start: Callable[..., Any], recorded: Path
) -> None:
    async with start("--recorded", str(recorded)) as simulator:
        await simulator.tell("/script", {"path_prefix": ROUTE, "count": 1, "status": 503})
        statuses = [(await simulator.get(ROUTE))[0] for _ in range(2)]
        await simulator.tell("/seed", {"seed": 7})
        again = await simulator.get(ROUTE)
        unknown = await simulator.get("/v3/nothing")

    assert statuses == [503, 200]
    assert json.loads(again[1])["data"] == ROWS
    assert unknown[:2] == (404, b'{"error":"Not found"}')


async def test_a_broken_recording_ends_the_start_with_a_sentence(recorded: Path) -> None:
    (recorded / "broken.json").write_text("{")

    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "coincap_simulator",
        "--recorded",
        str(recorded),
        stderr=asyncio.subprocess.PIPE,
    )
    _, said = await asyncio.wait_for(process.communicate(), 30)

    assert process.returncode == 1
    assert b"cannot start: the recording broken.json is no JSON" in said
    assert b"Traceback" not in said
