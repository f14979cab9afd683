"""One run from its seed to its verdict."""

import asyncio
from collections.abc import Collection

from tests.labs.seeds import Verdict
from tests.labs.sim.clock import SimLoop, in_virtual_time
from tests.labs.sim.controls import NONE, Control, controls
from tests.labs.sim.healing import Healing
from tests.labs.sim.scenario import CHAOS_S, drawn_by
from tests.labs.sim.world import World


def run_named(seed: int, control: str | None, events: Collection[int] | None) -> Verdict:
    """Play one seed under a control that is told by its name."""
    chosen = controls()[control] if control else NONE
    drawn = drawn_by(seed).events
    if chosen.needs and chosen.needs.isdisjoint(event.what for event in drawn):
        why = f"not played: {', '.join(sorted(chosen.needs))} is not drawn"
        return Verdict(seed, (), (why,), 0.0, tuple(map(str, drawn)))
    return run(seed, chosen, events)


def run(seed: int, control: Control = NONE, events: Collection[int] | None = None) -> Verdict:
    """Play one seed to its end, with all that it has drawn or with these of its events."""
    played: list[tuple[World, Healing]] = []

    async def play(loop: SimLoop) -> None:
        world = World(seed, control, loop, events)
        healing = Healing(world)
        played.append((world, healing))
        await _play(world, healing)

    with control.applied():
        in_virtual_time(play)
    ((world, healing),) = played
    return Verdict(
        seed,
        tuple(dict.fromkeys(world.oracle.violations)),
        tuple(world.timeline),
        world.loop.time(),
        world.drawn,
        {"objects": world.oracle.objects, "refusals": healing.refusals},
        dict(world.situations.times),
    )


async def _play(world: World, healing: Healing) -> None:
    background = [
        asyncio.ensure_future(world.tick()),
        asyncio.ensure_future(world.produce_until(CHAOS_S)),
    ]
    for _ in range(world.plan.sinks):
        world.start_sink()
    for event in world.plan.events:
        world.loop.call_at(event.at_s, world.happen, event)
    for _ in range(int(CHAOS_S)):
        if not world.oracle.violations:
            await asyncio.sleep(1.0)
    if not world.oracle.violations:
        await healing.run()
        world.look()
    await _clear(world, background)


async def _clear(world: World, background: list[asyncio.Task[None]]) -> None:
    """Only now, with the verdict given, are the dead woken, to end their tasks."""
    for sink in [*world.sinks, *world.dead]:
        world.loop.thaw(sink.process)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, *background, return_exceptions=True)
