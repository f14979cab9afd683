"""The store's answers: lost, late, refused for a while. Rows F22, F27, F28."""

import asyncio
import datetime
import itertools
import random
from collections import Counter

import pytest
from aiohttp import web

from coinlake.contracts.raw_index import Record
from tests.faults.s3_sink.conftest import Fault
from tests.labs.cluster.lab import NOON_MS, Lab
from tests.labs.cluster.proof import prove, refuted, watched
from tests.labs.cluster.proxy import ACCESS_KEY, SECRET_KEY

MIB = 1024 * 1024
STORM_S = 120
METADATA_AWAY_S = 300


@pytest.mark.representative("moto")
async def test_f22_a_put_whose_reply_is_lost_is_recognised_as_ones_own(
    lab: Lab, fault: Fault
) -> None:
    lab.faults.lose_replies = 1
    await lab.create()
    await lab.numbers(0, 10)

    async with watched(lab) as watch:
        sink = lab.sink()
        await lab.until_stored(sink, 10)

    seen = lab.faults.seen
    assert [one.status for one in seen] == [0, 412]
    assert len({one.key for one in seen}) == len(lab.objects()) == 1
    assert sink.metric("s3_sink_adoptions_total") == 0
    assert sink.metric("s3_sink_commit_failures_total") == 0
    assert sink.partition(f"{lab.topic}-0")["objects"] == 1  # counted once, as its own
    proven = await prove(lab, watch)
    fault("F22", f"PUTs answered 0 (lost), 412; {proven}")


@pytest.mark.representative("moto")
async def test_f22_control_who_does_not_look_on_a_412_doubles(lab: Lab, fault: Fault) -> None:
    lab.faults.lose_replies = 1
    await lab.create()
    await lab.numbers(0, 10)

    sink = lab.sink("without=look")
    await lab.until_stored(sink, 10)

    red = await refuted(lab)
    assert "duplicate" in red
    fault("F22", f"control, a 412 taken for a failure, is red: {red[:90]}…")


@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [
        (409, "ConditionalRequestConflict", "conflict"),
        (500, "InternalError", "server"),
        (503, "SlowDown", "throttled"),
        (0, "", "connection"),
    ],
)
async def test_f27_each_kind_of_refusal_is_tried_again(
    lab: Lab, fault: Fault, status: int, code: str, kind: str
) -> None:
    if status:
        lab.faults.status, lab.faults.code = status, code
    else:
        lab.faults.resets = 4
    await lab.create()
    await lab.numbers(0, 10)

    async with watched(lab) as watch:
        sink = lab.sink()
        await sink.until(lambda: len(lab.faults.seen) >= 4)
        lab.faults.status = None
        await lab.until_stored(sink, 10)

    tried = Counter(one.status for one in lab.faults.seen)
    # The HTTP client itself sends a PUT again, once and unseen, where the connection was cut.
    told = sink.metric(rf's3_sink_retries_total\{{kind="{kind}"\}}')
    assert told == sink.metric("s3_sink_retries_total") >= (3 if status else 2)
    fault(
        "F27", f"{code or 'reset'} ({kind}): answers {dict(tried)}; {await prove(lab, watch)}"
    )


