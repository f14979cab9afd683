"""One run from its seed to its verdict."""

import asyncio
import hashlib
from dataclasses import dataclass

from tests.labs.sim.clock import SimLoop, in_virtual_time
from tests.labs.sim.controls import NONE, Control
from tests.labs.sim.healing import Healing
from tests.labs.sim.scenario import CHAOS_S
from tests.labs.sim.world import World


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run went. Times in virtual seconds; the digest is that of the timeline."""

    seed: int
    violations: tuple[str, ...]
    timeline: tuple[str, ...]
    objects: int
    refusals: int
    virtual_s: float

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.timeline).encode()).hexdigest()[:16]


def run(seed: int, control: Control = NONE) -> Verdict:
    """Play one seed to its end."""
    played: list[tuple[World, Healing]] = []

    async def play(loop: SimLoop) -> None:
        world = World(seed, control, loop)
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
        world.oracle.objects,
        healing.refusals,
        world.loop.time(),
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
    await _clear(world, background)


async def _clear(world: World, background: list[asyncio.Task[None]]) -> None:
    """Only now, with the verdict given, are the dead woken, to end their tasks."""
    for sink in [*world.sinks, *world.dead]:
        world.loop.thaw(sink.process)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, *background, return_exceptions=True)
