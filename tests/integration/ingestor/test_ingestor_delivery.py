"""The ingestor's process between a real simulator and a real broker: all bytes, once, in order."""

import asyncio
import json
import random
import signal
from collections import Counter
from collections.abc import Callable, Iterable
from typing import TYPE_CHECKING, Any

import pytest

from coinlake.contracts.topics import GAPS, REJECTED
from local_stack.broker import Broker
from local_stack.ports import free_ports

if TYPE_CHECKING:
    from tests.integration.ingestor.conftest import Read, Simulator, StartIngestor, Topics

pytestmark = pytest.mark.timeout(120)

ONLY_ASSETS = {
    "INGESTOR_FEEDS__RATES__PAGES": "0",
    "INGESTOR_FEEDS__EXCHANGES__PAGES": "0",
    "INGESTOR_FEEDS__MARKETS__PAGES": "0",
    "INGESTOR_FEEDS__ASSETS__PAGES": "1",
}


def polls(status: Any) -> int:
    return sum(feed["polls"] for feed in status["feeds"].values())


def settled(status: Any) -> int:
    """Answers that Kafka has."""
    return sum(feed["published"] + feed["rejected"] for feed in status["feeds"].values())


def at_least(count: int) -> Callable[[Any], bool]:
    """So many answers are journaled."""
    return lambda status: polls(status) >= count


def spool_full(gaps: Iterable[Any]) -> int:
    """Ticks that were missed because the journal was full."""
    return sum(gap["count"] for gap in gaps if gap["cause"] == "spool_full")


def answers(records: "Iterable[Read]") -> "list[Read]":
    return [record for record in records if record.value is not None and record.topic != GAPS]


def heartbeats(records: "Iterable[Read]") -> "list[Read]":
    return [record for record in records if record.value is None]


async def test_every_body_served_is_in_kafka_once_with_equal_bytes(
    simulator: "Simulator", topics: "Topics", start_ingestor: "StartIngestor"
) -> None:
    ingestor = await start_ingestor()
    await ingestor.until("/status", at_least(25))
    before = await ingestor.json("/status")

    exit_code = ingestor.process.end()

    ledger = await simulator.ledger()
    records = await topics.read()
    assert exit_code == 0
    assert all(feed["published"] > 0 for feed in before["feeds"].values())
    assert Counter(entry["sha256"] for entry in ledger) == Counter(
        record.headers["sha256"] for record in answers(records)
    )
    for record in answers(records):
        assert record.value == await simulator.body(record.headers["sha256"])
        assert record.headers["source"] == "simulator"
        assert record.headers["status"] == "200"
        assert int(record.headers["received_at"]) == record.timestamp_ms
        assert record.headers["traceparent"].count("-") == 3
    assert len({record.headers["poll_id"] for record in answers(records)}) == len(ledger)
    assert {record.key for record in answers(records)} == {
        b"assets?limit=50&offset=0",
        b"assets?limit=50&offset=50",
        b"rates",
        b"exchanges?limit=100&offset=0",
        b"markets?limit=100&offset=0",
    }


async def test_heartbeats_promise_nothing_that_a_later_record_breaks(
    topics: "Topics", start_ingestor: "StartIngestor"
) -> None:
    ingestor = await start_ingestor(INGESTOR_HEARTBEAT_S="0.1")
    await ingestor.until("/status", at_least(25))
    ingestor.process.end()

    records = await topics.read()

    promised: Counter[str] = Counter()
    for record in records:
        if record.topic == GAPS:
            continue
        assert record.timestamp_ms >= promised[record.topic], record
        if record.value is None:
            assert record.headers["producer"] == "ingestor"
            promised[record.topic] = int(record.headers["complete_to"])
    assert set(promised) == {record.topic for record in records} - {GAPS}
    assert REJECTED in promised


