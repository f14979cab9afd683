"""Rule 2: one run of the job for a batch, found again after a crash or a lost reply."""

import asyncio
import json
import secrets
from collections.abc import Callable
from dataclasses import dataclass

from coinlake import logs
from coinlake.contracts.batches import Manifest, Result, parse_result
from coinlake.contracts.cloud import BATCHES_PREFIX
from coinlake.contracts.ledger import manifest_key, result_key
from coinlake.errors import CoinlakeError, InvariantError, TransientError
from coinlake.store import ObjectStore
from etl_runner.core.ports import BusyError, JobRuns
from etl_runner.core.publication import RunFacts
from etl_runner.core.runs import JobRun, active_of, of_attempt

log = logs.get(__name__)


class RunFailedError(CoinlakeError):
    """The run ended without a result; the text is Glue's."""


class StoppingError(CoinlakeError):
    """The service stops; the run goes on, and the next start finds it."""


@dataclass(frozen=True, slots=True)
class Timing:
    """How often to look, and when a run has taken too long, in seconds."""

    poll_s: float
    deadline_s: float


class RunBatch:
    """Sees to it that a batch has a result."""

    def __init__(
        self,
        store: ObjectStore,
        bucket: str,
        jobs: JobRuns,
        timing: Timing,
        clock: Callable[[], float],
        beat: Callable[[], None],
    ) -> None:
        self._store = store
        self._bucket = bucket
        self._jobs = jobs
        self._timing = timing
        self._clock = clock
        self._beat = beat
        self.current: JobRun | None = None
        self.ended: Callable[[JobRun], None] = lambda run: None

    async def run(self, manifest: Manifest, stop: asyncio.Event) -> tuple[Result, RunFacts]:
        """The batch's result, from a run that is started only if none has or works on one.

        Raises BusyError where no slot is free, RunFailedError with the true reason,
        StoppingError when `stop` is set meanwhile.
        """
        result = await load_result(self._store, manifest.batch_id)
        if result is None:
            run = active_of(await self._jobs.recent(), manifest.batch_id)
            run_id = run.run_id if run is not None else await self._start(manifest)
            ended = await self._wait(run_id, stop)
            self.ended(ended)
            result = await load_result(self._store, manifest.batch_id)
            if ended.outcome == "failed" and result is None:
                raise RunFailedError(ended.reason)
        if result is None:
            raise RunFailedError("the run succeeded without a result")
        return result, await self._facts(result)

    async def _start(self, manifest: Manifest) -> str:
        attempt = f"{int(self._clock() * 1000)}-{secrets.token_hex(4)}"
        # The intent first: a crash after this line leaves a name to look for.
        await self._store.put(
            f"{BATCHES_PREFIX}{manifest.batch_id}/intents/{attempt}.json",
            json.dumps({"batch_id": manifest.batch_id, "attempt": attempt}).encode(),
            content_type="application/json",
        )
        arguments = {
            "--batch_id": manifest.batch_id,
            "--attempt": attempt,
            "--manifest": f"s3://{self._bucket}/{manifest_key(manifest.batch_id)}",
        }
        try:
            run_id = await self._jobs.start(arguments)
        except BusyError:
            raise
        except TransientError:
            # The reply may be what was lost, and StartJobRun has no idempotency token.
            found = of_attempt(await self._jobs.recent(), attempt)
            if found is None:
                raise
            run_id = found.run_id
        log.info("run_started", batch_id=manifest.batch_id, attempt=attempt, run_id=run_id)
        return run_id

    async def _wait(self, run_id: str, stop: asyncio.Event) -> JobRun:
        deadline = self._clock() + self._timing.deadline_s
        stopped = False
        while not stop.is_set():
            self._beat()
            try:
                run = self.current = await self._jobs.get(run_id)
                if run.outcome != "active":
                    self.current = None
                    return run
                if self._clock() > deadline and not stopped:
                    log.error("run_too_long", run_id=run_id, limit_s=self._timing.deadline_s)
                    await self._jobs.stop(run_id)
                    stopped = True
            except TransientError as error:
                log.warning("run_not_seen", run_id=run_id, reason=str(error))
            await wait_for(stop, self._timing.poll_s)
        raise StoppingError(f"run {run_id} goes on")

    async def _facts(self, result: Result) -> RunFacts:
        """The run that won: not always the one that was waited for."""
        run = of_attempt(await self._jobs.recent(), result.attempt)
        return RunFacts("", 0) if run is None else RunFacts(run.run_id, run.billed_s)


async def load_result(store: ObjectStore, batch_id: str) -> Result | None:
    """The batch's result; None where there is none yet. Raises InvariantError where it is none."""
    body = await store.get(result_key(batch_id))
    if body is None:
        return None
    try:
        return parse_result(body)
    except ValueError as error:
        raise InvariantError(f"batch {batch_id}: {error}") from error


async def wait_for(event: asyncio.Event, seconds: float) -> bool:
    """Wait, at most so long; whether the event came."""
    try:
        async with asyncio.timeout(seconds):
            await event.wait()
    except TimeoutError:
        return False
    return True
