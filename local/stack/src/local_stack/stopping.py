"""Stops what a record names: services first, then what they use, each within its deadline."""

import signal
import time
from collections.abc import Callable, Mapping

from local_stack import processes
from local_stack.processes import Running

# Seconds from SIGTERM to SIGKILL. The sink flushes, the cloud ends Spark runs.
GRACE_S = {"s3_sink": 15.0, "kafka": 15.0}
_GRACE_S = 10.0

_WAVES = (
    ("query_api", "etl_runner", "s3_sink", "ingestor"),
    ("simulator", "cloud"),
    ("kafka",),
)


def stop_all(running: Mapping[str, Running], say: Callable[[str], None]) -> None:
    """Stop every process of the record that is still that process."""
    for wave in _WAVES:
        _stop_wave({name: running[name] for name in wave if name in running}, say)
    known = {name for wave in _WAVES for name in wave}
    _stop_wave({name: each for name, each in running.items() if name not in known}, say)


def stop_one(name: str, process: Running, say: Callable[[str], None]) -> None:
    """Stop one process."""
    _stop_wave({name: process}, say)


def _stop_wave(wave: Mapping[str, Running], say: Callable[[str], None]) -> None:
    living = {name: each for name, each in wave.items() if processes.alive(each)}
    begun = time.monotonic()
    for process in living.values():
        processes.send(process, signal.SIGTERM)
    for name, process in living.items():
        left_s = begun + GRACE_S.get(name, _GRACE_S) - time.monotonic()
        if processes.wait_gone(process, max(left_s, 0.0)):
            say(f"{name} stopped")
        else:
            processes.stop(process, 0.0)
            say(f"{name} did not stop in time and was killed")