@pytest.mark.timeout(600)
async def test_f27_a_storm_of_503_keeps_memory_flat_and_backs_off(
    lab: Lab, fault: Fault
) -> None:
    rng = random.Random(27)
    await lab.create()

    async def produce(count: int) -> None:
        values = [rng.randbytes(512).hex().encode() for _ in range(count)]
        await lab.produce([Record(0, NOON_MS, b"k", value) for value in values])

    lab.faults.status, lab.faults.code, lab.faults.share = 503, "SlowDown", 0.3
    async with watched(lab) as watch:
        sink = lab.sink(
            S3_SINK_BUDGET_BYTES=str(8 * MIB),
            S3_SINK_FETCH_BYTES=str(MIB),
            S3_SINK_OBJECT__MAX_RAW_BYTES=str(MIB),
            S3_SINK_RETRY_CAP_S="4",
        )
        await produce(10_000)
        await lab.until_stored(sink, 10_000, 120)
        lab.faults.share = 1.0
        began = asyncio.get_running_loop().time()
        await produce(30_000)
        await sink.until(lambda: sink.metric("s3_sink_is_paused") == 1)
        sizes = []
        while asyncio.get_running_loop().time() < began + STORM_S:
            sizes.append(sink.rss_bytes())
            await asyncio.sleep(1)
        held = sink.metric("s3_sink_held_bytes")
        ready = sink.get("/readyz")[0]
        lab.faults.share, lab.faults.status = 0.3, 503
        await lab.until_stored(sink, 40_000, 120)

    storm = [one.at_s for one in lab.faults.seen if one.status == 503 and one.at_s >= began]
    waits = [after - before for before, after in itertools.pairwise(storm[-25:])]
    assert held <= 8 * MIB
    assert max(sizes) - min(sizes[: len(sizes) // 4]) < 8 * MIB
    assert ready == 503
    assert max(waits) < 4 + 2  # the cap, and what the try itself took
    assert len({round(wait, 1) for wait in waits}) > len(waits) / 4  # jitter
    assert sum(waits) / len(waits) > 1  # and no busy loop
    fault(
        "F27",
        f"{STORM_S} s of 503: {len(storm)} tries, waits {min(waits):.1f} to {max(waits):.1f} s, "
        f"memory {min(sizes) // MIB} to {max(sizes) // MIB} MiB, paused; "
        f"{await prove(lab, watch)}",
    )


@pytest.mark.parametrize(
    ("status", "code"), [(403, "ExpiredToken"), (401, "InvalidAccessKeyId")]
)
async def test_f28_credentials_that_expire_in_mid_batch_drop_nothing(
    lab: Lab, fault: Fault, status: int, code: str
) -> None:
    await lab.create()
    await lab.numbers(0, 10)

    async with watched(lab) as watch:
        sink = lab.sink(S3_SINK_OBJECT__MAX_RECORDS="10")
        await lab.until_stored(sink, 10)
        lab.faults.status, lab.faults.code = status, code
        await lab.numbers(10, 30)
        await sink.until(lambda: sink.metric("s3_sink_retries_total") >= 3)
        ready = sink.get("/readyz")
        lab.faults.status = None
        await lab.until_stored(sink, 40)

    assert ready[0] == 503
    assert str(status) in ready[1]
    fault("F28", f"{status} {code}: not ready, tried again; {await prove(lab, watch)}")


@pytest.mark.timeout(900)
async def test_f28_metadata_that_is_away_for_five_minutes_drops_nothing(
    lab: Lab, fault: Fault
) -> None:
    is_away = False

    async def answer(request: web.Request) -> web.Response:
        if is_away:
            return web.Response(status=500)
        if request.path == "/latest/api/token":
            return web.Response(text="token")
        if request.path.endswith("/security-credentials/"):
            return web.Response(text="host")
        ends = datetime.datetime.now(datetime.UTC) + datetime.timedelta(seconds=1)
        return web.json_response(
            {
                "Code": "Success",
                "Type": "AWS-HMAC",
                "AccessKeyId": ACCESS_KEY,
                "SecretAccessKey": SECRET_KEY,
                "Token": "",
                "Expiration": ends.strftime("%Y-%m-%dT%H:%M:%SZ"),
                "LastUpdated": "2026-11-22T00:00:00Z",
            }
        )

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", answer)
    runner = web.AppRunner(app)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port = runner.addresses[0][:2]
    await lab.create()
    await lab.numbers(0, 10)

    try:
        async with watched(lab) as watch:
            sink = lab.sink(
                AWS_ACCESS_KEY_ID="",
                AWS_SECRET_ACCESS_KEY="",
                AWS_EC2_METADATA_SERVICE_ENDPOINT=f"http://{host}:{port}",
                S3_SINK_OBJECT__MAX_RECORDS="10",
            )
            await lab.until_stored(sink, 10)
            # The client keeps what it last had, and the store says what that is worth.
            is_away, lab.faults.status, lab.faults.code = True, 403, "ExpiredToken"
            await lab.numbers(10, 30)
            await asyncio.sleep(METADATA_AWAY_S)
            ready, tries = sink.get("/readyz")[0], sink.metric("s3_sink_retries_total")
            is_away, lab.faults.status = False, None
            await lab.until_stored(sink, 40, 60)
    finally:
        await runner.cleanup()

    assert ready == 503
    assert tries >= METADATA_AWAY_S / 10
    fault("F28", f"{METADATA_AWAY_S} s without metadata: {tries:.0f} tries; {await prove(lab)}")
    assert not watch.violations
