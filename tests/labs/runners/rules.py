"""The runner without one of its rules: the controls of its faults. Called in a process of its own."""

from collections.abc import Callable, Sequence
from typing import Any

from coinlake.s3 import S3Store
from etl_runner.adapters.jobs import GlueJobRuns
from etl_runner.core.ports import BusyError
from etl_runner.core.runs import GlueRun
from etl_runner.loop import run as run_module
from etl_runner.loop.reconcile import Reconcile

_put: Any = S3Store.put


def _drop(owner: Any, name: str, instead: Any) -> None:
    setattr(owner, name, instead)


async def _put_over(store: S3Store, key: str, body: bytes, **more: Any) -> str:
    """A PUT that overwrites what is published, and what the ledger says of it."""
    if key.startswith(("curated/", "ledger/")):
        more.pop("if_none_match", None)
        more.pop("if_match", None)
    etag: str = await _put(store, key, body, **more)
    return etag


def _conditions() -> None:
    _drop(S3Store, "put", _put_over)


def _listing() -> None:
    """What no hint told of is never looked for."""

    async def load_only(self: Reconcile, now_ms: int) -> None:
        await self._records.load(now_ms)

    _drop(Reconcile, "run", load_only)


def _busy() -> None:
    """A job without a free slot is a run that failed."""
    start: Any = run_module._start

    async def failed(*words: Any) -> str:
        try:
            run_id: str = await start(*words)
        except BusyError as error:
            raise run_module.RunFailedError(str(error)) from error
        return run_id

    _drop(run_module, "_start", failed)


def _found_again() -> None:
    """Whoever has no answer to StartJobRun starts again: no run is looked for."""

    def nobody(runs: Sequence[GlueRun], name: str) -> None:
        return None

    _drop(run_module, "active_of", nobody)
    _drop(run_module, "of_attempt", nobody)


def _result_first() -> None:
    """A run is started before anybody looks whether the batch has a result."""
    load = run_module.load_result
    looked: set[str] = set()

    async def only_after_a_run(parts: Any, batch_id: str) -> Any:
        if batch_id not in looked:
            looked.add(batch_id)
            return None
        return await load(parts, batch_id)

    _drop(run_module, "load_result", only_after_a_run)


def _deadline() -> None:
    """A run that takes too long is waited for."""

    async def leave(self: Any, run_id: str) -> None:
        return None

    _drop(GlueJobRuns, "stop", leave)


RULES: dict[str, Callable[[], None]] = {
    "conditions": _conditions,
    "listing": _listing,
    "busy": _busy,
    "found-again": _found_again,
    "result-first": _result_first,
    "deadline": _deadline,
}
