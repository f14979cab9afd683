"""Start, pulse and backoff."""

import asyncio
import os
import random
import signal
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from coinlake.backoff import Backoff
from coinlake.errors import ConfigError
from coinlake.lifecycle import EXIT_CONFIG, Pulse, run, sleep_or_stop
from coinlake.testing import FakeClock


@pytest.fixture(autouse=True)
def hears_signals_again() -> Iterator[None]:
    """`run` is the last thing that a process does; here the next test needs them."""
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGINT)}
    yield
    for number, handler in before.items():
        signal.signal(number, handler)


def test_a_signal_asks_the_service_to_stop_and_it_ends_with_zero() -> None:
    async def main(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()

    assert run("test", main) == 0


def test_a_second_signal_while_the_process_goes_changes_nothing() -> None:
    async def main(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()

    code = run("test", main)
    os.kill(os.getpid(), signal.SIGTERM)  # as while the interpreter takes itself down
    os.kill(os.getpid(), signal.SIGINT)

    assert code == 0


def test_a_wrong_configuration_is_one_sentence_and_its_own_exit_code(
    capsys: pytest.CaptureFixture[str],
) -> None:
    async def fail() -> None:
        raise ConfigError("no bucket named")

    async def main(_: asyncio.Event) -> None:
        async with asyncio.TaskGroup() as group:
            group.create_task(fail())

    assert run("test", main) == EXIT_CONFIG
    assert "test: no bucket named" in capsys.readouterr().err


def test_any_other_failure_is_exit_code_one() -> None:
    async def main(_: asyncio.Event) -> None:
        raise RuntimeError("broken")

    assert run("test", main) == 1


def test_a_pulse_that_stops_is_not_alive() -> None:
    clock = FakeClock()
    pulse = Pulse(10, clock)

    clock.advance(10)
    assert pulse.alive
    clock.advance(1)
    assert not pulse.alive
    pulse.beat()
    assert pulse.alive


async def test_a_sleeper_wakes_when_it_is_time_to_stop() -> None:
    stop = asyncio.Event()

    assert not await sleep_or_stop(stop, 0.001)
    stop.set()
    assert await sleep_or_stop(stop, 3600)


@given(st.integers(0, 10**9), st.integers())
def test_a_delay_is_never_above_the_cap(attempt: int, seed: int) -> None:
    delay = Backoff(0.2, 30).delay_s(attempt, random.Random(seed))

    assert 0 <= delay <= min(30, 0.2 * 2.0 ** min(attempt, 32))
