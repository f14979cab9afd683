"""Plays the seeds of simulated worlds: many at once, one again, one made small, and the controls.

What is played is a `World`; this knows nothing of what happens in one.
"""

import argparse
import gc
import hashlib
import logging
import os
import sys
import time
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field, replace

import structlog

from tests.labs.shrinking import shrunk
from tests.labs.situations import Situations

CONTROL_SEEDS = 1500
# From so many seeds on a situation that was never reached is a failure.
FULL_SIZE = 20_000
SHRINKING_TRIES = 60


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a run went. `violations` begin with their kind and a colon; times are virtual seconds.

    `events` are those that the seed has drawn, whether they were played or not. `counted` is
    what is worth a total, `situations` how often each was reached.
    """

    seed: int
    violations: tuple[str, ...]
    timeline: tuple[str, ...]
    virtual_s: float
    events: tuple[str, ...] = ()
    counted: Mapping[str, int] = field(default_factory=dict)
    situations: Mapping[str, int] = field(default_factory=dict)

    @property
    def digest(self) -> str:
        return hashlib.sha256("\n".join(self.timeline).encode()).hexdigest()[:16]

    @property
    def kinds(self) -> frozenset[str]:
        return frozenset(one.partition(":")[0] for one in self.violations)


@dataclass(frozen=True)
class World:
    """A world that can be played.

    `run` plays a seed, under a control (None: the product) and with some of its events only,
    by their numbers from 1 (None: all). It must be a function of a module: other processes call it.
    """

    name: str
    run: Callable[[int, str | None, Collection[int] | None], Verdict]
    controls: Callable[[], Collection[str]]
    situations: Mapping[str, str]


def main(worlds: Mapping[str, World], arguments: Sequence[str] | None = None) -> int:
    """0 where every seed held, every control was caught and, at full size, all was reached."""
    wanted = _arguments(worlds, arguments)
    chosen = [worlds[wanted.world]] if wanted.world else list(worlds.values())
    if wanted.control or wanted.replay is not None or wanted.shrink is not None:
        # One seed is a seed of one world.
        chosen = [worlds[_only(worlds, wanted)]]
    with quiet():
        if wanted.replay is not None:
            return _show(chosen[0].run(wanted.replay, wanted.control, wanted.events))
        if wanted.shrink is not None:
            return _shrink(chosen[0], wanted.shrink, wanted.control)
        if wanted.controls:
            return max([_all_controls(world, wanted.jobs) for world in chosen])
        if wanted.stop:
            return max([_until_red(world, wanted) for world in chosen])
        return max([_play(world, wanted) for world in chosen])


def first_red(world: World, control: str, seeds: Iterable[int]) -> Verdict | None:
    """The first seed that catches a control; None where none does."""
    played = (world.run(seed, control, None) for seed in seeds)
    return next((one for one in played if one.violations), None)


def violated(world: World, seeds: Iterable[int]) -> dict[int, tuple[str, ...]]:
    """What is wrong with the product, by the seed; empty where every seed holds."""
    played = {seed: world.run(seed, None, None).violations for seed in seeds}
    return {seed: wrong for seed, wrong in played.items() if wrong}


def smallest_red(world: World, red: Verdict, control: str | None) -> list[int]:
    """The numbers of few events with which a red seed is still red in the same way."""

    def is_red(numbers: Sequence[int]) -> bool:
        return bool(red.kinds & world.run(red.seed, control, numbers).kinds)

    return list(shrunk(range(1, len(red.events) + 1), is_red, SHRINKING_TRIES))


@contextmanager
def quiet() -> Iterator[None]:
    """The log lines of what is played would be millions."""
    _silence()
    try:
        yield
    finally:
        structlog.reset_defaults()


def _silence() -> None:
    silent = structlog.make_filtering_bound_logger(logging.CRITICAL)
    structlog.configure(wrapper_class=silent)


def _until_red(world: World, wanted: argparse.Namespace) -> int:
    seeds = range(wanted.first, wanted.first + wanted.seeds)
    with _played(world, wanted.jobs, ((seed, wanted.control) for seed in seeds)) as verdicts:
        for verdict in verdicts:
            if verdict.violations:
                _say(f"seed {verdict.seed}: {verdict.violations[0]}")
                return 1
    return 0


def _play(world: World, wanted: argparse.Namespace) -> int:
    began, wrong, done = time.monotonic(), [], 0
    totals: Counter[str] = Counter()
    situations = Situations(world.situations)
    first, count, seconds = wanted.first, wanted.seeds, wanted.seconds
    tasks = ((seed, wanted.control) for seed in range(first, first + count))
    with _played(world, wanted.jobs, tasks) as verdicts:
        for verdict in verdicts:
            done += 1
            totals.update(verdict.counted)
            situations.add(verdict.situations)
            if verdict.violations:
                wrong.append(verdict)
                _say(f"seed {verdict.seed}: {verdict.violations[0]}")
            if done % 200 == 0:
                _say(f"  {done} seeds, {done / (time.monotonic() - began):.1f} seeds/s")
            if seconds is not None and time.monotonic() - began > seconds:
                _say(f"out of time: go on with --from {first + done} --seeds {count - done}")
                break
    took_s = time.monotonic() - began
    if wrong:
        # One that broke the world is played again to show how.
        _shrink(world, wrong[0].seed, wanted.control)
    _say(situations.table())
    unreached = situations.unreached()
    if unreached:
        _say(f"not reached in {done} seeds: {', '.join(unreached)}")
    said = ", ".join(f"{total} {name}" for name, total in sorted(totals.items()))
    _say(
        f"{world.name}: {done} seeds from {first}: {len(wrong)} violations, {said}, "
        f"{took_s:.0f} s, {done / took_s:.1f} seeds/s"
    )
    return outcome(done, len(wrong), unreached)


def outcome(seeds: int, violations: int, unreached: Collection[str]) -> int:
    """The exit code: rare situations may be missing in few seeds, and in many they must not."""
    return 1 if violations or (unreached and seeds >= FULL_SIZE) else 0


def _all_controls(world: World, jobs: int) -> int:
    missed = []
    for name in world.controls():
        red = _first_red_of_many(world, name, jobs)
        if red is None:
            missed.append(name)
            _say(f"control {name}: NOT CAUGHT in {CONTROL_SEEDS} seeds")
        else:
            _say(f"control {name}: red at seed {red.seed}: {red.violations[0]}")
    return 1 if missed else 0


def _first_red_of_many(world: World, control: str, jobs: int) -> Verdict | None:
    """As `first_red`, with all processes at once."""
    tasks = ((seed, control) for seed in range(CONTROL_SEEDS))
    with _played(world, jobs, tasks) as verdicts:
        return next((one for one in verdicts if one.violations), None)


def _shrink(world: World, seed: int, control: str | None) -> int:
    red = world.run(seed, control, None)
    if not red.violations:
        _say(f"seed {seed} holds: there is nothing to shrink")
        return 0
    numbers = smallest_red(world, red, control)
    _show(world.run(seed, control, numbers))
    named = ",".join(map(str, numbers)) or "none"
    under = f" --control {control}" if control else ""
    _say(
        f"{len(numbers)} of {len(red.events)} events: "
        f"python -m tests.labs.sim --world {world.name}{under} --replay {seed} --events {named}"
    )
    return 1


def _show(verdict: Verdict) -> int:
    _say("\n".join(verdict.timeline))
    for number, event in enumerate(verdict.events, 1):
        _say(f"event {number}: {event}")
    for violation in verdict.violations:
        _say(f"VIOLATION {violation}")
    _say(f"seed {verdict.seed}: timeline {verdict.digest}, {verdict.virtual_s:.1f} virtual s")
    return 1 if verdict.violations else 0


# The world that a process of the pool plays.
_PLAYED: list[World] = []


@contextmanager
def _played(
    world: World, jobs: int, tasks: Iterable[tuple[int, str | None]]
) -> Iterator[Iterable[Verdict]]:
    """The verdicts in the order of the seeds, from so many processes; those that nobody asks for any
    more are not played. A process that is killed is an error, and no endless wait.
    """
    if jobs == 1:
        _begin(world)
        yield map(_run, tasks)
        return
    pool = ProcessPoolExecutor(jobs, initializer=_begin, initargs=(world,))
    try:
        yield pool.map(_run, tasks, chunksize=8)
    finally:
        pool.shutdown(cancel_futures=True)


def _begin(world: World) -> None:
    _silence()
    # A world makes a hundred thousand objects that live as long as it: to look at them all again and
    # again takes a tenth of the time.
    gc.freeze()
    gc.set_threshold(100_000, 20, 100)
    _PLAYED[:] = [world]


def _run(task: tuple[int, str | None]) -> Verdict:
    seed, control = task
    try:
        verdict = _PLAYED[0].run(seed, control, None)
    except Exception as error:  # a world that breaks is red, and the other seeds go on
        verdict = Verdict(seed, (f"world: {error!r}",), (), 0.0)
    # Timelines are long, and all but a failing one are thrown away: that one is played again.
    return replace(verdict, timeline=())


def _only(worlds: Mapping[str, World], wanted: argparse.Namespace) -> str:
    if wanted.world:
        return str(wanted.world)
    if wanted.control:
        return next(name for name, one in worlds.items() if wanted.control in one.controls())
    if len(worlds) > 1:
        raise SystemExit(f"of which world? --world {'|'.join(worlds)}")
    return next(iter(worlds))


def _arguments(
    worlds: Mapping[str, World], arguments: Sequence[str] | None
) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.labs.sim", description=__doc__)
    add = parser.add_argument
    add("--world", choices=list(worlds), help="one world (default: all)")
    add("--seeds", type=int, default=1000, help="how many (default 1000)")
    add("--from", type=int, default=0, dest="first", help="the first seed")
    add("--seconds", type=float, help="end after this long; says where to go on")
    add("--stop", action="store_true", help="end at the first violation")
    add("--jobs", type=int, default=os.cpu_count() or 1)
    add("--replay", type=int, metavar="SEED", help="show one seed's timeline")
    add("--events", type=_numbers, help="with these of its events only: 1,4,7, or none")
    add("--shrink", type=int, metavar="SEED", help="find few events with which it is still red")
    names = sorted({name for world in worlds.values() for name in world.controls()})
    add("--control", choices=names, help="with this rule dropped")
    add("--controls", action="store_true", help="all controls, until each is red")
    return parser.parse_args(arguments)


def _numbers(text: str) -> frozenset[int]:
    return frozenset() if text == "none" else frozenset(map(int, text.split(",")))


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
