"""One run of the chain from its seed to its verdict."""

import asyncio
from collections.abc import Collection, Sequence
from unittest import mock

from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.topics import TOPICS, Topic
from etl_runner.loop import reconcile
from ingestor.adapters import files, spool
from ingestor.loop import sending
from tests.labs.patching import patched
from tests.labs.seeds import Verdict
from tests.labs.sim.clock import SimLoop, in_virtual_time
from tests.labs.sim_chain.broken import controls
from tests.labs.sim_chain.controls import NONE
from tests.labs.sim_chain.disk import os_of_the_disk
from tests.labs.sim_chain.healing import Healing
from tests.labs.sim_chain.ingestor import WITH_TABLES
from tests.labs.sim_chain.scenario import CHAOS_S
from tests.labs.sim_chain.world import MARKETS, World


def run_named(
    seed: int, control: str | None = None, events: Collection[int] | None = None
) -> Verdict:
    """Play one seed to its end, under a control and with some of its events only."""
    chosen = NONE if control is None else controls()[control]
    played: list[World] = []

    async def play(loop: SimLoop) -> None:
        world = World(seed, chosen, loop, events)
        played.append(world)
        topic = Topic(MARKETS, partitions=world.plan.partitions)
        with mock.patch.dict(TOPICS, {MARKETS: topic}):
            await _play(world, Healing(world, seed))

    # The disk stands for the file system, and this lake has three datasets: each costs as much as another.
    # Who waits for an event looks up seldom: nobody watches the pulse here.
    tabular = {name: TABULAR[name] for name in WITH_TABLES}
    lab = (
        (spool, "os", os_of_the_disk),
        (files, "os", os_of_the_disk),
        (reconcile, "TABULAR", tabular),
        (sending, "_IDLE_S", 5.0),
    )
    with patched(lab), chosen.applied():
        in_virtual_time(play)
    (world,) = played
    return Verdict(
        seed,
        tuple(dict.fromkeys(world.oracle.violations)),
        tuple(world.timeline),
        world.loop.time(),
        world.drawn,
        {
            "answers": len(world.oracle.sent),
            "commits": world.oracle.commits,
            "damages seen": world.situations.times["audit saw the damage"]
            + world.situations.times["doctor saw the damage"],
        },
        dict(world.situations.times),
    )


async def _play(world: World, healing: Healing) -> None:
    background = [asyncio.ensure_future(world.watch())]
    world.start_ingestor()
    for _ in range(world.plan.sinks):
        world.start_sink()
    for _ in range(world.plan.runners):
        world.start_runner()
    for event in world.plan.events:
        world.loop.call_at(event.at_s, world.happen, event)
    while world.loop.time() < CHAOS_S and not healing.is_wrong():  # noqa: ASYNC110
        await asyncio.sleep(1.0)
    if not healing.is_wrong():
        await healing.run()
    await _clear(world, background)


async def _clear(world: World, background: Sequence[asyncio.Future[None]]) -> None:
    """Only now, with the verdict given, are the dead woken, to end their tasks."""
    living = [] if world.ingestor is None else [world.ingestor]
    for one in (*living, *world.sinks, *world.runners, *world.dead):
        world.loop.thaw(one.process)
    tasks = asyncio.all_tasks() - {asyncio.current_task()}
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, *background, return_exceptions=True)
