"""The steps of a batch as calls: find, freeze, run, verify, publish. They need no Kafka.

The runner's loop is made of these calls, and so may be the tasks of a scheduler. Each takes the
same parts, made once from the caller's clients, and values; what one gives, the next one takes:

    async with open_store(bucket) as store, open_client("glue") as glue:
        parts = step_parts(store, glue, bucket=bucket, database="coinlake")
        found = await find(parts, "assets", "2026-11-20")
        wanted = [hour.wanted() for hour in found if hour.dirty]
        frozen = await freeze(parts, wanted, code_version="dag-7", max_skew_ms=3_600_000)
        if frozen.manifest is not None:
            batch = await run(parts, frozen.manifest)
            verification = await verify(parts, batch)
            await publish(parts, batch, verification.accepted, commit_terms(now_ms))
            await clean(parts, frozen.manifest.batch_id)

Every step may be repeated, also by another process and beside a runner: what is frozen, run and
published lies in the bucket, and only conditional writes change it. So a batch's id is all that
one task has to hand to the next: `load_manifest` gives the manifest, and `run` gives a result
that is there without a second run.
"""

from typing import Any

from prometheus_client import CollectorRegistry

from coinlake.contracts.cloud import CRAWLER, GLUE_JOB
from coinlake.store import ObjectStore
from etl_runner.adapters.catalog import GlueCatalog
from etl_runner.adapters.jobs import GlueJobRuns
from etl_runner.core.batch import (
    CommitTerms,
    FinishedBatch,
    FoundHour,
    FrozenBatch,
    PublicationOutcome,
    Verification,
    WantedHour,
)
from etl_runner.core.hours import FeedHour
from etl_runner.core.publication import Closing
from etl_runner.loop.find import find
from etl_runner.loop.freeze import freeze, load_manifest
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.parts import StepParts
from etl_runner.loop.publish import clean, publish
from etl_runner.loop.run import RunFailedError, RunWatch, Timing, run
from etl_runner.loop.tables import TableRegistrar
from etl_runner.loop.verify import verify
from etl_runner.metrics import EtlMetrics

__all__ = [
    "CommitTerms",
    "FeedHour",
    "FinishedBatch",
    "FoundHour",
    "FrozenBatch",
    "PublicationOutcome",
    "RunFailedError",
    "RunWatch",
    "StepParts",
    "Timing",
    "Verification",
    "WantedHour",
    "clean",
    "commit_terms",
    "find",
    "freeze",
    "load_manifest",
    "publish",
    "run",
    "step_parts",
    "verify",
]


def step_parts(
    store: ObjectStore,
    glue: Any,
    *,
    bucket: str,
    database: str,
    job_name: str = GLUE_JOB,
    crawler_name: str = CRAWLER,
    poll_s: float = 5.0,
    crawl_deadline_s: float = 1800.0,
    metrics: EtlMetrics | None = None,
) -> StepParts:
    """What every step works with, over the caller's clients of the bucket and of Glue.

    Without `metrics` the steps count into a registry of their own, which nobody reads.
    """
    counted = EtlMetrics(CollectorRegistry()) if metrics is None else metrics
    catalog = GlueCatalog(glue, bucket, database, crawler_name, poll_s, crawl_deadline_s)
    return StepParts(
        LakeReader(store),
        bucket,
        GlueJobRuns(glue, job_name),
        TableRegistrar(catalog, counted),
        counted,
    )


def commit_terms(now_ms: int, close_age_ms: int = 7_200_000) -> CommitTerms:
    """Commits at `now_ms` for callers that do not follow the stream.

    They do not know what producers have promised: no hour is called complete, and one that ended
    `close_age_ms` ago counts as closed by its age.
    """

    def closing(hour: FeedHour, _: str) -> Closing:
        is_old = now_ms >= hour.at.end_ms + close_age_ms
        return Closing(False, "age" if is_old else "open", None)

    return CommitTerms(closing, now_ms)
