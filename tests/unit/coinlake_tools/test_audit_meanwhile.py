"""The audit of a lake that moves, expires or waits: it names what is wrong, and nothing else."""

from collections.abc import AsyncIterator, Mapping
from uuid import UUID

import pytest

from coinlake.contracts.raw_index import Record
from coinlake.errors import TransientError
from coinlake.store import Listed
from coinlake_tools.audit import Audit
from coinlake_tools.lake_log import Kept
from tests.unit.coinlake_tools.lake import TOPIC, Lake


async def test_heartbeats_behind_the_last_object_are_not_lost(lake: Lake) -> None:
    lake.log.logs[0].append(Record(95, 0, None, None, (("complete_to", b"1"),)))

    verdict = await lake.audit()

    assert verdict.is_proven


async def test_expired_records_are_not_compared_and_the_rest_is(lake: Lake) -> None:
    lake.log.starts[0] = 45

    verdict = await lake.audit(deep=True)

    assert verdict.is_proven
    assert verdict.topics[TOPIC]["1-0"]["compared_with_kafka"] == 50


async def test_an_object_that_lands_behind_the_listing_is_not_called_missing(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    hidden, real = {lake.keys()[3]}, lake.store.list

    async def list_late(prefix: str, start_after: str | None = None) -> AsyncIterator[Listed]:
        async for entry in real(prefix, start_after):
            if entry.key in hidden:
                hidden.clear()  # It is there for whoever looks again.
            else:
                yield entry

    monkeypatch.setattr(lake.store, "list", list_late)

    assert (await lake.audit()).is_proven


async def test_the_audit_waits_for_what_the_sinks_still_hold(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    key = lake.keys()[-1]
    held = lake.bucket.objects.pop(key)

    async def sleep(seconds: float) -> None:
        lake.bucket.objects[key] = held

    monkeypatch.setattr("coinlake_tools.audit.asyncio.sleep", sleep)
    patient = Audit(lake.store, lake.log, deep=False, wait_s=2.0)

    assert not (await lake.audit()).is_proven
    assert (await patient.run([], lambda _: None)).is_proven


async def test_what_the_sink_stores_while_the_audit_looks_is_not_ahead_of_the_log(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    real, asked = lake.log.kept, set[str]()

    async def kept(topic: str) -> Mapping[int, Kept]:
        now = await real(topic)
        if topic in asked:
            return now
        asked.add(topic)
        return {number: Kept(one.start, one.end - 5) for number, one in now.items()}

    monkeypatch.setattr(lake.log, "kept", kept)

    assert (await lake.audit()).is_proven


async def test_a_store_that_goes_away_between_listing_and_heads_is_no_verdict(
    lake: Lake, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def refused(key: str) -> None:
        raise TransientError(f"head {key}: nobody listens")

    monkeypatch.setattr(lake.store, "head", refused)

    # Not a group of them: the auditor and the command decide by the class.
    with pytest.raises(TransientError, match="nobody listens"):
        await lake.audit()


async def test_a_topic_with_another_id_is_another_topic_whatever_its_offsets_say(
    lake: Lake,
) -> None:
    lake.log.id = UUID(int=8)

    verdict = await lake.audit()

    assert [(one.kind, one.epoch) for one in verdict.findings] == [("epoch", 1)]
    assert "re-created" in verdict.findings[0].text


async def test_what_a_rule_has_expired_is_a_finding_unless_it_is_meant(lake: Lake) -> None:
    for key in lake.keys()[:3]:
        del lake.bucket.objects[key]

    strict = await lake.audit()
    meant = Audit(lake.store, lake.log, deep=False, wait_s=0.0, raw_expires=True)
    verdict = await meant.run([], lambda _: None)

    assert [one.kind for one in strict.findings] == ["missing"]
    assert verdict.is_proven
    assert verdict.topics[TOPIC]["1-0"]["expired_to"] == 30


async def test_a_hole_further_on_is_no_expiry(lake: Lake) -> None:
    for at in (0, 4):
        del lake.bucket.objects[lake.keys()[at]]

    verdict = await Audit(lake.store, lake.log, deep=False, wait_s=0.0, raw_expires=True).run(
        [], lambda _: None
    )

    assert [one.kind for one in verdict.findings] == ["missing"]
