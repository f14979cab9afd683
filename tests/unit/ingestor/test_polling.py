"""The loop of a page in virtual time: no drift, nothing queued, every missed tick has a name."""

import asyncio
from pathlib import Path

import pytest

from ingestor.adapters.journal import open_journal
from ingestor.core.ports import ApiAnswer, Call
from ingestor.loop import polling
from ingestor.loop.polling import poll_until
from tests.unit.ingestor.polls import World, _poller, good, killed, no_answer, played, status
from tests.unit.ingestor.times import START_MS, Times


async def test_slow_answers_do_not_shift_the_schedule(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([good(after_s=7) for _ in range(5)])

    counts, gaps = await played(tmp_path, monkeypatch, world)

    assert world.asked_ms == [0, 10_000, 20_000, 30_000, 40_000]
    assert (counts.polls, counts.missed, gaps) == (5, 0, [])


async def test_a_poll_that_takes_too_long_drops_ticks_and_names_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([good(after_s=35), good(), good()])

    counts, gaps = await played(tmp_path, monkeypatch, world)

    assert world.asked_ms == [0, 35_000, 40_000]
    assert (counts.polls, counts.missed) == (3, 2)
    (gap,) = gaps
    assert gap["cause"] == "overrun"
    assert gap["page"] == "assets?limit=10&offset=0"
    assert (gap["from_ms"], gap["to_ms"]) == (START_MS + 10_000, START_MS + 20_000)


async def test_a_server_error_is_tried_again_within_its_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([status(503), no_answer, good(), good()])

    counts, gaps = await played(tmp_path, monkeypatch, world)

    assert max(world.asked_ms[:3]) < 1_000
    assert world.asked_ms[3] == 10_000
    assert (counts.polls, counts.failed, counts.missed) == (3, 1, 0)
    assert gaps == []


async def test_an_answer_that_waiting_cannot_mend_is_not_tried_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([status(404), status(200), good()])

    counts, _ = await played(tmp_path, monkeypatch, world)

    assert world.asked_ms == [0, 10_000, 20_000]
    assert counts.polls == 3


async def test_a_long_retry_after_is_waited_for_and_its_ticks_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([status(429, "25"), good(), good()])

    counts, gaps = await played(tmp_path, monkeypatch, world)

    assert world.asked_ms == [0, 30_000, 40_000]
    assert counts.missed == 2
    assert [(gap["cause"], gap["count"]) for gap in gaps] == [("backoff", 2)]


async def test_a_refused_key_is_probed_rarely_and_its_ticks_are_one_gap(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([status(401), status(403), good(), good()])

    counts, gaps = await played(tmp_path, monkeypatch, world, probe_s=100)

    # Twice, at once: one answer does not speak for an hour.
    assert world.asked_ms[0] == 0
    assert world.asked_ms[1] < 1_000
    assert world.asked_ms[2:] == [110_000, 120_000]
    assert counts.missed == 10
    assert [(gap["cause"], gap["count"]) for gap in gaps] == [("key_refused", 10)]


async def test_a_poll_that_died_before_its_journal_entry_is_a_named_missed_tick(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await played(tmp_path, monkeypatch, World([good(), killed]))
    later = World([good()], Times(START_MS + 33_000))

    counts, gaps = await played(tmp_path, monkeypatch, later)

    assert later.asked_ms == [40_000]
    assert (counts.polls, counts.missed) == (2, 3)
    (gap,) = gaps
    assert gap["cause"] == "down"
    assert (gap["from_ms"], gap["to_ms"]) == (START_MS + 10_000, START_MS + 30_000)
    assert (gap["count"], gap["detected_ms"]) == (3, START_MS + 33_000)


async def test_the_very_first_poll_is_missed_by_name_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    await played(tmp_path, monkeypatch, World([killed]))
    later = World([good()], Times(START_MS + 3_000))

    _, gaps = await played(tmp_path, monkeypatch, later)

    assert [(gap["from_ms"], gap["count"]) for gap in gaps] == [(START_MS, 1)]


async def test_a_disk_that_refuses_an_answer_makes_its_tick_a_named_miss(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "no space left on device")

    def breaking(world: World) -> ApiAnswer:
        monkeypatch.setattr("ingestor.adapters.spool.os.fsync", full)
        return good()(world)

    def mending(world: World) -> ApiAnswer:
        return good()(world)

    world = World([good(), breaking, mending])
    real_sleep = world.sleep

    async def sleep(stop: asyncio.Event, seconds: float) -> bool:
        monkeypatch.undo()
        monkeypatch.setattr(polling, "sleep_or_stop", sleep)
        return await real_sleep(stop, seconds)

    world.sleep = sleep  # type: ignore[method-assign]

    counts, gaps = await played(tmp_path, monkeypatch, world)

    assert (counts.polls, counts.missed) == (2, 1)
    assert [(gap["cause"], gap["from_ms"]) for gap in gaps] == [("journal", START_MS + 10_000)]


async def test_a_poll_under_way_cannot_hold_up_the_end(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    world = World([good()])

    async def stop_and_hang(url: str, _: Call) -> ApiAnswer:
        world.asked_ms.append(0)
        world.stop.set()
        await asyncio.Event().wait()
        raise AssertionError(url)

    monkeypatch.setattr(world, "get", stop_and_hang)
    async with open_journal(tmp_path, max_bytes=10**7) as journal:
        poller = _poller(tmp_path, journal, world, 3_600)

        async with asyncio.timeout(5):
            await poll_until(world.stop, [poller], grace_s=0.01)

        assert world.asked_ms == [0]
        assert journal.progress.facts("assets").polls == 0
