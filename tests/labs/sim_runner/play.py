"""One run from its seed to its verdict."""

import asyncio
from collections.abc import Collection, Sequence

from coinlake.contracts.datasets import TABULAR
from etl_runner.loop import put_objects, reconcile
from tests.labs.events import picked
from tests.labs.patching import patched
from tests.labs.seeds import Verdict
from tests.labs.sim.clock import SimLoop, in_virtual_time
from tests.labs.sim_runner.controls import NONE, every
from tests.labs.sim_runner.healing import Healing
from tests.labs.sim_runner.scenario import CHAOS_S
from tests.labs.sim_runner.sometimes import SITUATIONS
from tests.labs.sim_runner.world import FEEDS, World
from tests.labs.situations import Situations


def run_named(
    seed: int, control: str | None = None, events: Collection[int] | None = None
) -> Verdict:
    """Play one seed to its end, under a control and with some of its events only."""
    situations = Situations(SITUATIONS)
    chosen = NONE if control is None else every()[control]
    played: list[World] = []

    async def play(loop: SimLoop) -> None:
        world = World(seed, loop, situations, chosen.ignores)
        played.append(world)
        await _play(world, events)

    # This lake has two feeds: each costs a pass as much as the other.
    feeds = (reconcile, "TABULAR", {name: TABULAR[name] for name in FEEDS})
    # Every other world's objects are too large for the runner's memory.
    size = (put_objects, "IN_MEMORY_BYTES", 0 if seed % 2 else put_objects.IN_MEMORY_BYTES)
    with patched((feeds, size)), chosen.applied():
        in_virtual_time(play)
    (world,) = played
    _count(world)
    return Verdict(
        seed,
        tuple(dict.fromkeys(world.oracle.violations)),
        tuple(world.timeline),
        world.loop.time(),
        tuple(map(str, world.plan.events)),
        {"commits": world.oracle.commits, "runs": world.glue.calls},
        dict(situations.times),
    )


async def _play(world: World, events: Collection[int] | None) -> None:
    healing = Healing(world)
    background = [
        asyncio.ensure_future(world.produce_until(CHAOS_S)),
        asyncio.ensure_future(world.watch()),
    ]
    world.seed_the_past()
    for _ in range(world.plan.runners):
        world.start_runner()
    for event in picked(world.plan.events, events):
        world.loop.call_at(event.at_s, world.happen, event)
    while world.loop.time() < CHAOS_S + 1 and not healing.is_wrong():  # noqa: ASYNC110
        await asyncio.sleep(1.0)
    if not healing.is_wrong():
        await healing.run()
    await _clear(world, background)


async def _clear(world: World, background: Sequence[asyncio.Future[None]]) -> None:
    for one in [*world.runners, *world.dead]:
        world.loop.thaw(one.process)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, *background, return_exceptions=True)


def _count(world: World) -> None:
    """What the runners have counted themselves."""
    names = {
        "finish_theirs": "finished for another",
        "mine": "conflict",
        "moved": "conflict",
        "foreign": "conflict",
    }
    for one in [*world.runners, *world.dead]:
        for decision, name in names.items():
            if one.metrics.publish_conflicts.labels(decision=decision)._value.get():
                world.reached(name)
