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
from bench.memory.throttle import open_throttle
from bench.sink.corpus import Corpus
from bench.sink.evidence import examine
from bench.sink.job import ACCESS_KEY, REGION, SECRET_KEY
from bench.sink.provisions import ProvisionError, versitygw
from bench.sink.store import Store, StoreError, open_store
from bench.sink.topic import create, fill
from local_stack.broker import start_broker
from local_stack.errors import StackError

ROOT = Path(__file__).resolve().parents[2]
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
        tally.values,
        tally.size,
        plan.budget,
        base,
        sink.peak,
        plan.slow_bytes_per_s,
        plan.slow_s,
        sent,
        paused,
        slow_values,
        drained_s,
        stopped_s,
        evidence.objects,
        evidence.verdict,
    )


async def _idle(environ: dict[str, str], folder: Path) -> int:
    """What a sink has that is up, has its partitions, and has had nothing to do."""
    with run_sink(environ, folder / "idle.log") as sink:
        await _ready(sink)
        base = sink.resident()
        await asyncio.to_thread(sink.stop)
    return base


async def _ready(sink: MeasuredSink) -> None:
    deadline = time.monotonic() + _READY_S
    while not await asyncio.to_thread(sink.is_ready):
        sink.resident()
        if time.monotonic() > deadline:
            raise SinkFailedError("the sink is not ready")
        await asyncio.sleep(_SAMPLE_S)


async def _watch(sink: MeasuredSink, until: float) -> float:
    """Watch the peak until a moment; the share of samples in which fetching was paused."""
    await _ready(sink)
    samples = paused = 0
    while time.monotonic() < until:
        sink.resident()
        found = await asyncio.to_thread(sink.metrics)
        samples += 1
        paused += found.get("s3_sink_is_paused", 0.0) > 0
        await asyncio.sleep(1.0)
    return paused / max(1, samples)


async def _drain(sink: MeasuredSink, plan: Plan, began: float) -> None:
    while (await asyncio.to_thread(sink.status))["totals"]["values"] < plan.values:
        sink.resident()
        if time.monotonic() - began > plan.limit_s:
            raise SinkFailedError(f"not drained after {plan.limit_s:.0f} s: {sink.status()}")
        await asyncio.sleep(_SAMPLE_S)
    sink.resident()


def _environ(plan: Plan, bootstrap: str, endpoint: str) -> dict[str, str]:
    """The sink as delivered: only where it finds things, and its budget."""
    return {
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_ACCESS_KEY_ID": ACCESS_KEY,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "AWS_DEFAULT_REGION": REGION,
        "KAFKA_BOOTSTRAP_SERVERS": bootstrap,
        "COINLAKE_BUCKET": BUCKET,
        "S3_SINK_TOPICS": json.dumps([TOPIC]),
        "S3_SINK_BUDGET_BYTES": str(plan.budget),
        "S3_SINK_OBJECT__MAX_AGE_S": "10",
    }


def main() -> int:
    told = _arguments()
    plan = Plan(
        told.values,
        told.size,
        told.budget_mb * _MB,
        round(told.mb_per_s * _MB),
        told.slow_s,
        told.slow_s + told.limit,
    )
    try:
        with tempfile.TemporaryDirectory(prefix="sink-memory-") as made:
            folder: Path = told.keep or Path(made)
            store = open_store(versitygw(_say), folder / "s3")
            with store as opened, start_broker(folder / "kafka") as broker:
                figures = asyncio.run(measure(plan, folder, broker.bootstrap, opened))
    except (StackError, StoreError, ProvisionError) as error:
        sys.stderr.write(f"bench-sink-memory cannot run: {error}\n")
        return 2
    told.json.parent.mkdir(parents=True, exist_ok=True)
    told.json.write_text(json.dumps(asdict(figures), indent=1) + "\n")
    _say(figures.text())
    return 0 if figures.is_within else 1


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m bench.memory",
        description=__doc__,
        formatter_class=argparse.RawDescriptionHelpFormatter,
    )
    parser.add_argument("--values", type=int, default=3_000_000)
    parser.add_argument("--size", type=int, default=1200, help="bytes of a value")
    parser.add_argument("--budget-mb", type=int, default=256, help="S3_SINK_BUDGET_BYTES")
    parser.add_argument("--mb-per-s", type=float, default=5.0, help="of the slow S3")
    parser.add_argument("--slow-s", type=float, default=120.0, help="how long it is slow")
    parser.add_argument("--limit", type=float, default=600.0, help="seconds for the rest")
    parser.add_argument("--keep", type=Path, help="an empty folder for logs and data")
    parser.add_argument("--json", type=Path, default=ROOT / ".local/bench/sink-memory.json")
    return parser.parse_args()


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")
    sys.stdout.flush()


if __name__ == "__main__":
    sys.exit(main())
