"""What earlier runs of a batch say: run it, cut it in two, or leave it for a while."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Literal

from etl_runner.core.runs import GlueRun, active_of

Next = Literal["run", "halve", "park"]


@dataclass(frozen=True, slots=True)
class Patience:
    """After how many failures an hour is parked, and for how many seconds."""

    park_after: int
    parked_s: float


def next_of(
    batch_id: str, hours: int, runs: Iterable[GlueRun], patience: Patience, now_s: float
) -> Next:
    """What to do with a batch of so many hours that has no result, by the newest runs of the job.

    Nothing else is remembered: Glue keeps its runs, and a batch is named after its work, so new
    input has a name without failures.
    """
    ours = [run for run in runs if run.batch_id == batch_id]
    failed = [run for run in ours if run.outcome == "failed"]
    if active_of(ours, batch_id) is not None or not failed:
        return "run"
    if hours > 1:
        return "halve"
    last_s = max(run.started_s or 0.0 for run in failed)
    is_parked = len(failed) >= patience.park_after and now_s < last_s + patience.parked_s
    return "park" if is_parked else "run"