async def test_answers_that_cannot_be_used_are_kept_with_their_reason(
    simulator: "Simulator", topics: "Topics", start_ingestor: "StartIngestor"
) -> None:
    sunset = '{"data":{"message":"We are deprecating"},"timestamp":1}'
    steps: list[tuple[str, dict[str, Any]]] = [
        ("not_json", {"status": 200, "body": "<html>maintenance</html>"}),
        ("empty_body", {"status": 200, "body": ""}),
        ("data_wrong_kind", {"status": 200, "body": sunset}),
        ("data_empty", {"status": 200, "body": '{"data":[],"timestamp":1}'}),
        ("timestamp_off", {"status": 200, "body": '{"data":[{"id":"x"}],"timestamp":1}'}),
        ("error_body", {"status": 200, "body": '{"error":"asdf not found"}'}),
        ("client_error", {"status": 404, "body": "gone"}),
        ("server_error", {"status": 503, "body": "later"}),
        ("rate_limited", {"status": 429, "body": "slow", "headers": {"Retry-After": "1"}}),
    ]
    for _, step in steps:
        await simulator.script("/v3/assets", count=1, **step)

    ingestor = await start_ingestor(**ONLY_ASSETS)
    status = await ingestor.until(
        "/status", lambda status: status["feeds"]["assets"]["published"] >= 3
    )
    ingestor.process.end()

    rejected = [record for record in answers(await topics.read()) if record.topic == REJECTED]
    assert [
        (record.headers["reason"], record.value, record.headers["status"])
        for record in rejected
    ] == [(reason, step["body"].encode(), str(step["status"])) for reason, step in steps]
    assert status["feeds"]["assets"]["rejected"] == len(steps)
    ledger = await simulator.ledger()
    limited = next(at for at, entry in enumerate(ledger) if entry["status"] == 429)
    assert ledger[limited + 1]["at_ms"] - ledger[limited]["at_ms"] >= 1_000


async def test_a_broker_that_goes_and_comes_back_loses_nothing_and_keeps_the_order(
    broker: Broker, simulator: "Simulator", topics: "Topics", start_ingestor: "StartIngestor"
) -> None:
    ingestor = await start_ingestor()
    await ingestor.until("/status", lambda status: settled(status) >= 5)

    broker.stop()
    try:
        at_stop = polls(await ingestor.json("/status"))
        away = await ingestor.until(
            "/status",
            lambda status: (
                polls(status) >= at_stop + 15 and status["journal"]["pending_records"] > 10
            ),
        )
        why = await ingestor.until("/readyz", lambda body: not body["ready"])
    finally:
        broker.start()
    await ingestor.until("/status", lambda status: settled(status) >= polls(away) + 5)
    ready = await ingestor.until("/readyz", lambda body: body["ready"])
    exit_code = ingestor.process.end()

    records = await topics.read()
    served = Counter(entry["sha256"] for entry in await simulator.ledger())
    first_of = {record.headers["poll_id"]: record for record in reversed(answers(records))}
    assert exit_code == 0
    assert why["needs"]["kafka"] != "ok"
    assert ready["ready"]
    assert Counter(record.headers["sha256"] for record in first_of.values()) == served
    by_page: dict[tuple[str, bytes | None], list[int]] = {}
    for record in sorted(first_of.values(), key=lambda record: (record.topic, record.offset)):
        by_page.setdefault((record.topic, record.key), []).append(record.timestamp_ms)
    assert all(times == sorted(times) for times in by_page.values())


