"""Waiting for a run: what is asked, when it is told to stop, and when it is left to itself."""

import asyncio
import json
from dataclasses import dataclass, replace

import pytest

from coinlake.contracts.batches import Manifest
from coinlake.contracts.ledger import manifest_key
from coinlake.errors import NotFoundError, TransientError
from coinlake.testing import FakeClock
from etl_runner.core.batch import WantedHour
from etl_runner.core.hours import FeedHour
from etl_runner.core.ports import BusyError
from etl_runner.core.runs import GlueRun
from etl_runner.loop import run as run_module
from etl_runner.loop.freeze import freeze
from etl_runner.loop.run import RunFailedError, RunWatch, StoppingError, Timing, run
from tests.unit.etl_runner.world import HOUR, World

AT = FeedHour("rates", HOUR)


@dataclass
class Waits:
    """Time passes while the run is waited for."""

    clock: FakeClock
    count: int = 0

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        self.count += 1
        self.clock.advance(seconds)


@pytest.fixture
def waits(clock: FakeClock, monkeypatch: pytest.MonkeyPatch) -> Waits:
    made = Waits(clock)
    monkeypatch.setattr(run_module, "wait_for", made.wait)
    return made


@pytest.fixture
async def manifest(world: World) -> Manifest:
    await world.land()
    frozen = await freeze(world.parts, [WantedHour(AT)], code_version="dev", max_skew_ms=1)
    assert frozen.manifest is not None
    return frozen.manifest


def timing(clock: FakeClock, deadline_s: float = 60, stopping_s: float = 30) -> Timing:
    return Timing(5, deadline_s, stopping_s, clock)


async def test_a_run_is_started_with_its_batch_and_attempt_and_its_intent_written_first(
    world: World, clock: FakeClock, manifest: Manifest, waits: Waits
) -> None:
    started: list[dict[str, str]] = []
    start = world.glue.start

    async def noted(arguments: dict[str, str]) -> str:
        started.append(dict(arguments))
        intents = [key for key in world.bucket.objects if "/intents/" in key]
        assert len(intents) == 1
        return await start(arguments)

    world.glue.start = noted  # type: ignore[method-assign,assignment]
    batch = await run(world.parts, manifest, timing=timing(clock))

    ((attempt, body),) = [
        (key.rsplit("/", 1)[1].removesuffix(".json"), json.loads(stored.body))
        for key, stored in world.bucket.objects.items()
        if "/intents/" in key
    ]
    assert started == [
        {
            "--batch_id": manifest.batch_id,
            "--attempt": attempt,
            "--manifest": f"s3://coinlake/{manifest_key(manifest.batch_id)}",
        }
    ]
    assert body == {"batch_id": manifest.batch_id, "attempt": attempt}
    assert attempt.startswith(f"{int(clock() * 1000)}-")
    assert (batch.run.run_id, batch.run.billed_s) == ("jr_0", 60)
    assert batch.manifest == manifest


async def test_a_result_that_is_there_needs_no_run(
    world: World, clock: FakeClock, manifest: Manifest, waits: Waits
) -> None:
    first = await run(world.parts, manifest, timing=timing(clock))
    again = await run(world.parts, manifest, timing=timing(clock))
    assert len(world.glue.runs) == 1
    assert again == first
    world.glue.runs.clear()
    unknown = await run(world.parts, manifest, timing=timing(clock))
    assert (unknown.run.run_id, unknown.run.billed_s) == ("", 0)


async def test_every_look_is_seen_and_every_turn_is_a_beat(
    world: World, clock: FakeClock, manifest: Manifest, waits: Waits
) -> None:
    seen: list[str] = []
    beats: list[float] = []
    world.glue.stays = "RUNNING"

    def look(found: GlueRun) -> None:
        seen.append(found.state)
        if len(seen) == 4:
            world.glue.runs = [replace(found, state="FAILED", message="cheese")]

    watch = RunWatch(lambda: beats.append(clock()), look)
    with pytest.raises(RunFailedError, match=r"^cheese$"):
        await run(world.parts, manifest, timing=timing(clock), watch=watch)

    assert seen == ["RUNNING"] * 4 + ["FAILED"]
    assert [beat - beats[0] for beat in beats] == [0, 5, 10, 15, 20]


async def test_a_run_is_told_to_stop_behind_its_deadline_once(
    world: World, clock: FakeClock, manifest: Manifest, waits: Waits
) -> None:
    world.glue.stays = "RUNNING"
    told: list[float] = []
    begin = clock()
    stop = world.glue.stop

    async def noted(run_id: str) -> None:
        told.append(clock() - begin)
        await stop(run_id)

    world.glue.stop = noted  # type: ignore[method-assign]
    with pytest.raises(RunFailedError, match="ended STOPPED without a message"):
        await run(world.parts, manifest, timing=timing(clock))
    assert told == [65]


async def test_a_run_that_does_not_stop_is_left_behind_its_last_moment(
    world: World, clock: FakeClock, manifest: Manifest, waits: Waits
) -> None:
    world.glue.stays, world.glue.never_stops = "RUNNING", True
    begin = clock()
    with pytest.raises(RunFailedError, match="the run is STOPPING and does not stop"):
        await run(world.parts, manifest, timing=timing(clock))
    assert clock() - begin == 95


