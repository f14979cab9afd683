"""Repair puts back what was there, under the same keys; marks say what is given up and why."""

from typing import Any

import pytest

from coinlake.contracts.abandoned import abandoned_reason
from coinlake.contracts.epochs import parse_epoch
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import Record
from coinlake.errors import ConfigError, InvariantError
from coinlake_tools.chain_marks import Marks
from coinlake_tools.repair import repair
from tests.unit.coinlake_tools.lake import Lake

TOPIC = "coincap.assets.v1"


async def _repair(
    lake: Lake, start: int, stop: int, *, dry_run: bool = False, cuts: tuple[int, ...] = ()
) -> list[str]:
    return await repair(lake.store, lake.log, TOPIC, 0, (start, stop), cuts, dry_run=dry_run)


def _facts(lake: Lake) -> dict[str, tuple[Any, ...]]:
    """Keys, records and metadata of everything; who wrote it is left out."""
    return {
        key: (decode(one.body), {**one.metadata, "writer": ""})
        for key, one in lake.bucket.objects.items()
        if key.startswith("raw/")
    }


@pytest.mark.parametrize("lost", [0, 3, 8, -1])
async def test_a_lost_object_comes_back_under_its_key_with_its_hash_and_metadata(
    lake: Lake, lost: int
) -> None:
    before = _facts(lake)
    key = lake.keys()[lost]
    del lake.bucket.objects[key]

    lines = await _repair(lake, 0, 95)

    assert _facts(lake) == before
    assert [line for line in lines if line.startswith("put back")] == [
        line for line in lines if key in line
    ]
    assert (await lake.audit(deep=True)).is_proven


async def test_neighbours_that_are_lost_together_come_back_where_the_cut_is_told(
    lake: Lake,
) -> None:
    before = _facts(lake)
    for key in lake.keys()[3:5]:
        del lake.bucket.objects[key]

    await _repair(lake, 0, 95, cuts=(40,))

    assert _facts(lake) == before


async def test_a_dry_run_compares_and_writes_nothing(lake: Lake) -> None:
    del lake.bucket.objects[lake.keys()[3]]
    lake.alter(lake.keys()[3], sha256="0" * 64)
    before = dict(lake.bucket.objects)

    lines = await _repair(lake, 10, 95, dry_run=True)

    assert lake.bucket.objects == before
    kinds = [line.split()[0] for line in lines]
    assert (kinds.count("missing"), kinds.count("differs")) == (1, 1)
    assert kinds.count("same") == len(lake.keys()) - 2  # all but the first and the altered


async def test_only_the_range_that_was_asked_for_is_put_back(lake: Lake) -> None:
    first, second = lake.keys()[1], lake.keys()[6]
    del lake.bucket.objects[first], lake.bucket.objects[second]

    await _repair(lake, 0, 30)

    assert first in lake.bucket.objects
    assert second not in lake.bucket.objects


async def test_what_kafka_has_no_more_cannot_be_repaired(lake: Lake) -> None:
    del lake.bucket.objects[lake.keys()[3]]
    lake.log.starts[0] = 35

    with pytest.raises(ConfigError, match="has expired"):
        await _repair(lake, 0, 95)


async def test_records_of_another_topic_are_not_put_into_the_chain(lake: Lake) -> None:
    del lake.bucket.objects[lake.keys()[3]]
    lake.log.logs[0] = [Record(n, 0, None, b"another topic") for n in range(95)]

    with pytest.raises(InvariantError, match="re-created"):
        await _repair(lake, 0, 95)


async def test_an_abandoned_range_lets_the_chain_go_on_and_is_told_by_the_audit(
    lake: Lake,
) -> None:
    lake.log.starts[0] = 120
    lake.log.logs[0] += [Record(n, 1_790_000_000_000, None, b"x") for n in range(95, 130)]
    marks = Marks(lake.store, lake.log, "sinks")

    key = await marks.abandon(TOPIC, 0, 120, "disk full: äöü")

    assert abandoned_reason(lake.bucket.objects[key].metadata) == "disk full: äöü"
    (record,) = decode(lake.bucket.objects[key].body).records
    assert (record.offset, record.value) == (119, None)
    await lake.sink(0, lake.log.logs[0][120:], 120)
    verdict = await lake.audit(deep=True)
    assert verdict.is_proven
    (gap,) = verdict.topics[TOPIC]["1-0"]["given_up"]
    assert (gap["from"], gap["to"], gap["reason"]) == (95, 120, "disk full: äöü")


async def test_what_kafka_still_has_cannot_be_given_up(lake: Lake) -> None:
    lake.log.logs[0].append(Record(95, 0, None, b"x"))
    marks = Marks(lake.store, lake.log, "sinks")

    with pytest.raises(ConfigError, match="Kafka still has"):
        await marks.abandon(TOPIC, 0, 96, "no patience")


async def test_an_epoch_is_raised_from_the_starts_of_the_logs(lake: Lake) -> None:
    lake.log.starts[0] = 7

    epoch = await Marks(lake.store, lake.log, "sinks").raise_epoch(TOPIC, "made anew", 5)

    assert parse_epoch(lake.bucket.objects[f"chain/{TOPIC}/2.json"].body) == epoch
    assert (epoch.number, epoch.origins, epoch.reason) == (2, {0: 7, 1: 0}, "made anew")


@pytest.mark.parametrize("reason", ["", "  ", "x" * 400])
async def test_a_mark_needs_a_reason_that_can_be_kept(lake: Lake, reason: str) -> None:
    with pytest.raises(ConfigError, match="reason"):
        await Marks(lake.store, lake.log, "sinks").raise_epoch(TOPIC, reason, 5)


async def test_nothing_is_marked_while_sinks_are_members_of_the_group(lake: Lake) -> None:
    lake.log.alive = 1
    marks = Marks(lake.store, lake.log, "sinks")

    with pytest.raises(ConfigError, match="stop every sink"):
        await marks.raise_epoch(TOPIC, "made anew", 5)
    with pytest.raises(ConfigError, match="stop every sink"):
        await marks.abandon(TOPIC, 0, 120, "expired")


async def test_an_epoch_after_a_bucket_that_was_emptied_has_a_number_of_its_own(
    lake: Lake,
) -> None:
    lake.log.committed = {0: lake.keys()[0].replace("/1-0-", "/4-0-"), 1: "nonsense"}
    lake.bucket.objects.clear()

    epoch = await Marks(lake.store, lake.log, "sinks").raise_epoch(TOPIC, "emptied", 5)

    assert (epoch.number, epoch.topic_id) == (5, lake.log.id)
