"""A broker that comes back at another address, behind a bootstrap address that stays good."""

import asyncio
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import pytest

from tests.labs.cluster.lab import Lab
from tests.labs.cluster.moving import MovingBroker, moving_broker

pytestmark = pytest.mark.timeout(300)

WITHIN_S = 30.0


@pytest.fixture
def moving(tmp_path: Path) -> Iterator[MovingBroker]:
    with moving_broker(tmp_path / "broker") as moving:
        yield moving


@pytest.fixture
def moving_lab(moving: MovingBroker, sink_s3: tuple[str, int], tmp_path: Path) -> Iterator[Lab]:
    with ExitStack() as open_, suppress(ProcessLookupError):
        yield Lab(moving.bootstrap, sink_s3, tmp_path, open_)


@pytest.mark.full_size(but="silent")
@pytest.mark.parametrize("is_silent", [False, True], ids=["refuses", "silent"])
async def test_the_sink_follows_a_broker_to_its_new_address(
    moving: MovingBroker, moving_lab: Lab, is_silent: bool
) -> None:
    lab = moving_lab
    await lab.create()
    await lab.numbers(0, 10)
    sink = lab.sink()
    await lab.until_stored(sink, 10)

    await asyncio.to_thread(moving.move, is_silent=is_silent)
    moved_s = time.monotonic()
    await lab.numbers(10, 10)
    await lab.until_stored(sink, 20, WITHIN_S)
    took_s = time.monotonic() - moved_s
    await sink.until(lambda: sink.is_ready)
    assert sink.get("/healthz")[0] == 200
    assert sink.end() == 0

    assert took_s < WITHIN_S
    learned = {line["client"]: line for line in sink.lines("brokers_learned_anew")}
    assert len(learned) >= 2, learned
    assert all(line["after"] == [f"127.0.0.1:{moving.port}"] for line in learned.values())
    assert len(lab.stored()) == 20


@pytest.mark.full_size
async def test_control_a_sink_that_asks_learned_brokers_only_never_comes_back(
    moving: MovingBroker, moving_lab: Lab
) -> None:
    lab = moving_lab
    await lab.create()
    await lab.numbers(0, 10)
    sink = lab.sink("without=rebootstrap")
    await lab.until_stored(sink, 10)

    await asyncio.to_thread(moving.move)
    await lab.numbers(10, 10)
    await asyncio.sleep(WITHIN_S)
    stored = sink.partition(f"{lab.topic}-0").get("chain_end")

    assert stored == 10
    assert sink.get("/healthz")[0] == 200


@pytest.mark.full_size
async def test_a_broker_that_is_down_ends_no_process_and_one_that_is_there_but_not_heard_does(
    moving: MovingBroker, moving_lab: Lab
) -> None:
    lab = moving_lab
    await lab.create()
    await lab.numbers(0, 10)
    down, deaf = (
        lab.sink("stuck=5"),
        lab.sink("stuck=5 without=learning", S3_SINK_GROUP__ID="deaf"),
    )
    await lab.until_stored(down, 10)
    await deaf.until(lambda: deaf.is_ready)

    await asyncio.to_thread(moving.stop)
    await down.until(lambda: "no broker has answered" in down.get("/readyz")[1], 60)
    await asyncio.sleep(10)
    alive = [down.get("/healthz")[0], deaf.get("/healthz")[0]]
    await asyncio.to_thread(moving.move)
    code = await asyncio.to_thread(deaf.process.wait, 60)
    await lab.numbers(10, 10)
    await lab.until_stored(down, 20, WITHIN_S)
    assert down.end() == 0

    assert alive == [200, 200]
    assert code == 70
    (said,) = deaf.lines("loop_stuck")
    assert "although" in said["reason"]
