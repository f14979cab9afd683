"""An audit that goes on from what was proven: what it costs, what it finds, what it never says."""

import json
from collections.abc import Callable
from datetime import timedelta
from typing import Any

import pytest

from coinlake.contracts.hours import Hour
from coinlake.errors import TransientError
from coinlake_tools.audit import PROVEN_AGAIN_A_DAY, Audit
from coinlake_tools.audit_memory import VERSION, memory_key
from coinlake_tools.audit_verdict import Verdict
from tests.unit.coinlake_tools.lake import NOON_MS, TOPIC, Lake
from tests.unit.coinlake_tools.test_audit_mutations import SHALLOW
from tests.unit.coinlake_tools.years import DAY_MS, LAST, SIZE, Years, years

KEY = memory_key(TOPIC, 1, 0)


def chain_of(verdict: Verdict) -> dict[str, Any]:
    told: dict[str, Any] = verdict.topics[TOPIC]["1-0"]
    return told


def kinds(verdict: Verdict) -> list[str]:
    return [one.kind.value for one in verdict.findings]


async def test_what_was_proven_is_not_asked_again_and_the_verdict_says_so() -> None:
    lake = years(60)
    first = await lake.audit()
    asked_first = lake.calls["HEAD"]
    lake.next_day()

    verdict = await lake.audit()

    assert first.full
    assert asked_first == 120
    assert verdict.is_proven
    assert lake.calls["HEAD"] == 2
    assert not verdict.full
    told = chain_of(verdict)
    assert (told["end"], told["objects"], told["records"]) == (1220, 122, 1220)
    assert told["remembered"] == {
        "end": 1200,
        "objects": 120,
        "days": 62,  # those of the lake, and the one for impossible times
        "days_looked_at_now": 36 + 4,
    }
    assert verdict.oldest_proof_ms == lake.now_ms - DAY_MS


async def test_a_day_of_a_lake_of_three_years_costs_what_one_of_forty_days_costs() -> None:
    calls = []
    for days in (7, 45, 3 * 365):
        lake = years(days)
        await lake.audit()
        lake.next_day()
        await lake.audit()
        calls.append(lake.calls)
    week, weeks, three_years = calls

    assert weeks == three_years
    # A younger lake has fewer days to prove again, and nothing else differs.
    older = three_years - week
    assert set(older) == {"LIST"}
    assert older["LIST"] <= PROVEN_AGAIN_A_DAY


async def test_the_parts_of_a_day_prove_no_more_again_than_the_day() -> None:
    lake = years(90)
    await lake.audit()
    quarter = PROVEN_AGAIN_A_DAY // 4

    for _ in range(4):
        verdict = await lake.audit(quarter)

    proofs = json.loads(lake.bucket.objects[KEY].body)["days"]
    assert chain_of(verdict)["remembered"]["days_looked_at_now"] == quarter + 3
    assert len(proofs) == 91


def _delete(lake: Years) -> None:
    del lake.bucket.objects[lake.key(3)]


def _replace(lake: Years) -> None:
    lake.replace(lake.key(3))


def _metadata(lake: Years) -> None:
    lake.replace(lake.key(3), **{"coinlake-format": "9"})


def _shorter(lake: Years) -> None:
    lake.replace(lake.key(3), next="65", records="5")


def _add(lake: Years) -> None:
    lake.put(Hour(lake.key(3).split("/")[2][3:], "07"), 65, kafka=False)


def _copy(lake: Years) -> None:
    lake.put(Hour(lake.key(3).split("/")[2][3:], "07"), 60, kafka=False)


def _foreign(lake: Years) -> None:
    lake.bucket.objects[lake.key(3) + ".bak"] = lake.bucket.objects[lake.key(3)]


OLD: dict[str, tuple[Callable[[Years], None], str]] = {
    "deleted": (_delete, "missing"),
    "replaced": (_replace, "changed"),
    "without its metadata": (_metadata, "metadata"),
    "that ends earlier": (_shorter, "missing"),
    "added": (_add, "overlap"),
    "copied": (_copy, "duplicate"),
    "with a foreign name": (_foreign, "foreign"),
}


