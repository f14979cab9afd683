"""The loop's rhythm: when it lists, crawls, waits, and what it says when a turn fails."""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import cast

import pytest

from coinlake.backoff import Backoff
from coinlake.errors import InvariantError, TransientError
from coinlake.lifecycle import Pulse
from etl_runner.core.ports import BusyError
from etl_runner.loop import batch_loop
from etl_runner.loop.batch import BatchPipeline
from etl_runner.loop.batch_loop import BatchLoop, Rhythm
from etl_runner.loop.reconcile import Reconcile
from etl_runner.loop.run import StoppingError
from tests.unit.etl_runner.runner import Runner
from tests.unit.etl_runner.world import World

RHYTHM = Rhythm(reconcile_s=900, audit_s=3600, busy_s=20)


@dataclass
class Script:
    """What each turn of the pipeline does; the time passes while somebody waits."""

    turns: list[bool | Exception] = field(default_factory=list)
    passes: list[Exception | None] = field(default_factory=list)
    look_ms: int | None = None
    now_s: float = 1000.0
    done: list[str] = field(default_factory=list)
    waited: list[float] = field(default_factory=list)
    beats: int = 0
    stop: asyncio.Event = field(default_factory=asyncio.Event)

    async def turn(self, stop: asyncio.Event) -> bool:
        self.done.append("turn")
        if not self.turns:
            self.stop.set()
            return False
        said = self.turns.pop(0)
        if isinstance(said, Exception):
            raise said
        return said

    def next_look_ms(self) -> int | None:
        return self.look_ms

    async def run(self, now_ms: int, every_ms: int) -> None:
        assert every_ms == 900_000
        self.done.append("pass")
        if self.passes:
            said = self.passes.pop(0)
            if said is not None:
                raise said

    async def wait(self, event: asyncio.Event, seconds: float) -> None:
        self.waited.append(seconds)
        self.now_s += seconds


@pytest.fixture
def script(monkeypatch: pytest.MonkeyPatch) -> Script:
    made = Script()
    monkeypatch.setattr(batch_loop, "wait_for", made.wait)
    return made


@pytest.fixture
def loop(world: World, runner: Runner, script: Script) -> BatchLoop:
    pulse = Pulse(60)
    beat = pulse.beat

    def counted() -> None:
        script.beats += 1
        beat()

    pulse.beat = counted  # type: ignore[method-assign]
    return BatchLoop(
        cast(Reconcile, script),
        runner.live,
        cast(BatchPipeline, script),
        runner.records,
        world.parts,
        pulse,
        lambda: int(script.now_s * 1000),
        random.Random(1),
        lambda: script.now_s,
    )


@pytest.fixture
def turned(loop: BatchLoop, script: Script) -> Callable[..., Awaitable[int]]:
    async def run(*turns: bool | Exception) -> int:
        script.turns = list(turns)
        count = 0

        def once() -> None:
            nonlocal count
            count += 1

        await loop.run(script.stop, asyncio.Event(), RHYTHM, once)
        return count

    return run


Turned = Callable[..., Awaitable[int]]


async def test_it_lists_first_and_then_at_its_time(
    turned: Turned, script: Script, world: World
) -> None:
    assert await turned(*[False] * 950) == 951
    # Idle turns are a second long.
    assert script.done[:2] == ["pass", "turn"]
    passes = [n for n, what in enumerate(script.done) if what == "pass"]
    assert len(passes) == 2
    assert 895 <= passes[1] <= 905
    assert world.catalog.crawls == 0


async def test_it_crawls_to_audit_at_its_time_and_not_at_the_start(
    turned: Turned, script: Script, world: World
) -> None:
    await turned(*[False] * 3590)
    assert world.catalog.crawls == 0
    script.stop.clear()
    await turned(*[False] * 3700)
    assert world.catalog.crawls == 1


async def test_an_audit_that_fails_holds_up_no_turn(
    turned: Turned, script: Script, world: World, loop: BatchLoop
) -> None:
    world.catalog.is_away = True
    await turned(*[False] * 3700)
    assert loop.fault is None
    assert script.done.count("turn") == 3701


async def test_work_is_followed_by_the_next_turn_at_once(
    turned: Turned, script: Script
) -> None:
    assert await turned(True, True, True) == 4
    assert len(script.waited) == 1


