"""What the sink does when store, commits or topic are not what they should be."""

import asyncio

import pytest

from tests.labs.cluster.lab import Lab


async def _stored(lab: Lab, count: int) -> None:
    """Have a sink store the first records, in objects of ten, and end."""
    await lab.create()
    await lab.numbers(0, count)
    sink = lab.sink(S3_SINK_OBJECT__MAX_RECORDS="10")
    await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("committed") == count)
    assert sink.end() == 0


@pytest.mark.full_size(but="403")
@pytest.mark.parametrize(
    ("status", "code", "kind"),
    [(403, "AccessDenied", "denied"), (503, "SlowDown", "throttled")],
)
async def test_a_store_that_refuses_is_retried_until_it_takes_everything(
    lab: Lab, status: int, code: str, kind: str
) -> None:
    lab.faults.status, lab.faults.code = status, code
    await lab.create()
    await lab.numbers(0, 10)

    sink = lab.sink()
    told = rf's3_sink_retries_total\{{kind="{kind}"\}}'
    await sink.until(lambda: sink.metric(told) >= 3)
    assert sink.get("/readyz")[0] == 503
    assert sink.get("/healthz")[0] == 200
    lab.faults.status = None
    await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("chain_end") == 10)

    assert sink.get("/readyz")[0] == 200
    assert lab.ends() == {0: 10}


async def test_a_sink_that_cannot_store_still_stops_in_time_and_its_heir_goes_on(
    lab: Lab,
) -> None:
    lab.faults.status = 503
    await lab.create()
    await lab.numbers(0, 10)
    sink = lab.sink()
    await sink.until(lambda: sink.metric("s3_sink_retries_total") >= 1)

    # The deadline is 4 s; `end` waits for 30 and fails after that.
    assert sink.end() == 0
    assert lab.objects() == []
    lab.faults.status = None
    heir = lab.sink()
    await heir.until(lambda: heir.partition(f"{lab.topic}-0").get("committed") == 10)

    assert lab.ends() == {0: 10}


async def test_a_compacted_topic_is_refused_at_start(lab: Lab) -> None:
    await lab.create(policy="compact")

    sink = lab.sink()

    assert await asyncio.to_thread(sink.process.wait, 30) == 2
    assert "cleanup.policy=compact" in sink.log.read_text()


@pytest.mark.full_size(but="7")
@pytest.mark.parametrize("offset", [7, 23])
async def test_a_commit_that_names_no_object_is_not_believed(lab: Lab, offset: int) -> None:
    await _stored(lab, 25)
    await lab.commit(offset)

    sink = lab.sink()
    await lab.numbers(25, 5)
    await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("committed") == 30)

    assert lab.ends() == {0: 30}


async def test_a_new_group_goes_on_at_the_end_of_the_chain(lab: Lab) -> None:
    await _stored(lab, 25)

    sink = lab.sink(S3_SINK_GROUP__ID=f"{lab.name}-other")
    await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("committed") == 25)

    assert sink.partition(f"{lab.topic}-0")["objects"] == 0
    assert lab.ends() == {0: 25}


async def test_a_commit_beyond_the_chain_stops_the_partition_and_names_the_range(
    lab: Lab,
) -> None:
    await _stored(lab, 25)
    newest = max(one.key for one in lab.objects())
    lab.s3.delete_object(Bucket=lab.name, Key=newest)

    reason = await lab.until_stopped(lab.sink())

    assert "[20, 25) is missing" in reason


@pytest.mark.full_size(but="40")
@pytest.mark.parametrize("count", [3, 40])
async def test_a_topic_that_was_made_anew_is_refused(lab: Lab, count: int) -> None:
    await _stored(lab, 10)
    await lab.delete()
    await lab.create()
    await lab.numbers(1000, count)

    reason = await lab.until_stopped(lab.sink(S3_SINK_GROUP__ID=f"{lab.name}-other"))

    assert "re-created or truncated" in reason
    assert lab.ends() == {0: 10}


async def test_a_foreign_object_in_the_chains_place_stops_the_partition(lab: Lab) -> None:
    await _stored(lab, 10)
    (one,) = lab.objects()
    lab.s3.put_object(
        Bucket=lab.name,
        Key=one.key.replace(f"{0:020d}", f"{10:020d}"),
        Body=one.body,
        Metadata={**one.metadata, "link": "10", "first": "10", "next": "20"},
    )
    await lab.numbers(10, 10)
    sink = lab.sink(S3_SINK_GROUP__ID=f"{lab.name}-other")

    reason = await lab.until_stopped(sink)

    assert "does not contain what its metadata say" in reason