async def test_glue_that_is_away_is_waited_for_until_the_last_moment(
    world: World, clock: FakeClock, manifest: Manifest, waits: Waits
) -> None:
    world.glue.stays = "RUNNING"
    begin = clock()

    async def away(run_id: str) -> GlueRun:
        raise TransientError("GetJobRun: 503")

    world.glue.get = away  # type: ignore[method-assign]
    with pytest.raises(TransientError, match="GetJobRun: 503"):
        await run(world.parts, manifest, timing=timing(clock))
    assert clock() - begin == 95


async def test_a_run_that_glue_forgot_has_failed(
    world: World, clock: FakeClock, manifest: Manifest, waits: Waits
) -> None:
    async def unknown(run_id: str) -> GlueRun:
        raise NotFoundError("EntityNotFoundException")

    world.glue.stays = "RUNNING"
    world.glue.get = unknown  # type: ignore[method-assign]
    with pytest.raises(RunFailedError, match="Glue does not know run jr_0 any more"):
        await run(world.parts, manifest, timing=timing(clock))


async def test_a_stop_leaves_the_run_and_says_so(
    world: World, clock: FakeClock, manifest: Manifest, waits: Waits
) -> None:
    stop = asyncio.Event()
    stop.set()
    world.glue.stays = "RUNNING"
    with pytest.raises(StoppingError, match="run jr_0 goes on"):
        await run(world.parts, manifest, stop, timing(clock))
    assert world.glue.runs[0].state == "RUNNING"


async def test_a_failed_run_that_left_a_result_is_as_good_as_any(
    world: World, clock: FakeClock, manifest: Manifest, waits: Waits
) -> None:
    start = world.glue.start

    async def failed(arguments: dict[str, str]) -> str:
        run_id = await start(arguments)
        world.glue.runs = [replace(world.glue.runs[0], state="FAILED")]
        return run_id

    world.glue.start = failed  # type: ignore[method-assign,assignment]
    batch = await run(world.parts, manifest, timing=timing(clock))
    assert batch.result.batch_id == manifest.batch_id


async def test_a_run_that_succeeded_without_a_result_has_failed(
    world: World, clock: FakeClock, manifest: Manifest, waits: Waits
) -> None:
    async def start(arguments: dict[str, str]) -> str:
        made = GlueRun("jr_9", "SUCCEEDED", manifest.batch_id, "a", None, 5)
        world.glue.runs.insert(0, made)
        return "jr_9"

    world.glue.start = start  # type: ignore[method-assign,assignment]
    with pytest.raises(RunFailedError, match="succeeded without a result"):
        await run(world.parts, manifest, timing=timing(clock))


async def test_a_start_whose_reply_is_lost_is_found_by_its_attempt_or_told(
    world: World, clock: FakeClock, manifest: Manifest, waits: Waits
) -> None:
    other = GlueRun("jr_x", "FAILED", manifest.batch_id, "another", None, 5)

    async def lost(arguments: dict[str, str]) -> str:
        world.glue.runs = [other]
        raise TransientError("StartJobRun: 503")

    world.glue.start = lost  # type: ignore[method-assign,assignment]
    with pytest.raises(TransientError, match="StartJobRun: 503"):
        await run(world.parts, manifest, timing=timing(clock))
    # The reply may be what was lost: the name stays, to look for.
    assert any("/intents/" in key for key in world.bucket.objects)


async def test_a_refused_start_takes_its_intent_back(
    world: World, clock: FakeClock, manifest: Manifest, waits: Waits
) -> None:
    world.glue.busy = 1
    with pytest.raises(BusyError):
        await run(world.parts, manifest, timing=timing(clock))
    assert not any("/intents/" in key for key in world.bucket.objects)


@pytest.mark.parametrize(
    ("age_s", "state", "attempt", "is_stopped"),
    [
        (91, "RUNNING", "{ms}-ab", True),
        (91, "WAITING", "{ms}-ab", True),
        (89, "RUNNING", "{ms}-ab", False),
        (91, "STOPPING", "{ms}-ab", False),
        (91, "SUCCEEDED", "{ms}-ab", False),
        # Nobody of ours named it so: its beginning is not known.
        (91, "RUNNING", "somebody's", False),
        (91, "RUNNING", "²-ab", False),
    ],
)
async def test_a_run_of_a_dead_runner_does_not_hold_the_slot_for_ever(
    world: World,
    clock: FakeClock,
    manifest: Manifest,
    waits: Waits,
    age_s: float,
    state: str,
    attempt: str,
    is_stopped: bool,
) -> None:
    begun = attempt.format(ms=int((clock() - age_s) * 1000))
    world.glue.runs = [GlueRun("jr_dead", state, "other", begun, None, 5)]
    world.glue.busy = 1
    with pytest.raises(BusyError):
        await run(world.parts, manifest, timing=timing(clock))
    assert (world.glue.runs[0].state == "STOPPED") is is_stopped