@pytest.mark.parametrize("name", OLD)
async def test_an_old_object_that_changed_is_found_within_a_round_and_stays_found(
    name: str,
) -> None:
    mutate, kind = OLD[name]
    lake = years(150)
    await lake.audit()
    mutate(lake)

    found = []
    for _ in range(150 // PROVEN_AGAIN_A_DAY + 1):
        lake.next_day()
        found.append(kinds(await lake.audit()))

    assert [one for one in found if one]
    assert kind in found[-1]


async def test_without_proving_again_an_old_loss_is_never_seen_and_a_full_audit_sees_it() -> (
    None
):
    lake = years(150)
    await lake.audit()
    _delete(lake)

    for _ in range(6):
        lake.next_day()
        assert (await lake.audit(again=0)).is_proven

    full = await lake.audit(again=None)
    assert [(one.kind.value, one.offset) for one in full.findings] == [("missing", 60)]


@pytest.mark.parametrize("name", SHALLOW)
async def test_what_a_full_audit_catches_in_the_newest_days_a_remembering_one_does(
    lake: Lake, name: str
) -> None:
    mutate, kind, _ = SHALLOW[name]

    def auditing() -> Audit:
        return Audit(
            lake.store, lake.log, deep=False, wait_s=0.0, again=9, now_ms=lambda: NOON_MS
        )

    await auditing().run([], lambda _: None)
    sound = await auditing().run([], lambda _: None)
    mutate(lake)
    verdict = await auditing().run([], lambda _: None)

    assert sound.is_proven
    assert not sound.full
    assert not verdict.is_proven
    # A day that differs is told by what is wrong in it, which may have another name there.
    assert kind in {*kinds(verdict)} or {*kinds(verdict)} & {"changed", "missing", "overlap"}


@pytest.mark.parametrize("ago", [20, 100, 180])
@pytest.mark.parametrize("kafka", ["has it", "has forgotten it"])
async def test_a_late_object_is_found_in_whatever_old_hour_it_lies(
    kafka: str, ago: int
) -> None:
    lake = years(200)
    await lake.audit()
    lake.next_day()
    old = Hour((lake.today - timedelta(days=ago)).isoformat(), "03")
    lake.put(old, lake.end)
    lake.put(Hour(lake.today.isoformat(), "12"), lake.end)
    if kafka == "has forgotten it":
        lake.log.starts[0] = lake.end

    verdict = await lake.audit()
    later = await lake.audit()

    assert verdict.findings == ()
    assert later.is_proven
    assert lake.calls["HEAD"] == 0
    assert chain_of(later)["end"] == lake.end


async def test_a_late_object_at_the_end_of_the_chain_is_no_tail() -> None:
    lake = years(100)
    await lake.audit()
    old = Hour((LAST - timedelta(days=50)).isoformat(), "03")
    lake.put(old, lake.end)

    verdict = await lake.audit()

    assert verdict.findings == ()
    assert chain_of(verdict)["end"] == lake.end


async def test_what_is_nowhere_is_missing_and_nothing_is_remembered_of_it() -> None:
    lake = years(100)
    await lake.audit()
    before = lake.bucket.objects[KEY].body
    lake.next_day()
    gone = lake.end
    lake.put(Hour(lake.today.isoformat(), "12"), gone)
    lake.put(Hour(lake.today.isoformat(), "12"), lake.end)
    del lake.bucket.objects[f"raw/{TOPIC}/dt={lake.today}/hour=12/1-0-{gone:020d}.json.gz"]

    for _ in range(2):
        verdict = await lake.audit()
        assert [(one.kind.value, one.offset) for one in verdict.findings] == [("missing", gone)]

    assert lake.bucket.objects[KEY].body == before


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"{",
        b"[]",
        b'{"version":0}',
        b'{"version":1,"topic":1}',
        json.dumps({"version": VERSION + 1}).encode(),
    ],
)
async def test_a_memory_that_cannot_be_read_is_told_and_all_is_proven_anew(body: bytes) -> None:
    lake = years(20)
    await lake.audit()
    lake.bucket.put(KEY, body, {})
    _delete(lake)

    verdict = await lake.audit(again=0)

    assert verdict.full
    assert kinds(verdict) == ["missing"]
    assert set(verdict.body()["memory_ignored"]) == {KEY}


