"""One run of the Glue job for a frozen batch, by Amazon's operator, found again after anything."""

import asyncio
import secrets
import time
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime, timedelta
from typing import Any, TypeVar

from airflow.providers.amazon.aws.operators.glue import GlueJobOperator
from airflow.sdk import Context
from airflow.sdk.exceptions import (
    AirflowException,
    AirflowFailException,
    AirflowRescheduleException,
)
from botocore.exceptions import ClientError
from pydantic import JsonValue

from coinlake.contracts.ledger import manifest_key
from coinlake.errors import NotFoundError
from etl_runner.core.runs import active_of, attempt_name
from etl_runner.steps import StepParts

from .config import Settings
from .finishing import has_result
from .lake import open_lake

Said = TypeVar("Said")


class RebuildOperator(GlueJobOperator):
    """Runs the rebuild job for one batch, unless its result is there or a run of it is under way.

    Amazon's operator finds a run again by the id that it wrote down, or by the task's name, and only
    in a further try of the same task (provider amazon 9.39, operators/glue.py: submit_job). A batch is
    also found when the task was cleared, when another DAG or a runner started the run, and when the
    reply to StartJobRun was lost: by its id, in GetJobRuns, as the runner does it.
    """

    template_fields = (*GlueJobOperator.template_fields, "batch_id")

    def __init__(self, *, batch_id: str, settings: Settings, **more: Any) -> None:
        self.batch_id = batch_id
        self.settings = settings
        shape = {"WorkerType": settings.worker_type, "NumberOfWorkers": settings.workers}
        super().__init__(
            job_name=settings.job_name,
            # Without a shape the operator asks for 10 DPU (provider amazon 9.39, hooks/glue.py: num_of_dpus).
            create_job_kwargs=shape,
            run_job_kwargs=shape,
            concurrent_run_limit=1,
            deferrable=settings.deferrable,
            durable=True,
            waiter_delay=settings.poll_s,
            waiter_max_attempts=max(1, int(settings.run_deadline_s / settings.poll_s)),
            # As the steps do: endpoint, region and keys come from the standard environment.
            aws_conn_id=None,
            **more,
        )

    def execute(self, context: Context) -> str | None:
        """The id of the run that was waited for; None where none was needed."""
        if self._asked(lambda parts: has_result(parts, self.batch_id)):
            self.log.info("Batch %s has its result: no run is needed", self.batch_id)
            return None
        try:
            return super().execute(context)
        except ClientError as error:
            if error.response["Error"]["Code"] != "ConcurrentRunsExceededException":
                raise
            # No failure and no try: another batch has the slot, of this DAG or of a runner. Glue gives it
            # back some seconds after a run (provider amazon 9.39, operators/glue.py: sleep_before_return).
            again = datetime.now(UTC) + timedelta(seconds=self.settings.busy_s)
            raise AirflowRescheduleException(again) from error  # type: ignore[no-untyped-call]

    def submit_job(self, context: Context) -> str:
        """The id of the run that works on the batch already, or of a new one."""
        found = self._asked(self._active)
        if found is not None:
            self._set_job_run_id(context, found)
            return found
        if not self.hook.has_job(self.job_name):
            raise AirflowFailException(
                f"there is no Glue job {self.job_name}: create it with `coinlake provision --job`"
            )
        bucket = self.settings.lake.bucket
        # A name that no other run has: each stages its files under its own.
        attempt = attempt_name(time.time(), secrets.token_hex(4))
        self.script_args = {
            "--batch_id": self.batch_id,
            "--attempt": attempt,
            "--manifest": f"s3://{bucket}/{manifest_key(self.batch_id)}",
        }
        return super().submit_job(context)

    def execute_complete(self, context: Context, event: dict[str, Any] | None = None) -> str:
        """After the trigger: what it said is held against the run and the bucket."""
        run_id = str((event or {}).get("run_id", ""))
        return self._concluded(run_id, str(event))

    def poll_until_complete(self, external_id: JsonValue, context: Context) -> None:
        """Wait without a triggerer, by the runner's table of states.

        Amazon's own loop waits for ever for a run that ended ERROR or EXPIRED (provider amazon 9.39,
        hooks/glue.py: _handle_state).
        """
        run_id, deadline = str(external_id), time.monotonic() + self.settings.run_deadline_s
        self._set_job_run_id(context, run_id)
        while self._outcome(run_id) == "active" and time.monotonic() < deadline:
            time.sleep(self.settings.poll_s)
        self._concluded(run_id, "it takes too long")

    def _concluded(self, run_id: str, said: str) -> str:
        """The run's id where the batch has its result, of this run or of another.

        Raises AirflowFailException for a run that failed: the next look for dirty hours cuts the
        batch in two, which another try here would not. Any other error is tried again.
        """
        if self._asked(lambda parts: has_result(parts, self.batch_id)):
            return run_id
        run = self._asked(lambda parts: parts.jobs.get(run_id))
        if run.outcome == "active":
            raise AirflowException(f"run {run_id} is still {run.state}: {said}")
        if run.outcome == "failed":
            raise AirflowFailException(f"run {run_id} failed: {run.reason}")
        raise AirflowFailException(f"run {run_id} succeeded without a result")

    def _outcome(self, run_id: str) -> str:
        try:
            return self._asked(lambda parts: parts.jobs.get(run_id)).outcome
        except NotFoundError as error:
            raise AirflowException(f"Glue does not know run {run_id} any more") from error

    async def _active(self, parts: StepParts) -> str | None:
        found = active_of(await parts.jobs.recent(), self.batch_id)
        return None if found is None else found.run_id

    def _asked(self, ask: Callable[[StepParts], Awaitable[Said]]) -> Said:
        async def asked() -> Said:
            async with open_lake(self.settings) as lake:
                return await ask(lake.parts)

        return asyncio.run(asked())
