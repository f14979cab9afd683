"""`make bench-sink-memory`: is the sink's memory below its budget, whatever the backlog?

A topic gets millions of values; S3 is slowed down for a while and then let go. The peak (VmHWM) of
the sink's process must stay below its budget plus its base: what an idle sink has (VmRSS), up and
ready with the same topic before anything was in it.
"""

import argparse
import asyncio
import json
import sys
import tempfile
import time
from dataclasses import asdict, dataclass
from pathlib import Path

from bench.memory.sink import MeasuredSink, SinkFailedError, run_sink
from bench.memory.throttle import Throttle, open_throttle
from bench.sink.corpus import Corpus, Tally
from bench.sink.evidence import examine
from bench.sink.job import ACCESS_KEY, REGION, SECRET_KEY
from bench.sink.peers import ROOT
from bench.sink.store import Store, StoreMissingError, find_versitygw, open_store
from bench.sink.topic import PARTITIONS, create, fill
from local_stack.broker import start_broker
from local_stack.errors import StackError

TOPIC, BUCKET = "backlog", "backlog"
_MB = 1_000_000
_READY_S = 90.0
_SAMPLE_S = 0.1


@dataclass(frozen=True, slots=True)
class Plan:
    """What to do. Sizes in bytes, times in seconds."""

    values: int
    size: int
    budget: int
    slow_bytes_per_s: int
    slow_s: float
    limit_s: float


@dataclass(frozen=True, slots=True)
class Figures:
    """What was seen. Sizes in bytes, times in seconds."""

    values: int
    backlog: int
    budget: int
    base: int
    peak: int
    slow_bytes_per_s: int
    slow_s: float
    sent_while_slow: int
    paused_samples: float
    slow_values: int
    drained_s: float
    stopped_s: float
    objects: int
    verdict: str

    @property
    def is_within(self) -> bool:
        return self.peak <= self.budget + self.base and self.verdict == "all, once"

    def text(self) -> str:
        over = self.peak - self.base
        return "\n".join(
            (
                f"backlog        {self.values:,} values, {self.backlog / _MB:,.0f} MB",
                f"S3             {self.slow_bytes_per_s / _MB:.1f} MB/s for {self.slow_s:.0f} s "
                f"({self.sent_while_slow / _MB:,.0f} MB sent, {self.slow_values:,} values stored, "
                f"fetching paused in {self.paused_samples:.0%} of the samples), then as fast as it goes",
                f"RSS base       {self.base / _MB:,.1f} MB (idle and ready, the topic empty)",
                f"budget         {self.budget / _MB:,.1f} MB",
                f"peak RSS       {self.peak / _MB:,.1f} MB (VmHWM): base + {over / _MB:,.1f} MB, "
                f"{over / self.budget:.0%} of the budget",
                f"drained        after {self.drained_s:,.0f} s, stopped in {self.stopped_s:.1f} s; "
                f"{self.objects} objects: {self.verdict}",
                "WITHIN the budget" if self.is_within else "NOT within the budget, or not all",
            )
        )


async def measure(plan: Plan, folder: Path, bootstrap: str, store: Store) -> Figures:
    """The idle sink, the backlog, the slow S3, the rest at full speed."""
    await create(bootstrap, TOPIC)
    store.make(BUCKET)
    host, port = store.endpoint.removeprefix("http://").split(":")
    async with open_throttle(host, int(port), plan.slow_bytes_per_s) as (throttle, endpoint):
        environ = _environ(plan, bootstrap, endpoint)
        base = await _idle(environ, folder)
        tally = await fill(bootstrap, TOPIC, Corpus(plan.size, plan.values))
        _say(f"{tally.values:,} values, {tally.size / _MB:,.0f} MB, are in Kafka")
        with run_sink(environ, folder / "sink.log") as sink:
            began = time.monotonic()
            paused = await _watch(sink, began + plan.slow_s)
            slow_values = sink.status()["totals"]["values"]
            sent = throttle.passed
            throttle.bytes_per_s = None
            await _drain(sink, plan, began)
            drained_s = time.monotonic() - began
            stopped_s = await asyncio.to_thread(sink.stop)
    evidence = await asyncio.to_thread(examine, store, BUCKET, tally)
    return Figures(
        tally.values, tally.size, plan.budget, base, sink.peak, plan.slow_bytes_per_s,
        plan.slow_s, sent, paused, slow_values, drained_s, stopped_s, evidence.objects,
        evidence.verdict,
    )  # fmt: skip
