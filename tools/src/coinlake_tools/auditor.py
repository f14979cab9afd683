"""`coinlake audit --every S`: audits again and again, and tells Prometheus what it found."""

import asyncio
import random
import time
from collections import Counter as Counted
from collections.abc import Awaitable, Callable

from prometheus_client import CollectorRegistry

from coinlake import logs
from coinlake.backoff import Backoff
from coinlake.errors import CoinlakeError, ConfigError
from coinlake.health import serve
from coinlake.lifecycle import Pulse, watchdog
from coinlake.metrics import Family
from coinlake.settings import HttpSettings
from coinlake_tools.audit_verdict import Verdict
from coinlake_tools.chain_audit import Kind

log = logs.get(__name__)

_AGAIN = Backoff(base_s=5.0, cap_s=300.0)
_STUCK_S = 120.0
_CONFIRM_S = 60.0
_WHILE_DIFFERS_S = 3600.0
_NAP_S = 60.0
_SHOWN = 20

Look = Callable[[], Awaitable[Verdict]]
"""One audit; raises a CoinlakeError where bucket or broker cannot be looked at."""


class AuditMetrics:
    """audit_*. What was found is there from the first verdict on: before it nobody knows."""

    def __init__(self, registry: CollectorRegistry) -> None:
        family = Family("audit", registry)
        self.findings = family.gauge("findings", "Findings of the last audit.", "kind")
        self.due = family.gauge("due_timestamp_seconds", "When the next verdict is due.")
        self.objects = family.gauge("objects", "Raw objects seen by the last audit.")
        self.oldest_proof = family.gauge(
            "oldest_proof_timestamp_seconds",
            "When the part of raw was last looked at that was not for the longest time.",
        )
        self.took = family.gauge("duration_seconds", "How long the last audit took.")
        partition = ("topic", "partition")
        self.lag = family.gauge(
            "lag_records",
            "Records that were in Kafka but not in raw when the last audit began.",
            *partition,
        )
        self.stored = family.gauge(
            "stored_timestamp_seconds", "Newest record timestamp in raw.", *partition
        )
        self.verdicts = family.counter("verdicts_total", "Audits that reached a verdict.")
        self.failures = family.counter("failures_total", "Audits that ended without a verdict.")


class Auditor:
    """Audits now, and each `every_s` after a verdict; sooner where it differs or could not look."""

    def __init__(
        self, look: Look, metrics: AuditMetrics, every_s: float, clock: Callable[[], float]
    ) -> None:
        self._look = look
        self._metrics = metrics
        self._every_s = every_s
        self._clock = clock
        self.trouble: str | None = None

    async def keep(self) -> None:
        """Audit until cancelled."""
        self._metrics.due.set(self._clock() + self._every_s)
        attempt, doubted = 0, False
        while True:
            started = self._clock()
            try:
                verdict = await self._look()
            except ConfigError:
                raise
            except CoinlakeError as error:
                self.trouble = str(error)
                self._metrics.failures.inc()
                log.warning("audit_failed", reason=self.trouble)
                await asyncio.sleep(_AGAIN.delay_s(attempt, random.Random()))
                attempt += 1
                continue
            attempt = 0
            # It could look, whatever it found: nothing is in its way any more.
            self.trouble = None
            if not verdict.is_proven and not doubted:
                # Sinks work meanwhile: what is really wrong is still wrong when looked at again.
                doubted = True
                await asyncio.sleep(min(_CONFIRM_S, self._every_s))
                continue
            doubted = False
            self._tell(verdict, self._clock() - started)
            # While it differs people work on it, and want to know.
            await self._rest(
                self._every_s if verdict.is_proven else min(_WHILE_DIFFERS_S, self._every_s)
            )

    async def _rest(self, seconds: float) -> None:
        """Until the time is over by the wall clock too: the loop's stands while a laptop sleeps."""
        left_s = seconds
        while left_s > 0:
            began, nap_s = self._clock(), min(left_s, _NAP_S)
            await asyncio.sleep(nap_s)
            left_s -= max(nap_s, self._clock() - began)

    def _tell(self, verdict: Verdict, took_s: float) -> None:
        found = Counted(one.kind for one in verdict.findings)
        for kind in Kind:
            self._metrics.findings.labels(kind.value).set(found[kind])
        objects = sum(
            chain["objects"] for topic in verdict.topics.values() for chain in topic.values()
        )
        self._metrics.objects.set(objects)
        if verdict.oldest_proof_ms is not None:
            self._metrics.oldest_proof.set(verdict.oldest_proof_ms / 1000)
        self._tell_lag(verdict)
        self._metrics.took.set(took_s)
        self._metrics.verdicts.inc()
        self._metrics.due.set(self._clock() + self._every_s)
        for one in verdict.findings[:_SHOWN]:
            log.error(
                "audit_finding",
                kind=one.kind.value,
                topic=one.topic,
                partition=one.partition,
                key=one.key,
                text=one.text,
            )
        log.info(
            "audit_done",
            proven=verdict.is_proven,
            findings=len(verdict.findings),
            objects=objects,
            full=verdict.full,
            oldest_proof_ms=verdict.oldest_proof_ms,
            seconds=round(took_s, 1),
        )

    def _tell_lag(self, verdict: Verdict) -> None:
        """From bucket and broker alone: it is told, and grows, while no sink lives."""
        for topic, chains in verdict.topics.items():
            for name, told in chains.items():
                if told["log_end"] is None:
                    continue  # a past epoch's
                labels = (topic, name.split("-")[1])
                self._metrics.lag.labels(*labels).set(max(0, told["log_end"] - told["end"]))
                if told["stored_to_ms"] is not None:
                    self._metrics.stored.labels(*labels).set(told["stored_to_ms"] / 1000)


async def run(look: Look, every_s: float, http: HttpSettings, stop: asyncio.Event) -> None:
    """Serve the metrics and audit until `stop`."""
    registry = CollectorRegistry()
    auditor = Auditor(look, AuditMetrics(registry), every_s, time.time)
    pulse = Pulse(_STUCK_S)
    ready = lambda: {"lake": auditor.trouble}  # noqa: E731
    async with serve(http, registry, pulse, ready), asyncio.TaskGroup() as tasks:
        with watchdog(pulse):
            running = [
                tasks.create_task(auditor.keep()),
                tasks.create_task(_beat(pulse)),
            ]
            await stop.wait()
            for task in running:
                task.cancel()


async def _beat(pulse: Pulse) -> None:
    while True:
        pulse.beat()
        await asyncio.sleep(1.0)
