"""Asking and sending with fakes around a real journal: order, watermarks, money, wedges."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from coinlake.contracts.headers import complete_to_ms as promised
from coinlake.contracts.topics import REJECTED
from coinlake.errors import BadRecordError, TransientError
from coinlake.kafka import Producer
from coinlake.lifecycle import Pulse
from coinlake.testing import FakeProducer
from ingestor.adapters.aside import ASIDE
from ingestor.adapters.journal import open_journal
from ingestor.core.credits import CreditLimits
from ingestor.core.entries import Outgoing, RecordEntry, TickMark, TickOutcome, unpack
from ingestor.core.feeds import ASSETS
from ingestor.core.gates import PageGate
from ingestor.core.ports import ApiAnswer, NoAnswerError
from ingestor.core.watermark import FloorClock, complete_to_ms
from ingestor.loop.sending import TopicSender
from tests.unit.ingestor.bench import PAGE, TICK, Bench, FakeApi
from tests.unit.ingestor.times import START_MS


class PickyProducer(FakeProducer):
    """Refuses values that it is told to, for good."""

    def __init__(self, refuses: bytes) -> None:
        super().__init__()
        self._refuses = refuses

    async def send(self, topic: str, *, value: bytes | None, **more: Any) -> int:
        if value == self._refuses:
            raise BadRecordError("too large")
        return await super().send(topic, value=value, **more)


async def test_an_answer_is_journaled_with_all_its_headers(bench: Bench) -> None:
    api = FakeApi(bench.good())

    reply = await bench.attempt(api).ask(PAGE, TICK, "assets-7")

    pending = bench.journal.progress.head(ASSETS.topic)
    assert pending is not None
    record = await bench.journal.read(pending)
    headers = dict(record.headers)
    assert reply.outcome is TickOutcome.USABLE
    assert api.urls == ["http://api/v3/assets?limit=100&offset=0"]
    assert (record.topic, record.key) == (ASSETS.topic, b"assets?limit=100&offset=0")
    assert record.timestamp_ms == bench.wall_ms()
    assert headers["poll_id"] == b"%032x" % 1
    assert headers["traceparent"] == b"00-%032x-%016x-01" % (2, 3)
    assert set(headers) == {
        *("poll_id", "requested_at", "received_at", "status"),
        *("url", "sha256", "source", "traceparent", "tick_id"),
    }
    assert headers["tick_id"] == b"assets-7"


async def test_credits_are_on_disk_as_reserved_while_the_api_is_asked(bench: Bench) -> None:
    api = FakeApi(bench.good(), on_disk=bench.folder / "credits.json")

    await bench.attempt(api).ask(PAGE, TICK)

    assert api.reserved == [29]
    assert (bench.budget.balance.reserved, bench.budget.balance.spent) == (0, 1)


@pytest.mark.parametrize(
    ("kind", "spent"), [("timeout", 29), ("incomplete_body", 29), ("unreachable", 0)]
)
async def test_an_answer_that_broke_off_costs_the_full_price_and_an_absent_api_nothing(
    bench: Bench, kind: str, spent: int
) -> None:
    error = NoAnswerError(kind, "no")  # type: ignore[arg-type]

    reply = await bench.attempt(FakeApi(error)).ask(PAGE, TICK)

    assert (reply.outcome, reply.again) == (TickOutcome.FAILED, True)
    assert bench.budget.balance.spent == spent
    assert bench.journal.progress.pending_records == 0
    assert bench.journal.progress.counts("assets").failed == 1


async def test_a_page_that_does_not_fit_into_what_is_left_is_not_asked(tmp_path: Path) -> None:
    async with open_journal(tmp_path, max_bytes=50_000) as journal:
        bench = Bench(tmp_path, journal, CreditLimits(4_000, max_total=28))

        assert bench.gating.closed(PAGE, PageGate()) == "credits"


async def test_a_full_spool_closes_the_door_before_it_overflows(bench: Bench) -> None:
    gate = PageGate()
    assert bench.gating.closed(PAGE, gate) is None

    mark = TickMark("assets", PAGE.key, TICK, TickOutcome.USABLE)
    await bench.journal.add(Outgoing(ASSETS.topic, b"k", b"x" * 41_000, (), 1), mark)

    assert bench.gating.closed(PAGE, gate) == "spool_full"
    assert bench.journal.room_bytes > 0


async def test_records_are_sent_in_the_journals_order_and_once(bench: Bench) -> None:
    producer = FakeProducer()
    attempt = bench.attempt(FakeApi(bench.good()))
    for _ in range(3):
        await attempt.ask(PAGE, TICK)
        bench.times.advance(1)

    await bench.sent_by(bench.sender(producer))
    await bench.sent_by(bench.sender(producer))

    times = [record.timestamp_ms for record in producer.sent if record.value is not None]
    assert times == [START_MS + 1_000 * (n + 1) for n in range(3)]
    assert bench.journal.progress.facts("assets").published == 3


async def test_while_kafka_is_away_all_stays_in_the_journal_and_the_reason_is_told(
    bench: Bench,
) -> None:
    await bench.attempt(FakeApi(bench.good())).ask(PAGE, TICK)
    sender = bench.sender(FakeProducer(down=True))

    await bench.sent_by(sender)

    assert bench.journal.progress.pending_records == 1
    assert sender.reason(0.0) == "the fake broker is down"


async def test_a_record_that_kafka_refuses_for_good_is_kept_and_blocks_nothing(
    bench: Bench,
) -> None:
    refused = bench.good()
    await bench.attempt(FakeApi(refused)).ask(PAGE, TICK)
    bench.times.advance(1)
    await bench.attempt(FakeApi(bench.good())).ask(PAGE, TICK)
    producer = PickyProducer(refused.body)

    await bench.sent_by(bench.sender(producer))

    (kept,) = (bench.folder / "journal" / ASIDE).iterdir()
    entry = unpack(kept.read_bytes()).entry
    assert isinstance(entry, RecordEntry)
    assert entry.record.value == refused.body
    assert [r.value is None for r in producer.sent if r.topic == ASSETS.topic] == [True, False]


async def test_a_topic_without_heartbeats_is_reached_before_it_has_anything(
    bench: Bench,
) -> None:
    @asynccontextmanager
    async def opened() -> AsyncIterator[Producer]:
        yield FakeProducer()

    watermarks = bench.watermarks()
    sender = TopicSender(
        "quiet", opened, bench.journal, None, watermarks, bench.retry_delay, bench.metrics
    )
    quiet = asyncio.Event()
    running = asyncio.create_task(sender.run(quiet, Pulse(60)))
    for _ in range(100):
        await asyncio.sleep(0.001)
        if sender.kafka.reason(0.0) is None:
            break
    quiet.set()
    bench.journal.wake()
    await running

    assert sender.kafka.reason(0.0) is None


async def test_a_watermark_does_not_go_beyond_what_still_waits(bench: Bench) -> None:
    oldest_ms = bench.wall_ms()
    await bench.attempt(FakeApi(bench.good())).ask(PAGE, TICK)
    bench.times.advance(90)
    producer = FakeProducer()

    await bench.sent_by(bench.sender(producer))

    beats = {r.topic: r for r in producer.sent if r.value is None}
    assert promised(beats[ASSETS.topic].headers) == oldest_ms
    assert beats[ASSETS.topic].timestamp_ms == oldest_ms
    assert promised(beats[REJECTED].headers) == oldest_ms + 90_000
    assert [r.value is None for r in producer.sent if r.topic == ASSETS.topic] == [True, False]


async def test_a_watermark_does_not_go_beyond_an_answer_not_journaled_yet(
    bench: Bench,
) -> None:
    producer = FakeProducer()

    with bench.stamps.received() as received_ms:
        bench.times.advance(5)
        await bench.sent_by(bench.sender(producer))

    assert {promised(record.headers) for record in producer.sent} == {received_ms}


async def test_after_a_promise_a_clock_that_is_set_back_stamps_nothing_older(
    bench: Bench,
) -> None:
    await bench.sent_by(bench.sender(FakeProducer()))
    promised_ms = bench.wall_ms()

    restarted = FloorClock(lambda: promised_ms - 3_600_000, bench.journal.progress.floor_ms)

    assert restarted() == promised_ms
    assert restarted.behind_ms == 3_600_000


def test_complete_to_is_the_smallest_of_its_bounds() -> None:
    assert complete_to_ms(100, (), None) == 100
    assert complete_to_ms(100, (90, 95), None) == 90
    assert complete_to_ms(100, (90,), 80) == 80


async def test_only_one_page_probes_a_refused_key(bench: Bench) -> None:
    refused = ApiAnswer(403, b"no", None)
    gate = PageGate()
    for _ in range(2):
        reply = await bench.attempt(FakeApi(refused)).ask(PAGE, TICK)
        bench.gating.after(PAGE, gate, reply)

    assert bench.gating.closed(PAGE, PageGate()) == "key_refused"
    bench.times.advance(3_600)
    assert [bench.gating.closed(PAGE, PageGate()) for _ in range(2)] == [None, "key_refused"]


async def test_a_rate_limit_stops_all_pages_for_as_long_as_the_api_says(bench: Bench) -> None:
    limited = ApiAnswer(429, b"slow", "30")
    reply = await bench.attempt(FakeApi(limited)).ask(PAGE, TICK)

    again_ms = bench.gating.after(PAGE, PageGate(), reply)

    assert again_ms == bench.times.steady + 30_000
    bench.times.advance(29.9)
    assert bench.gating.closed(PAGE, PageGate()) == "rate_limited"
    bench.times.advance(0.1)
    assert bench.gating.closed(PAGE, PageGate()) is None


async def test_a_disk_that_refuses_the_count_means_nothing_is_asked(
    bench: Bench, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object) -> None:
        raise OSError(28, "no space left on device")

    monkeypatch.setattr("ingestor.loop.budget.write_balance", refused)
    api = FakeApi(bench.good())

    with pytest.raises(TransientError):
        await bench.attempt(api).ask(PAGE, TICK)

    assert api.urls == []


async def test_an_odd_answer_is_sent_to_its_feed_and_counted_by_what_is_odd(
    bench: Bench,
) -> None:
    body = b'\xef\xbb\xbf{"data":[{"id":"bitcoin","priceUsd":NaN}],"timestamp":"%d"}'
    odd = ApiAnswer(200, body % bench.wall_ms(), None)

    reply = await bench.attempt(FakeApi(odd)).ask(PAGE, TICK)
    await bench.attempt(FakeApi(bench.good())).ask(PAGE, TICK)

    assert (reply.outcome, reply.reason) == (TickOutcome.USABLE, None)
    assert {one.topic for one in bench.journal.progress.pending} == {ASSETS.topic}
    counted = {
        sample.labels["oddity"]: sample.value
        for family in bench.registry.collect()
        for sample in family.samples
        if sample.name == "ingestor_degraded_answers_total" and sample.value
    }
    assert counted == {"byte_order_mark": 1, "not_a_number": 1, "timestamp_as_text": 1}
