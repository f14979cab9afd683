"""Several sinks, one partition, a store that fails: the chain holds, and only with its rules.

The real state, writer and finder run against a log and a bucket in memory. Which sink acts, how
much it reads, when it cuts and dies, and what the store does to it comes from a seed.
"""

import random
from collections.abc import Callable

import pytest

from coinlake.contracts.hours import hour_of
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import Record
from coinlake.errors import InvariantError
from s3_sink.core.part import SealReason
from s3_sink.core.partition_state import PartitionState
from s3_sink.core.ports import Commit
from tests.unit.s3_sink.world import World

Worlds = Callable[..., World]
HOUR_MS = 3_600_000
NOON_MS = 1_790_000_000_000 // HOUR_MS * HOUR_MS
RECORDS = 60


def _log(rng: random.Random) -> list[Record]:
    return [
        Record(n, rng.choice((NOON_MS, NOON_MS, NOON_MS + HOUR_MS, -5, 0)), b"k", b"%d" % n)
        for n in range(RECORDS)
    ]


class Zombies:
    """Three sinks that do not know of each other and all think that the partition is theirs."""

    def __init__(self, world: World, rng: random.Random) -> None:
        self.world = world
        self.rng = rng
        self.states: dict[str, PartitionState | None] = dict.fromkeys(("a", "b", "c"))

    async def act(self, name: str) -> None:
        """One step of one sink: start, read and cut, write, commit, or die."""
        state = self.states[name]
        if state is None:
            start = await self.world.start()
            self.states[name] = self.world.state(start.tip.link)
            return
        if self.rng.random() < 0.1:
            self.states[name] = None
            return
        unread = self.world.log.records[state.fetched_to :]
        state.add(unread[: self.rng.randint(0, 12)], 0.0)
        if self.rng.random() < 0.5:
            state.seal(SealReason.AGE)
        part = state.first_sealed
        if part is not None and self.rng.random() < 0.7:
            outcome = await self.world.writer(name).write(state, part)
            if self.rng.random() < 0.5:
                self.world.log.commit = Commit(state.link, str(outcome.found.key))

    async def finish(self) -> None:
        """Heal: one sink works alone until everything is stored."""
        while True:
            start = await self.world.start()
            state = self.world.state(start.tip.link)
            state.add(self.world.log.records, 0.0)
            state.seal(SealReason.SHUTDOWN)
            if state.first_sealed is None:
                return
            await self.world.write_all(state, self.world.writer("last"))


async def _run(worlds: Worlds, faulty: type, seed: int, **store: bool) -> bool:
    """Whether each record is in the bucket once, in one chain."""
    rng = random.Random(seed)
    world = worlds(store=faulty(rng, **store))
    world.log.records = _log(rng)
    zombies = Zombies(world, rng)
    for _ in range(120):
        await zombies.act(rng.choice("abc"))
    await zombies.finish()
    spans = world.chain()
    for key, one in world.store.objects.items():
        if key.startswith("raw/"):
            folders = {hour_of(record.timestamp_ms).path for record in decode(one.body).records}
            assert folders == {"/".join(key.split("/")[2:4])}
    tiles = [link for link, _ in spans] == [0, *(end for _, end in spans[:-1])]
    return tiles and world.stored() == world.log.records


@pytest.mark.parametrize("seed", range(20))
async def test_each_record_is_stored_once_whatever_the_sinks_and_the_store_do(
    worlds: Worlds, faulty: type, seed: int
) -> None:
    assert await _run(worlds, faulty, seed)


async def test_control_a_store_that_overwrites_breaks_the_chain(
    worlds: Worlds, faulty: type
) -> None:
    async def holds(seed: int) -> bool:
        try:
            return await _run(worlds, faulty, seed, overwrites=True)
        except InvariantError:
            return False

    assert not all([await holds(seed) for seed in range(20)])


async def test_control_a_412_that_is_trusted_without_a_look_breaks_the_chain(
    worlds: Worlds, faulty: type, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = PartitionState.landed

    def own_buffer(state: PartitionState, next_offset: int, complete_to_ms: int | None) -> bool:
        part = state.first_sealed
        assert part is not None
        return real(state, part.next_offset, complete_to_ms)

    async def holds(seed: int) -> bool:
        try:
            return await _run(worlds, faulty, seed)
        except InvariantError:
            return False

    monkeypatch.setattr(PartitionState, "landed", own_buffer)

    assert not all([await holds(seed) for seed in range(20)])
