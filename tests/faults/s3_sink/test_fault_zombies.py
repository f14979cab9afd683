"""Sinks that come back from the dead with a PUT in hand, and stores that cannot refuse: F23, F36."""

import asyncio
import signal
import time

import pytest

from tests.faults.s3_sink.conftest import Fault
from tests.labs.cluster.lab import Lab
from tests.labs.cluster.process import SinkProcess
from tests.labs.cluster.proof import Watch, prove, refuted, watched
from tests.labs.cluster.proxy import Gate, Proxy

# Beyond the session (6 s), the flush deadline (4 s), a request's read (30 s), the group's
# rebalance (60 s) and the watchdog (120 s).
EVERY_TIMEOUT_S = 125
STUCK = 70


async def _zombie(
    lab: Lab, *, wakes: bool, frozen_s: float = 0.0, without: str = ""
) -> tuple[Proxy, SinkProcess, SinkProcess]:
    """A sink is frozen with its PUT of [0, 20) under way; its heir stores [0, 40) and [40, 50).

    Then the PUT reaches the store, and the sleeper wakes; or it does not and the store is one
    that cannot refuse (a control).
    """
    small, name = lab.another_proxy(), f"{lab.topic}-0"
    small.faults.before = gate = Gate()
    await lab.create()
    await lab.numbers(0, 40)
    sleeper = lab.sink(
        without,
        AWS_ENDPOINT_URL=small.url,
        S3_SINK_OBJECT__MAX_RECORDS="20",
        S3_SINK_OBJECT__MAX_AGE_S="60",
    )
    await sleeper.until(lambda: gate.waiting == 1)
    sleeper.send(signal.SIGSTOP)
    frozen_at = time.monotonic()

    heir = lab.sink(without)
    await lab.until_stored(heir, 40)
    await lab.numbers(40, 10)
    await lab.until_stored(heir, 50)
    await asyncio.sleep(max(0.0, frozen_at + frozen_s - time.monotonic()))
    small.faults.strip_condition = not wakes
    gate.open()
    await heir.until(lambda: len(small.faults.seen) == 1)
    if wakes:
        sleeper.send(signal.SIGCONT)
    assert heir.partition(name)["state"] == "running"
    return small, sleeper, heir


async def _awake(lab: Lab, sleeper: SinkProcess, small: Proxy) -> tuple[str, SinkProcess]:
    """Let the sleeper come to itself; the watchdog may end it, and then it is started again."""

    def is_back() -> bool:
        return sleeper.process.poll() is not None or (
            sleeper.metric("s3_sink_rebalances_total") >= 2 and sleeper.is_ready
        )

    deadline = time.monotonic() + 60
    while not is_back():
        assert time.monotonic() < deadline, sleeper.log.read_text()[-3000:]
        await asyncio.sleep(0.1)
    code = sleeper.process.poll()
    if code is None:
        return "went on", sleeper
    assert code == STUCK, sleeper.log.read_text()[-3000:]
    again = lab.sink(AWS_ENDPOINT_URL=small.url)
    await again.until(lambda: again.is_ready)
    return "was ended by its watchdog and started again", again


async def _story(lab: Lab, watch: Watch, frozen_s: float) -> str:
    small, sleeper, heir = await _zombie(lab, wakes=True, frozen_s=frozen_s)
    how, awake = await _awake(lab, sleeper, small)
    await lab.numbers(50, 10)
    # Whoever has the partition now, the chain and the commits go on.
    name, both = f"{lab.topic}-0", (heir, awake)
    await heir.until(lambda: any(one.partition(name).get("position") == 60 for one in both))
    assert [one.end() for one in both] == [0, 0]
    assert small.faults.seen[0].status == 412
    return f"late PUT got 412, the sleeper {how}; {await prove(lab, watch)}"


@pytest.mark.representative("versitygw")
async def test_f23_a_sink_that_wakes_with_its_put_under_way_doubles_nothing(
    lab: Lab, fault: Fault
) -> None:
    async with watched(lab) as watch:
        fault("F23", f"frozen beyond the session: {await _story(lab, watch, 0.0)}")


@pytest.mark.timeout(600)
async def test_f23_a_sink_that_is_frozen_longer_than_every_timeout_doubles_nothing(
    lab: Lab, fault: Fault
) -> None:
    async with watched(lab) as watch:
        said = await _story(lab, watch, EVERY_TIMEOUT_S)

    fault("F23", f"frozen for {EVERY_TIMEOUT_S} s: {said}")


async def test_f23_control_a_store_that_does_not_refuse_lets_the_zombie_overwrite(
    lab: Lab, fault: Fault
) -> None:
    async with watched(lab) as watch:
        small, sleeper, heir = await _zombie(lab, wakes=False)
        await heir.until(lambda: watch.violations)
        sleeper.end(signal.SIGKILL)
        heir.end(signal.SIGKILL)

    assert small.faults.seen[0].status == 200
    assert any(" was " in one for one in watch.violations)
    red = await refuted(lab)
    assert "missing" in red
    fault("F23", f"control without If-None-Match is red: an ETag changed; {red[:90]}…")


@pytest.mark.representative("moto")
async def test_f36_a_store_that_ignores_the_condition_is_refused_at_start(
    lab: Lab, fault: Fault
) -> None:
    lab.faults.strip_condition = True
    await lab.create()
    await lab.numbers(0, 10)

    sink = lab.sink()
    code = await asyncio.to_thread(sink.process.wait, 40)

    assert code == 2
    assert "the object store ignores If-None-Match" in sink.log.read_text()
    assert lab.objects() == []
    fault("F36", "exit code 2, the reason is said, nothing was stored")


async def test_f36_control_without_the_probe_such_a_store_loses_records(
    lab: Lab, fault: Fault
) -> None:
    lab.faults.strip_condition = True
    async with watched(lab) as watch:
        small, sleeper, heir = await _zombie(lab, wakes=False, without="without=probe")
        await heir.until(lambda: watch.violations)
        sleeper.end(signal.SIGKILL)
        heir.end(signal.SIGKILL)

    assert small.faults.seen[0].status == 200
    red = await refuted(lab)
    assert "missing" in red
    fault("F36", f"control without the probe is red: an ETag changed; {red[:90]}…")
