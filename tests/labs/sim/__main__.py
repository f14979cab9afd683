"""`python -m tests.labs.sim`: plays seeds, says how fast, and shows the timeline of a failing one."""

import argparse
import logging
import multiprocessing
import os
import sys
import time
from collections.abc import Iterable

import structlog

from tests.labs.sim.controls import NONE, Control, controls
from tests.labs.sim.play import Verdict, run

CONTROL_SEEDS = 1500


def quiet() -> None:
    """The sinks' own log lines would be millions."""
    structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.CRITICAL))


def main() -> int:
    """0 where every seed held and every control was caught."""
    parser = argparse.ArgumentParser(prog="python -m tests.labs.sim", description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many (default 1000)")
    parser.add_argument("--from", type=int, default=0, dest="first", help="the first seed")
    parser.add_argument(
        "--seconds", type=float, help="end after this long; says where to go on"
    )
    parser.add_argument("--stop", action="store_true", help="end at the first violation")
    parser.add_argument("--jobs", type=int, default=os.cpu_count() or 1)
    parser.add_argument("--replay", type=int, metavar="SEED", help="show one seed's timeline")
    parser.add_argument("--control", choices=list(controls()), help="with this rule dropped")
    parser.add_argument(
        "--controls", action="store_true", help="all controls, until each is red"
    )
    wanted = parser.parse_args()
    quiet()
    control = controls()[wanted.control] if wanted.control else NONE
    if wanted.replay is not None:
        return _show(run(wanted.replay, control))
    if wanted.controls:
        return _all_controls()
    if wanted.stop:
        return _until_red(wanted.first, wanted.seeds, wanted.jobs, control)
    return _play(wanted.first, wanted.seeds, wanted.seconds, wanted.jobs, control)


def _until_red(first: int, count: int, jobs: int, control: Control) -> int:
    tasks = ((seed, control.name) for seed in range(first, first + count))
    with multiprocessing.Pool(jobs, quiet) as pool:
        for verdict in pool.imap(_run_named, tasks, chunksize=8):
            if verdict.violations:
                pool.terminate()
                _say(f"seed {verdict.seed}: {verdict.violations[0]}")
                return 1
    return 0


def _play(first: int, count: int, seconds: float | None, jobs: int, control: Control) -> int:
    began, wrong, done, objects, refusals = time.monotonic(), [], 0, 0, 0
    tasks = ((seed, control.name) for seed in range(first, first + count))
    with multiprocessing.Pool(jobs, quiet) as pool:
        for verdict in pool.imap(_run_named, tasks, chunksize=8):
            done += 1
            objects += verdict.objects
            refusals += verdict.refusals
            if verdict.violations:
                wrong.append(verdict)
                _say(f"seed {verdict.seed}: {verdict.violations[0]}")
            if done % 200 == 0:
                _say(f"  {done} seeds, {done / (time.monotonic() - began):.1f} seeds/s")
            if seconds is not None and time.monotonic() - began > seconds:
                _say(f"out of time: go on with --from {first + done} --seeds {count - done}")
                pool.terminate()
                break
    took_s = time.monotonic() - began
    if wrong:
        _show(run(wrong[0].seed, control))
    _say(
        f"{done} seeds from {first}: {len(wrong)} violations, {objects} objects, "
        f"{refusals} refusals, {took_s:.0f} s, {done / took_s:.1f} seeds/s"
    )
    return 1 if wrong else 0


def _all_controls() -> int:
    missed = []
    for control in controls().values():
        red = first_red(control, range(CONTROL_SEEDS))
        if red is None:
            missed.append(control.name)
            _say(f"control {control.name}: NOT CAUGHT in {CONTROL_SEEDS} seeds")
        else:
            _say(f"control {control.name}: red at seed {red.seed}: {red.violations[0]}")
    return 1 if missed else 0


def first_red(control: Control, seeds: Iterable[int]) -> Verdict | None:
    """The first seed that catches a control; None where none does."""
    return next((one for seed in seeds if (one := run(seed, control)).violations), None)


def _run_named(task: tuple[int, str]) -> Verdict:
    seed, name = task
    verdict = run(seed, controls().get(name, NONE))
    # Timelines are long, and all but a failing one are thrown away: that one is played again.
    return Verdict(seed, verdict.violations, (), verdict.objects, verdict.refusals, 0.0)


def _show(verdict: Verdict) -> int:
    _say("\n".join(verdict.timeline))
    for violation in verdict.violations:
        _say(f"VIOLATION {violation}")
    _say(f"seed {verdict.seed}: timeline {verdict.digest}, {verdict.virtual_s:.1f} virtual s")
    return 1 if verdict.violations else 0


def _say(text: str) -> None:
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
