"""Rule 2: one run of the job for a batch, found again after a crash or a lost reply."""

import asyncio
import contextlib
import json
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass

from coinlake import logs
from coinlake.contracts.batches import Manifest, Result, parse_result
from coinlake.contracts.cloud import BATCHES_PREFIX
from coinlake.contracts.ledger import manifest_key, result_key
from coinlake.errors import CoinlakeError, InvariantError, NotFoundError, TransientError
from etl_runner.core.batch import FinishedBatch
from etl_runner.core.ports import BusyError, JobRuns
from etl_runner.core.publication import RunFacts
from etl_runner.core.runs import GlueRun, active_of, attempt_name, of_attempt
from etl_runner.loop.parts import StepParts

log = logs.get(__name__)


class RunFailedError(CoinlakeError):
    """The run ended without a result; the text is Glue's."""


class StoppingError(CoinlakeError):
    """The service stops; the run goes on, and the next start finds it."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How often to look, and when a run has taken too long, in seconds of `clock`.

    A run that is told to stop and does not is left to itself `stopping_s` later.
    """

    poll_s: float = 5.0
    deadline_s: float = 1800.0
    stopping_s: float = 300.0
    clock: Callable[[], float] = time.time


@dataclass(frozen=True, slots=True)
class RunWatch:
    """Who is told while a run is waited for: `beat` at each turn, `seen` at each look."""

    beat: Callable[[], None] = lambda: None
    seen: Callable[[GlueRun], None] = lambda _: None


DEFAULT_TIMING = Timing()
NOBODY = RunWatch()


async def run(
    parts: StepParts,
    manifest: Manifest,
    stop: asyncio.Event | None = None,
    timing: Timing = DEFAULT_TIMING,
    watch: RunWatch = NOBODY,
) -> FinishedBatch:
    """The batch's result, from a run that is started only if none has or works on one.

    Raises BusyError where no slot is free, RunFailedError with the true reason,
    StoppingError when `stop` is set meanwhile.
    """
    result = await load_result(parts, manifest.batch_id)
    if result is None:
        found = active_of(await parts.jobs.recent(), manifest.batch_id)
        run_id = await _start(parts, manifest, timing) if found is None else found.run_id
        ended = await _ended(parts.jobs, run_id, stop or asyncio.Event(), timing, watch)
        result = await load_result(parts, manifest.batch_id)
        if ended.outcome == "failed" and result is None:
            raise RunFailedError(ended.reason)
    if result is None:
        raise RunFailedError("the run succeeded without a result")
    return FinishedBatch(manifest, result, await _facts(parts.jobs, result))


async def load_result(parts: StepParts, batch_id: str) -> Result | None:
    """The batch's result; None where there is none yet. Raises InvariantError where it is none."""
    body = await parts.lake.store.get(result_key(batch_id))
    if body is None:
        return None
    try:
        return parse_result(body)
    except ValueError as error:
        raise InvariantError(f"batch {batch_id}: {error}") from error


async def _start(parts: StepParts, manifest: Manifest, timing: Timing) -> str:
    attempt = attempt_name(timing.clock(), secrets.token_hex(4))
    # The intent first: a crash after this line leaves a name to look for.
    intent = f"{BATCHES_PREFIX}{manifest.batch_id}/intents/{attempt}.json"
    await parts.lake.store.put(
        intent,
        json.dumps({"batch_id": manifest.batch_id, "attempt": attempt}).encode(),
        content_type="application/json",
    )
    arguments = {
        "--batch_id": manifest.batch_id,
        "--attempt": attempt,
        "--manifest": f"s3://{parts.bucket}/{manifest_key(manifest.batch_id)}",
    }
    try:
        run_id = await parts.jobs.start(arguments)
    except BusyError:
        # It was not started: the intent is of nothing.
        await parts.lake.store.delete(intent)
        await _stop_overdue(parts.jobs, timing)
        raise
    except TransientError:
        # The reply may be what was lost, and it has no idempotency token (Glue API, StartJobRun).
        found = of_attempt(await parts.jobs.recent(), attempt)
        if found is None:
            raise
        run_id = found.run_id
    log.info("run_started", batch_id=manifest.batch_id, attempt=attempt, run_id=run_id)
    return run_id


async def _stop_overdue(jobs: JobRuns, timing: Timing) -> None:
    """Stop what has the slot for too long: a run whose runner died has nobody who would."""
    latest = timing.clock() - timing.deadline_s - timing.stopping_s
    for found in await jobs.recent():
        if found.outcome == "active" and found.state != "STOPPING":
            started = found.started_s
            if started is not None and started < latest:
                log.error("run_too_long", run_id=found.run_id, limit_s=timing.deadline_s)
                await jobs.stop(found.run_id)


async def _ended(
    jobs: JobRuns, run_id: str, stop: asyncio.Event, timing: Timing, watch: RunWatch
) -> GlueRun:
    """The run once it has ended; one that takes too long is stopped, and then left to itself.

    Raises RunFailedError for one that does not stop: a result that it may still make is as good as
    any, but nobody waits for it.
    """
    deadline = timing.clock() + timing.deadline_s
    last = deadline + timing.stopping_s
    was_told = False
    while not stop.is_set():
        watch.beat()
        state = "unseen"
        try:
            found = await jobs.get(run_id)
            watch.seen(found)
            if found.outcome != "active":
                return found
            state = found.state
            if timing.clock() > deadline and not was_told:
                log.error("run_too_long", run_id=run_id, limit_s=timing.deadline_s)
                await jobs.stop(run_id)
                was_told = True
        except NotFoundError as error:
            raise RunFailedError(f"Glue does not know run {run_id} any more") from error
        except TransientError as error:
            log.warning("run_not_seen", run_id=run_id, reason=str(error))
            if timing.clock() > last:
                # The loop says so, and finds the run again when Glue answers.
                raise
        if timing.clock() > last and state != "unseen":
            log.error("run_left_alone", run_id=run_id, state=state)
            raise RunFailedError(f"the run is {state} and does not stop")
        await wait_for(stop, timing.poll_s)
    raise StoppingError(f"run {run_id} goes on")


async def _facts(jobs: JobRuns, result: Result) -> RunFacts:
    """The run that won: not always the one that was waited for."""
    found = of_attempt(await jobs.recent(), result.attempt)
    return RunFacts("", 0) if found is None else RunFacts(found.run_id, found.billed_s)


async def wait_for(event: asyncio.Event, seconds: float) -> None:
    """Wait until the event comes, at most so long."""
    with contextlib.suppress(TimeoutError):
        async with asyncio.timeout(seconds):
            await event.wait()
