"""Glue as the runner sees it: one slot, all states, replies that are lost, runs that outlive it."""

import asyncio
import json
import random
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace

from coinlake.contracts.batches import (
    HourResult,
    Manifest,
    Result,
    StagedFile,
    parse_manifest,
)
from coinlake.contracts.datasets import TABULAR
from coinlake.contracts.ledger import Counts, result_key, staging_prefix
from coinlake.contracts.raw_meta import parse_raw_meta
from coinlake.errors import NotFoundError, PreconditionFailedError, TransientError
from etl_runner.core.hours import FeedHour
from etl_runner.core.ports import BusyError
from etl_runner.core.runs import GlueRun
from tests.labs.bucket import Bucket
from tests.labs.sim.wire import Wire


@dataclass
class Trouble:
    """How the job behaves now. Shares of runs, but for `poison` and `miscounts`."""

    is_broken: bool = False
    stuck: float = 0.0
    odd: float = 0.0
    poison: frozenset[FeedHour] = frozenset()
    miscounts: frozenset[FeedHour] = frozenset()


class GlueServer:
    """The service: its runs go on whoever watches."""

    def __init__(
        self,
        bucket: Bucket,
        rng: random.Random,
        reached: Callable[[str], None],
        note: Callable[[str], None],
    ) -> None:
        self.trouble = Trouble()
        self.runs: list[GlueRun] = []
        self.calls = 0
        self.started: Callable[[Sequence[FeedHour]], None] = lambda _: None
        self._bucket = bucket
        self._rng = rng
        self._reached = reached
        self._note = note
        self._server = asyncio.get_running_loop()
        self._dont_stop: set[str] = set()

    def start(self, arguments: Mapping[str, str]) -> str:
        self.calls += 1
        if any(run.outcome == "active" for run in self.runs):
            self._reached("slot busy")
            raise BusyError("ConcurrentRunsExceededException")
        run_id = f"jr_{len(self.runs)}"
        batch_id, attempt = arguments["--batch_id"], arguments["--attempt"]
        self.runs.insert(0, GlueRun(run_id, "STARTING", batch_id, attempt, None, 0))
        manifest = parse_manifest(
            self._bucket.objects[f"batches/{batch_id}/manifest.json"].body
        )
        self._note(f"glue: {run_id} of {[str(h.feed) + h.hour for h in manifest.hours]}")
        self.started([FeedHour(hour.feed, hour.at) for hour in manifest.hours])
        if len(manifest.hours) > 1:
            self._reached("batch of many")
        self._plan(run_id, manifest, attempt)
        return run_id

    def get(self, run_id: str) -> GlueRun:
        self.calls += 1
        for run in self.runs:
            if run.run_id == run_id:
                return run
        self._reached("unknown run")
        raise NotFoundError(f"run {run_id}")

    def recent(self) -> Sequence[GlueRun]:
        self.calls += 1
        return tuple(self.runs[:50])

    def stop(self, run_id: str) -> None:
        self.calls += 1
        run = self.get(run_id)
        if run.outcome != "active":
            return
        if run_id in self._dont_stop:
            self._reached("run never stopped")
            self._become(run_id, "STOPPING")
            self._server.call_later(self._rng.uniform(20, 60), self._become, run_id, "STOPPED")
        else:
            self._become(run_id, "STOPPED")

    def _plan(self, run_id: str, manifest: Manifest, attempt: str) -> None:
        luck, later = self._rng.random(), self._server.call_later
        takes_s = self._rng.uniform(0.5, 3.0)
        later(takes_s / 4, self._become, run_id, self._rng.choice(("RUNNING", "WAITING")))
        names = [FeedHour(hour.feed, hour.at) for hour in manifest.hours]
        if self.trouble.is_broken:
            self._reached("run failed")
            later(takes_s, self._become, run_id, "ERROR", "the job is broken")
        elif self.trouble.poison & set(names):
            self._reached("run failed with its hour")
            later(takes_s, self._become, run_id, "FAILED", "an hour of it is made of cheese")
        elif luck < self.trouble.stuck:
            self._reached("run stuck")
            if self._rng.random() < 0.5:
                self._dont_stop.add(run_id)
            if self._rng.random() < 0.5:
                later(
                    takes_s + self._rng.uniform(30, 90), self._finish, run_id, manifest, attempt
                )
        elif luck < self.trouble.stuck + self.trouble.odd:
            self._odd_end(run_id, manifest, attempt, takes_s)
        else:
            later(takes_s, self._finish, run_id, manifest, attempt)

    def _odd_end(self, run_id: str, manifest: Manifest, attempt: str, takes_s: float) -> None:
        later = self._server.call_later
        match self._rng.randrange(4):
            case 0:
                self._reached("run timed out")
                later(takes_s * 2, self._become, run_id, "TIMEOUT", None)
            case 1:
                self._reached("run failed with a result")
                later(takes_s, self._made, run_id, manifest, attempt)
                later(takes_s + 0.5, self._become, run_id, "FAILED", "the driver was lost")
            case 2:
                self._reached("run succeeded without a result")
                later(takes_s, self._become, run_id, "SUCCEEDED")
            case _:
                # Killed in mid-write: some staged files, no result.
                later(takes_s / 2, self._staged, manifest, attempt)
                later(takes_s, self._become, run_id, "FAILED", "an executor was lost")

    def _finish(self, run_id: str, manifest: Manifest, attempt: str) -> None:
        if self._made(run_id, manifest, attempt):
            self._become(run_id, "SUCCEEDED")
        else:
            self._become(run_id, "FAILED", "an input is gone or is another")

    def _made(self, run_id: str, manifest: Manifest, attempt: str) -> bool:
        """Stage, and put the result; whether all inputs were there as they were frozen."""
        hours = self._staged(manifest, attempt)
        if hours is None:
            return False
        run = next((one for one in self.runs if one.run_id == run_id), None)
        if run is None or run.outcome != "active":
            self._reached("late result")
        key = result_key(manifest.batch_id)
        result = Result(manifest.batch_id, attempt, manifest.job_version, "sim", 1, hours)
        try:
            self._bucket.put(key, result.encode(), {}, if_none_match=True)
        except PreconditionFailedError:
            self._reached("second result")
        return True

    def _staged(self, manifest: Manifest, attempt: str) -> tuple[HourResult, ...] | None:
        made = []
        for hour in manifest.hours:
            name, records, rows = FeedHour(hour.feed, hour.at), 0, []
            for item in hour.inputs:
                found = self._bucket.objects.get(item.key)
                meta = None if found is None else parse_raw_meta(found.metadata)
                if found is None or meta is None or found.etag != item.etag:
                    return None
                records += meta.records
                rows += json.loads(found.body)
            more = 1 if name in self.trouble.miscounts else 0
            if more:
                self._reached("miscounted")
            files = []
            for table in TABULAR[hour.feed].published:
                key = f"{staging_prefix(manifest.batch_id, attempt)}{table}/{hour.at.path}/p"
                body = json.dumps(
                    rows if table == TABULAR[hour.feed].published[0] else []
                ).encode()
                etag = self._bucket.put(key, body, {})
                files.append(StagedFile(table, key, etag, len(body), len(rows)))
            n = records + more
            counts = Counts(n, len(rows), 0, 0, n - len(rows), len(rows), len(rows), 0, 0)
            made.append(HourResult(hour.feed, hour.dt, hour.hour, counts, tuple(files)))
        return tuple(made)

    def _become(self, run_id: str, state: str, message: str | None = None) -> None:
        self.runs = [
            replace(run, state=state, message=message)
            if run.run_id == run_id and run.outcome == "active"
            else run
            for run in self.runs
        ]


class GlueClient:
    """One runner's client: `JobRuns` over a network that may fail."""

    def __init__(self, server: GlueServer, wire: Wire, reached: Callable[[str], None]) -> None:
        self._server = server
        self._wire = wire
        self._reached = reached

    async def start(self, arguments: Mapping[str, str]) -> str:
        before = len(self._server.runs)
        try:
            return await self._wire.tell("StartJobRun", lambda: self._server.start(arguments))
        except BusyError:
            raise
        except TransientError:
            was_started = len(self._server.runs) > before
            self._reached("lost start" if was_started else "lost start refused")
            raise

    async def get(self, run_id: str) -> GlueRun:
        return await self._wire.ask("GetJobRun", lambda: self._server.get(run_id))

    async def recent(self) -> Sequence[GlueRun]:
        return await self._wire.ask("GetJobRuns", self._server.recent)

    async def stop(self, run_id: str) -> None:
        await self._wire.tell("BatchStopJobRun", lambda: self._server.stop(run_id))
