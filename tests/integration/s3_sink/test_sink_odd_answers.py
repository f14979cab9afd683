"""A sink whose S3 answers as no S3 does: it waits, tells, goes on by itself; nothing lost or doubled."""

import asyncio
import os
import random
from collections.abc import Iterator

import pytest

from tests.labs.cluster.lab import Lab
from tests.labs.cluster.proof import prove, watched
from tests.odd_answers import ODD, Plan, odd_proxy

START = ("PUT probe", "LIST chain", "PUT chain", "GET chain", "LIST raw")
STORE = ("PUT raw",)
AGAIN = ("PUT probe", "HEAD probe", "LIST chain", "GET chain", "HEAD raw", "GET raw")
FAST = {"S3_SINK_RETRY_CAP_S": "0.05", "S3_SINK_OBJECT__MAX_RECORDS": "5"}
FULL_SIZE = os.environ.get("COINLAKE_FULL_SIZE") == "1"
DONE = {name for name, odd in ODD.items() if odd.applies}
# Played last, for then nobody asks again: a 404 to a HEAD is asked as a GET, and a record that is
# there is not put again. And what S3 says itself to a HEAD: it is not cut by having no body.
LAST = {name for name, odd in ODD.items() if odd.status == 404}
LEFT_OUT = {
    "HEAD probe": {"body cut", *LAST},
    "HEAD raw": {"body cut", *LAST},
    "PUT chain": DONE,
}


def _odd(rng: random.Random, operations: tuple[str, ...]) -> dict[str, list[str]]:
    """Odd answers to every operation, in an order of their own: all at full size, else some."""
    due = {}
    for one in operations:
        names = sorted(set(ODD) - LEFT_OUT.get(one, set()))
        due[one] = rng.sample(names, len(names) if FULL_SIZE else 15)
    return due


@pytest.fixture
def plan() -> Plan:
    return Plan()


@pytest.fixture
def odd_url(lab: Lab, plan: Plan) -> Iterator[str]:
    with odd_proxy(lab.upstream, plan) as url:
        yield url


@pytest.mark.full_size(but="1")
@pytest.mark.timeout(900)
@pytest.mark.parametrize("seed", [1, 2])
async def test_odd_answers_to_every_call_are_waited_for_and_told(
    lab: Lab, plan: Plan, odd_url: str, seed: int
) -> None:
    rng = random.Random(seed)
    await lab.create()
    await lab.numbers(0, 20)

    async with watched(lab) as watch:
        plan.due = _odd(rng, (*START, *STORE))
        plan.due["PUT chain"].append(rng.choice(sorted(DONE)))
        first = lab.sink(AWS_ENDPOINT_URL=odd_url, **FAST)
        await lab.until_stored(first, 20, 300)
        told = first.log.read_text()
        assert plan.left((*START, *STORE)) == 0
        assert first.end() == 0

        # The end of the chain is looked for from the commit on: its object is asked for by HEAD.
        plan.due = _odd(rng, AGAIN)
        for head in ("HEAD probe", "HEAD raw"):
            plan.due[head].append(rng.choice(sorted(LAST)))
        await lab.numbers(20, 20)
        second = lab.sink(AWS_ENDPOINT_URL=odd_url, **FAST)
        await lab.until_stored(second, 40, 300)
        assert plan.left(AGAIN) == 0
        # Behind lost answers, too: the object is there, and a second PUT says so.
        plan.due = {"PUT raw": ["page 200 done before", "nothing, done before"] * 3}
        await lab.numbers(40, 20)
        await lab.until_stored(second, 60, 60)

    assert second.get("/readyz")[0] == 200
    assert second.end() == 0
    assert "Traceback" not in told + second.log.read_text()
    assert "<title>Sorry</title>" in told
    await prove(lab, watch)


async def test_an_odd_answer_that_stays_is_not_ready_and_tells_its_first_bytes(
    lab: Lab, plan: Plan, odd_url: str
) -> None:
    await lab.create()
    sink = lab.sink(AWS_ENDPOINT_URL=odd_url, **FAST)
    await sink.until(lambda: sink.is_ready)
    plan.due = {"PUT raw": ["page 200"] * 100_000}
    await lab.numbers(0, 10)

    answered = r's3_sink_retries_total\{kind="answer"\}'
    await sink.until(lambda: sink.metric(answered) >= 5)
    ready = sink.get("/readyz")
    plan.due = {}
    await lab.until_stored(sink, 10)

    assert ready[0] == 503
    assert "<title>Sorry</title>" in ready[1]
    assert sink.get("/healthz")[0] == 200
    assert lab.ends() == {0: 10}


@pytest.mark.full_size(but="page 404")
@pytest.mark.parametrize("odd", ["bare 404", "page 404", "static page 200"])
async def test_a_head_that_a_gateway_answers_at_the_start_is_no_reason_to_end(
    lab: Lab, plan: Plan, odd_url: str, odd: str
) -> None:
    await lab.create()
    await lab.numbers(0, 10)
    earlier = lab.sink(AWS_ENDPOINT_URL=odd_url, **FAST)
    await lab.until_stored(earlier, 10)
    assert earlier.end() == 0
    plan.due = {"HEAD probe": [odd] * 100_000, "GET probe": [odd] * 100_000}

    sink = lab.sink(AWS_ENDPOINT_URL=odd_url, **FAST)
    await sink.until(lambda: len(plan.played["HEAD probe"]) >= 5)
    ready = sink.get("/readyz")
    plan.due = {}
    await sink.until(lambda: sink.is_ready)

    assert ready[0] == 503
    assert "store: " in ready[1]


@pytest.mark.full_size
async def test_control_without_the_closed_set_a_page_ends_the_process(
    lab: Lab, plan: Plan, odd_url: str
) -> None:
    await lab.create()
    await lab.numbers(0, 10)
    plan.due = {"PUT raw": ["page 200"]}

    sink = lab.sink("without=outcomes", AWS_ENDPOINT_URL=odd_url, **FAST)

    assert await asyncio.to_thread(sink.process.wait, 60) == 1
    assert lab.objects() == []
