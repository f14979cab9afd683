"""The lake as a task opens it: clients of its own, from the environment."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass

from coinlake.aws import open_client
from coinlake.s3 import open_store
from etl_runner.adapters.views import GlueViews
from etl_runner.steps import StepParts, step_parts

from .config import Settings


@dataclass(frozen=True, slots=True)
class Lake:
    """What the steps work with, and the live views."""

    parts: StepParts
    views: GlueViews


@asynccontextmanager
async def open_lake(settings: Settings) -> AsyncIterator[Lake]:
    """Open bucket and Glue; endpoint, region and keys come from the standard environment."""
    where = settings.lake
    async with open_store(where.bucket) as store, open_client("glue") as glue:
        parts = step_parts(
            store,
            glue,
            bucket=where.bucket,
            database=where.database,
            job_name=settings.job_name,
            crawler_name=settings.crawler_name,
            poll_s=settings.poll_s,
        )
        yield Lake(parts, GlueViews(glue, where.database))