@pytest.mark.parametrize("version", [VERSION, VERSION + 1])
async def test_a_broken_memory_is_replaced_and_one_of_a_later_release_is_not(
    version: int,
) -> None:
    lake = years(20)
    body = json.dumps({"version": version}).encode()
    lake.bucket.put(KEY, body, {})

    verdict = await lake.audit()

    assert verdict.is_proven
    assert (lake.bucket.objects[KEY].body == body) == (version > VERSION)
    assert (chain_of(verdict)["saved"] is None) == (version == VERSION)


async def test_a_memory_of_another_chain_or_another_origin_is_not_trusted() -> None:
    lake = years(20)
    await lake.audit()
    body = json.loads(lake.bucket.objects[KEY].body)
    for name, value in (("partition", 3), ("origin", 5)):
        lake.bucket.put(KEY, json.dumps({**body, name: value}).encode(), {})
        assert (await lake.audit()).full


async def test_of_two_audits_at_once_one_is_remembered(monkeypatch: pytest.MonkeyPatch) -> None:
    lake = years(20)
    await lake.audit()
    real, other = lake.store.put, b'{"version":1}'

    async def put(key: str, body: bytes, **more: Any) -> str:
        lake.bucket.put(KEY, other, {})
        return await real(key, body, **more)

    monkeypatch.setattr(lake.store, "put", put)

    verdict = await lake.audit()

    assert verdict.is_proven
    assert chain_of(verdict)["saved"] == "another audit was faster"
    assert lake.bucket.objects[KEY].body == other


async def test_a_verdict_does_not_depend_on_being_remembered(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    lake = years(20)

    async def refused(key: str, body: bytes, **more: Any) -> str:
        raise TransientError("403 AccessDenied")

    monkeypatch.setattr(lake.store, "put", refused)
    verdict = await lake.audit()

    assert verdict.is_proven
    assert chain_of(verdict)["saved"] == "403 AccessDenied"


async def test_after_a_pause_the_days_of_the_pause_are_looked_at() -> None:
    lake = years(30)
    await lake.audit()
    lake.next_day(40)

    verdict = await lake.audit(again=0)

    assert verdict.is_proven
    assert lake.calls["HEAD"] == 80


async def test_what_a_rule_expires_is_told_day_by_day_and_a_loss_behind_it_is_none() -> None:
    lake = years(100)
    await lake.audit(raw_expires=True)
    for day in range(9):
        del lake.bucket.objects[lake.key(day, 0)], lake.bucket.objects[lake.key(day, 1)]
        lake.next_day()
        verdict = await lake.audit(raw_expires=True)
        assert verdict.findings == ()
        assert chain_of(verdict)["expired_to"] == (day + 1) * 2 * SIZE
    assert lake.calls["HEAD"] == 2
    del lake.bucket.objects[lake.key(50)]
    found = [await lake.audit(raw_expires=True) for _ in range(3)]

    assert kinds(found[-1]) == ["missing"]
    assert found[-1].findings[0].offset == 50 * 2 * SIZE


async def test_a_full_audit_takes_the_lake_as_it_is_now() -> None:
    lake = years(20)
    await lake.audit()
    _replace(lake)

    before = await lake.audit()
    full = await lake.audit(again=None)
    after = await lake.audit()

    assert kinds(before) == ["changed"]
    assert full.is_proven
    assert after.is_proven
    assert not after.full