async def test_killed_at_any_moment_it_sends_what_it_journaled_and_names_what_it_missed(
    simulator: "Simulator", topics: "Topics", start_ingestor: "StartIngestor"
) -> None:
    rng = random.Random(20261122)
    wanted = 0
    for _ in range(4):
        ingestor = await start_ingestor()
        wanted += 8
        await ingestor.until("/status", at_least(wanted))
        # Any moment will do: the point is that it is not one that the code chose.
        await asyncio.sleep(rng.uniform(0, 0.3))
        wanted = polls(await ingestor.json("/status"))
        ingestor.process.end(signal.SIGKILL)

    ingestor = await start_ingestor()
    status = await ingestor.until(
        "/status", lambda status: settled(status) >= wanted + 5 and status["missed"]
    )
    exit_code = ingestor.process.end()

    records = answers(await topics.read())
    by_poll: dict[str, set[Any]] = {}
    for record in records:
        facts = (record.topic, record.key, record.value, record.timestamp_ms)
        by_poll.setdefault(record.headers["poll_id"], set()).add(
            (*facts, tuple(record.headers.items()))
        )
    assert exit_code == 0
    assert all(len(variants) == 1 for variants in by_poll.values())
    assert len(by_poll) >= polls(status)
    served = Counter(entry["sha256"] for entry in await simulator.ledger())
    kept = Counter(
        dict(variant[-1])["sha256"] for variants in by_poll.values() for variant in variants
    )
    assert not kept - served
    # Served but not kept: only a poll that was under way when it was killed, five pages at most.
    assert (served - kept).total() <= 4 * 5
    gaps = [json.loads(r.value or b"") for r in await topics.read() if r.topic == GAPS]
    down = [gap for gap in gaps if gap["cause"] == "down"]
    assert {gap["page"] for gap in down} >= {"assets?limit=50&offset=0", "rates"}
    assert all(gap["from_ms"] <= gap["to_ms"] and gap["count"] >= 1 for gap in down)
    assert ingestor.process.lines("ticks_missed")


async def test_started_without_kafka_it_spools_stops_when_full_and_sends_all_later(
    broker: Broker, simulator: "Simulator", topics: "Topics", start_ingestor: "StartIngestor"
) -> None:
    (nobody,) = free_ports(1)
    # Room for one largest answer of the one page, and for some real ones of about 20 kB.
    small = {
        **ONLY_ASSETS,
        "INGESTOR_FEEDS__ASSETS__INTERVAL_S": "0.05",
        "INGESTOR_POLL__MAX_BODY_BYTES": "60000",
        "INGESTOR_JOURNAL__MAX_BYTES": "400000",
    }
    ingestor = await start_ingestor(KAFKA_BOOTSTRAP_SERVERS=f"127.0.0.1:{nobody}", **small)
    full = await ingestor.until("/status", lambda status: status["needs"]["journal"])
    later = await ingestor.until("/status", lambda status: spool_full(status["missed"]) >= 5)
    exit_code = ingestor.process.end()
    restarted = await start_ingestor(**small)
    await restarted.until("/status", lambda status: settled(status) > polls(later))
    restarted.process.end()

    assert exit_code == 0
    assert polls(full) == polls(later) > 3
    assert later["journal"]["pending_bytes"] <= 400_000
    records = await topics.read()
    served = Counter(entry["sha256"] for entry in await simulator.ledger())
    assert Counter(record.headers["sha256"] for record in answers(records)) == served
    gaps = [json.loads(record.value or b"") for record in records if record.topic == GAPS]
    assert spool_full(gaps) >= 5
    left = (restarted.process.log.parent / "state" / "journal").iterdir()
    assert sum(path.stat().st_size for path in left) < 400_000 / 2


async def test_a_refused_key_stops_polling_and_is_said(
    simulator: "Simulator", start_ingestor: "StartIngestor"
) -> None:
    ingestor = await start_ingestor(COINCAP_API_KEY="a-key-that-nobody-knows-here")
    status = await ingestor.until(
        "/status",
        lambda status: status["needs"]["api_key"] and status["feeds"]["assets"]["missed"] >= 4,
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
    simulator: "Simulator", start_ingestor: "StartIngestor"
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
    simulator: "Simulator", topics: "Topics", start_ingestor: "StartIngestor"
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
    start_ingestor: "StartIngestor", setting: str, value: str, said: str
) -> None:
    ingestor = await start_ingestor(**{setting: value})

    code = await asyncio.to_thread(ingestor.process.popen.wait, 20)  # type: ignore[union-attr]

    assert code == 2
    assert said in ingestor.process.text()
    assert "secret-in-a-url" not in ingestor.process.text()


async def test_a_second_process_on_the_same_state_is_refused(
    start_ingestor: "StartIngestor",
) -> None:
    first = await start_ingestor()
    await first.until("/status", at_least(1))

    second = await start_ingestor()
    code = await asyncio.to_thread(second.process.popen.wait, 20)  # type: ignore[union-attr]

    assert code == 2
    assert "in use by another ingestor" in second.process.text()
    assert first.process.end() == 0
