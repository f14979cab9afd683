"""Somebody who reads `docs/how-to/readmit.md`: a rejected answer is looked at, and comes back once."""

import asyncio
import hashlib
import os
import re
import subprocess
import sys
from pathlib import Path

import pytest
from aiokafka import AIOKafkaProducer

from coinlake.contracts.datasets import REJECTED
from coinlake.contracts.headers import AnswerHeaders
from tests.e2e.conftest import Lake, Rows
from tests.e2e.odd import DT, PAST_MS, asset, body
from tests.e2e.terminal import blocks

PAGE = Path(__file__).parents[2] / "docs/how-to/readmit.md"
# Four hours after the values of no sense, in an hour of its own.
HOUR, AT_MS = "09", PAST_MS + 4 * 3_600_000
KEY = b"assets?limit=100&offset=0"
GOOD = body(asset("returned")).replace(b"%d" % PAST_MS, b"%d" % AT_MS)
# What an ingestor of before this release called `not_json`, and what nobody can use.
VALUES = (b"\xef\xbb\xbf" + GOOD, b"<html>maintenance</html>")


@pytest.fixture(scope="module")
def rejected(lake: Lake, settled: None) -> None:
    asyncio.run(_produced(lake.env["KAFKA_BOOTSTRAP_SERVERS"]))
    lake.settle((REJECTED.name, DT, HOUR))


async def _produced(bootstrap: str) -> None:
    producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")
    await producer.start()
    try:
        for number, value in enumerate(VALUES):
            told = AnswerHeaders(
                f"old-{number}",
                AT_MS - 100,
                AT_MS,
                200,
                "http://api/v3/assets",
                hashlib.sha256(value).hexdigest(),
                "coincap",
                "t",
                "not_json",
            )
            await producer.send_and_wait(
                REJECTED.topic,
                value,
                key=KEY,
                headers=told.encode(),
                timestamp_ms=AT_MS + number,
            )
    finally:
        await producer.stop()


def typed(lake: Lake, section: str) -> str:
    """What the page's command says."""
    (block,) = blocks(PAGE, section)[:1]
    return _run(lake, block)


def _run(lake: Lake, block: str) -> str:
    path = f"{Path(sys.executable).parent}:{os.environ['PATH']}"
    done = subprocess.run(
        ["bash", "-euo", "pipefail", "-c", block],
        env={**os.environ, **lake.env, "PATH": path},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}{done.stderr}"
    return done.stdout


def queried(lake: Lake, section: str) -> Rows:
    (text,) = re.findall(
        rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", PAGE.read_text(), re.M | re.S
    )
    (query,) = re.findall(r"```sql\n(.*?)```", text, re.S)
    return lake.sql(query)


def returned(lake: Lake) -> Rows:
    return lake.sql(
        "select asset_id, poll_id, topic, hour from quotes "
        f"where dt='{DT}' and asset_id='returned'"
    )


def test_what_was_rejected_is_rows_with_their_reason(lake: Lake, rejected: None) -> None:
    (seen,) = queried(lake, "What was rejected").rows
    assert seen[:4] == ("assets", "not_json", "200", "2")

    first, second = queried(lake, "Look at one").rows
    assert (first[0], first[2]) == (KEY.decode(), "200")
    assert first[4:6] == ("false", VALUES[0].decode())
    assert second[5] == VALUES[1].decode()

    place = f"--raw-object {first[6]} --offset {first[7]}"
    assert "header reason: not_json" in _run(lake, f"coinlake lineage --table rejected {place}")


def test_it_is_looked_at_first_then_comes_back_into_its_own_hour_and_once(
    lake: Lake, rejected: None
) -> None:
    looked = typed(lake, "See what can be used now")
    assert "2 rejected answers: 1 usable, 1 rejected" in looked
    assert returned(lake).rows == ()

    sent = typed(lake, "Re-admit it")
    assert "1 readmitted, 1 rejected" in sent
    lake.wait("the row of the answer", lambda: returned(lake).rows != ())

    assert returned(lake).rows == (("returned", "old-0", "coincap.assets.v1", HOUR),)
    again = _run(lake, blocks(PAGE, "Re-admit it")[1])
    assert "1 present, 1 rejected" in again
    # What was rejected stays a row of the table.
    assert queried(lake, "What was rejected").rows[0][3] == "2"


def test_the_audit_still_proves_and_the_doctor_finds_nothing(
    lake: Lake, rejected: None
) -> None:
    lake.settle(("assets", DT, HOUR))

    assert "proven" in _run(lake, "coinlake audit")
    assert "nothing differs" in _run(lake, f"coinlake doctor --dt {DT}")
