"""The auditor: what Prometheus is told of a verdict, of none, and of an audit that cannot look."""

import asyncio
from collections.abc import Sequence

import pytest
from prometheus_client import CollectorRegistry

from coinlake.errors import ConfigError, TransientError
from coinlake.testing import FakeClock
from coinlake_tools.audit_verdict import Verdict
from coinlake_tools.auditor import AuditMetrics, Auditor
from coinlake_tools.chain_audit import Finding, Kind

NOW = 1_800_000_000.0
MISSING = Finding(Kind.MISSING, "coincap.assets.v1", "[5, 9) is in none", 1, 0, 5)
TOPIC = "coincap.assets.v1"
CHAINS = {
    TOPIC: {
        "1-0": {"objects": 4, "end": 90, "log_end": None, "stored_to_ms": 1_000},
        "2-0": {"objects": 0, "end": 90, "log_end": 97, "stored_to_ms": 5_000},
        "2-1": {"objects": 3, "end": 40, "log_end": 40, "stored_to_ms": None},
    }
}


class Script:
    """Audits that end as told, one after the other; then none ends."""

    def __init__(self, *ends: Verdict | Exception) -> None:
        self._ends = list(ends)
        self.over = asyncio.Event()

    async def __call__(self) -> Verdict:
        if not self._ends:
            self.over.set()
            await asyncio.Event().wait()
        end = self._ends.pop(0)
        if isinstance(end, Exception):
            raise end
        return end


def verdict(findings: Sequence[Finding] = ()) -> Verdict:
    return Verdict(
        deep=False, topics=CHAINS, findings=tuple(findings), oldest_proof_ms=1_700_000_000_500
    )


async def played(script: Script, monkeypatch: pytest.MonkeyPatch) -> CollectorRegistry:
    """The metrics once every audit of the script has ended; waits between them take no time."""
    registry = CollectorRegistry()
    auditor = Auditor(script, AuditMetrics(registry), 600.0, lambda: NOW)
    real = asyncio.sleep
    monkeypatch.setattr("coinlake_tools.auditor.asyncio.sleep", lambda _: real(0))
    keeping = asyncio.create_task(auditor.keep())
    waiting = asyncio.create_task(script.over.wait())
    await asyncio.wait({keeping, waiting}, return_when=asyncio.FIRST_COMPLETED)
    for task in (keeping, waiting):
        if not task.done():
            task.cancel()
    await asyncio.wait({keeping, waiting})
    if not keeping.cancelled() and (error := keeping.exception()):
        raise error
    return registry


async def test_before_the_first_verdict_nothing_is_said_but_when_it_is_due(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = await played(Script(), monkeypatch)

    assert registry.get_sample_value("audit_due_timestamp_seconds") == NOW + 600
    assert registry.get_sample_value("audit_verdicts_total") == 0
    assert registry.get_sample_value("audit_findings", {"kind": "missing"}) is None


async def test_the_lag_is_that_of_the_bucket_and_of_the_newest_epoch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = await played(Script(verdict()), monkeypatch)

    def value(name: str, partition: str) -> float | None:
        return registry.get_sample_value(name, {"topic": TOPIC, "partition": partition})

    assert [value("audit_lag_records", one) for one in "01"] == [7, 0]
    assert value("audit_stored_timestamp_seconds", "0") == 5.0
    assert value("audit_stored_timestamp_seconds", "1") is None


async def test_a_verdict_names_each_kind_and_how_often(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = await played(Script(*2 * [verdict([MISSING, MISSING])]), monkeypatch)

    found = {k: registry.get_sample_value("audit_findings", {"kind": k.value}) for k in Kind}
    assert found == {kind: 2 if kind is Kind.MISSING else 0 for kind in Kind}
    assert registry.get_sample_value("audit_objects") == 7
    proof = registry.get_sample_value("audit_oldest_proof_timestamp_seconds")
    assert proof == 1_700_000_000.5


async def test_what_was_mended_is_no_longer_said(monkeypatch: pytest.MonkeyPatch) -> None:
    registry = await played(Script(*2 * [verdict([MISSING])], verdict()), monkeypatch)

    assert registry.get_sample_value("audit_findings", {"kind": "missing"}) == 0
    assert registry.get_sample_value("audit_verdicts_total") == 2


async def test_what_a_second_look_does_not_find_is_never_said(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    registry = await played(Script(verdict([MISSING]), verdict()), monkeypatch)

    assert registry.get_sample_value("audit_findings", {"kind": "missing"}) == 0
    assert registry.get_sample_value("audit_verdicts_total") == 1


async def test_an_audit_that_cannot_look_is_no_verdict_and_is_tried_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    away = TransientError("S3 is away")
    registry = await played(Script(*2 * [verdict([MISSING])], away, away), monkeypatch)

    assert registry.get_sample_value("audit_failures_total") == 2
    assert registry.get_sample_value("audit_verdicts_total") == 1
    assert registry.get_sample_value("audit_findings", {"kind": "missing"}) == 1


async def test_it_is_ready_again_as_soon_as_it_could_look_whatever_it_found(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script = Script(TransientError("S3 is away"), verdict([MISSING]))
    auditor = Auditor(script, AuditMetrics(CollectorRegistry()), 600.0, lambda: NOW)
    troubles: list[str | None] = []

    async def rest(_: float) -> None:
        troubles.append(auditor.trouble)

    monkeypatch.setattr("coinlake_tools.auditor.asyncio.sleep", rest)
    keeping = asyncio.create_task(auditor.keep())
    await script.over.wait()
    keeping.cancel()

    assert troubles == ["S3 is away", None]


async def test_after_a_laptop_has_slept_the_audit_that_was_due_meanwhile_begins(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    script, clock = Script(verdict()), FakeClock()
    auditor = Auditor(script, AuditMetrics(CollectorRegistry()), 86_400.0, clock)
    naps: list[float] = []

    async def nap(seconds: float) -> None:
        naps.append(seconds)
        # In the third the lid is closed: the machine's day goes by, the loop's does not.
        clock.advance(90_000.0 if len(naps) == 3 else seconds)

    monkeypatch.setattr("coinlake_tools.auditor.asyncio.sleep", nap)
    keeping = asyncio.create_task(auditor.keep())
    await script.over.wait()
    keeping.cancel()

    assert naps == [60.0, 60.0, 60.0]


async def test_wrong_settings_end_it(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(ConfigError):
        await played(Script(ConfigError("no such bucket name")), monkeypatch)