@pytest.mark.parametrize(
    ("look_in_ms", "waits_s"), [(None, 1.0), (400, 0.4), (10, 0.05), (-5000, 0.05), (9000, 1.0)]
)
async def test_an_idle_turn_waits_for_the_next_hour_that_may_be_due(
    turned: Turned, script: Script, look_in_ms: int | None, waits_s: float
) -> None:
    script.look_ms = None if look_in_ms is None else int(script.now_s * 1000) + look_in_ms
    await turned()
    assert script.waited == [pytest.approx(waits_s)]


async def test_an_idle_turn_ends_where_the_next_listing_is_due(
    turned: Turned, script: Script
) -> None:
    await turned(*[False] * 900)
    assert sum(script.waited[:900]) == pytest.approx(900)


async def test_no_free_slot_is_waited_for_and_no_fault(
    turned: Turned, script: Script, loop: BatchLoop
) -> None:
    assert await turned(BusyError("busy"), BusyError("busy")) == 1
    for waited in script.waited[:2]:
        assert 10 <= waited <= 20
    assert loop.fault is None


async def test_a_turn_that_fails_is_tried_after_growing_waits_and_says_why(
    turned: Turned, script: Script, loop: BatchLoop, world: World
) -> None:
    expected = random.Random(1)
    backoff = Backoff(0.5, 30.0)
    count = await turned(*[TransientError("S3 is away")] * 8)
    waits = [backoff.delay_s(n, expected) for n in range(8)]
    assert sum(script.waited[:-1]) == pytest.approx(sum(waits))
    assert max(script.waited) <= 1.0
    # It shows that it lives while it waits.
    assert script.beats >= sum(waits)
    assert count == 1
    assert loop.fault is None
    assert world.counted("alarms_total", reason="promise_broken") == 0


async def test_a_promise_that_is_broken_is_an_alarm(turned: Turned, world: World) -> None:
    await turned(InvariantError("two heads"))
    assert world.counted("alarms_total", reason="promise_broken") == 1


async def test_the_fault_stays_until_a_turn_went_well(
    turned: Turned, script: Script, loop: BatchLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    faults: list[str | None] = [loop.fault]
    script.stop.set()
    await turned()
    assert faults == ["not listed yet"]
    script.stop.clear()
    script.turns = [TransientError("away")]
    wait = script.wait

    async def noted(event: asyncio.Event, seconds: float) -> None:
        faults.append(loop.fault)
        await wait(event, seconds)

    monkeypatch.setattr(batch_loop, "wait_for", noted)
    await turned(TransientError("away"), False)
    assert faults[1] == "away"
    assert faults[-1] is None


async def test_a_pass_that_could_not_end_holds_up_no_turn_and_is_gone_on_with(
    turned: Turned, script: Script, loop: BatchLoop
) -> None:
    away = TransientError("LIST: 503")
    script.passes = [None, away, away, None]

    await turned(*[False] * 905)

    second = 1 + script.done[1:].index("pass")
    assert script.done[second : second + 6] == ["pass", "turn"] * 3
    assert script.done.count("pass") == 4
    assert loop.fault is None


async def test_it_says_what_a_pass_could_not_list(
    turned: Turned, script: Script, loop: BatchLoop, monkeypatch: pytest.MonkeyPatch
) -> None:
    script.passes = [None, TransientError("LIST raw/: 503"), None]
    faults: list[str | None] = []
    wait = script.wait

    async def noted(event: asyncio.Event, seconds: float) -> None:
        faults.append(loop.fault)
        await wait(event, seconds)

    monkeypatch.setattr(batch_loop, "wait_for", noted)
    await turned(*[False] * 905)

    assert set(faults) == {None, "LIST raw/: 503"}
    assert faults[-1] is None


async def test_before_the_first_whole_pass_nothing_is_made(
    turned: Turned, script: Script
) -> None:
    script.passes = [TransientError("LIST: 503"), InvariantError("two heads"), None]

    await turned(False)

    assert script.done == ["pass", "pass", "pass", "turn", "turn"]


async def test_a_run_that_is_left_at_the_stop_is_no_failure(
    turned: Turned, script: Script, loop: BatchLoop
) -> None:
    assert await turned(StoppingError("the run goes on")) == 1
    assert script.waited[:-1] == []
