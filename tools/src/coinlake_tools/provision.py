"""Creates what coinlake needs in AWS, one part after the other; repeating it changes nothing."""

import time
from collections.abc import Awaitable, Callable
from typing import Any

from coinlake.contracts.cloud import GLUE_JOB, WORKGROUP
from coinlake.contracts.datasets import ELEMENTS, TABULAR, Dataset
from coinlake.contracts.glue_quality import GLUE_QUALITY_TABLE
from coinlake.contracts.hours import UNKNOWN_HOUR, Hour, parse_hour
from coinlake.contracts.ledger import (
    LEDGER_TABLE,
    LEDGER_VIEW,
    QUALITY_VIEW,
    UNKNOWN_FIELDS_VIEW,
)
from coinlake.contracts.raw_layout import topic_prefix
from coinlake.errors import ConfigError
from coinlake.views.definition import table_input as view_table
from coinlake.views.every import STANDING
from coinlake.views.live import DEFAULT_SKEW_MS, before_raw, live_views
from coinlake.views.raw_tables import raw_table
from coinlake_tools import resources
from coinlake_tools.aws_calls import Aws, call, created, run_statement
from coinlake_tools.bundle import Bundle, installed_bundle
from coinlake_tools.catalog_tables import (
    brought_up,
    curated_tables,
    odd_types,
    table_creation,
)
from coinlake_tools.resources import Lake

Step = Callable[[Aws, Lake, str], Awaitable[str]]
"""One part: takes the clients, the lake's names and the region; tells what it did."""


async def bucket(aws: Aws, lake: Lake, region: str) -> str:
    """The bucket of the lake."""
    request: dict[str, object] = {"Bucket": lake.bucket}
    # us-east-1 is the one region that must not be named (S3 API, CreateBucketConfiguration).
    if region != "us-east-1":
        request["CreateBucketConfiguration"] = {"LocationConstraint": region}
    made = await created(aws.s3, "create_bucket", request)
    return f"bucket {lake.bucket} {_word(made)}"


async def database(aws: Aws, lake: Lake, region: str) -> str:
    """The Glue database."""
    request = {"DatabaseInput": {"Name": lake.database}}
    made = await created(aws.glue, "create_database", request)
    return f"database {lake.database} {_word(made)}"


async def workgroup(aws: Aws, lake: Lake, region: str) -> str:
    """The Athena workgroup."""
    request = resources.workgroup(lake)
    made = await created(aws.athena, "create_work_group", request)
    return f"workgroup {WORKGROUP} {_word(made)}"


async def job(aws: Aws, lake: Lake, region: str) -> str:
    """The job's code and its definition: objects first, so that a run finds them."""
    bundle = installed_bundle()
    await _upload(aws, lake, bundle)
    made = await created(aws.glue, "create_job", resources.job_creation(lake, bundle))
    if not made:
        update = {"JobName": GLUE_JOB, "JobUpdate": resources.job(lake, bundle)}
        await call(aws.glue, "update_job", update)
    return f"Glue job {GLUE_JOB} with code {bundle.digest} {_word(made, 'updated')}"


async def crawler(aws: Aws, lake: Lake, region: str) -> str:
    """The crawler with one target per table."""
    request = resources.crawler(lake)
    made = await created(aws.glue, "create_crawler", request)
    if not made:
        await call(aws.glue, "update_crawler", request)
    return f"crawler {request['Name']} {_word(made, 'updated')}"


async def tables(aws: Aws, lake: Lake, region: str) -> str:
    """The contract's tables with what their columns mean; those that are there get what they lack."""
    made, changed, odd = 0, 0, []
    for name in curated_tables():
        request = table_creation(lake.database, name, lake.bucket)
        if await created(aws.glue, "create_table", request):
            made += 1
            continue
        asked = {"DatabaseName": lake.database, "Name": name}
        there = (await call(aws.glue, "get_table", asked))["Table"]
        odd += [f"{name}.{said}" for said in odd_types(there, request["TableInput"])]
        table = brought_up(there, request["TableInput"])
        if table is not None:
            await _update_table(aws, lake, table)
            changed += 1
    left = f", left as they are: {'; '.join(odd)}" if odd else ""
    return f"{len(curated_tables())} tables, {made} created, {changed} brought up to date{left}"


async def views(aws: Aws, lake: Lake, region: str) -> str:
    """The raw zone as tables, the views over candles, and live views where there are none.

    The runner moves the boundary of the live ones: they begin before the first raw object.
    """
    made = 0
    for feed in ELEMENTS:
        dataset = TABULAR[feed]
        table = raw_table(dataset, lake.bucket)
        made += await _put_table(aws, lake, table, replaces=True)
        boundary = await _before_raw(aws, lake, dataset)
        for view in live_views(dataset, boundary, DEFAULT_SKEW_MS):
            made += await _put_table(aws, lake, view_table(view, lake.database), replaces=False)
    for view in STANDING.values():
        made += await _put_table(aws, lake, view_table(view, lake.database), replaces=True)
    return f"tables of the raw zone and views, {made} created"


async def _before_raw(aws: Aws, lake: Lake, dataset: Dataset) -> Hour:
    """The boundary of a lake that nothing is published in, by the days of its raw zone."""
    prefix = topic_prefix(dataset.topic)
    asked = {"Bucket": lake.bucket, "Prefix": prefix, "Delimiter": "/", "MaxKeys": 1000}
    listed = await call(aws.s3, "list_objects_v2", asked)
    days = [
        hour.start_ms
        for one in listed.get("CommonPrefixes", [])
        if (hour := parse_hour(f"{one['Prefix'].removeprefix(prefix)}hour=00")) is not None
        and hour != UNKNOWN_HOUR
    ]
    return before_raw(days, int(time.time() * 1000))


async def _put_table(aws: Aws, lake: Lake, table: dict[str, Any], *, replaces: bool) -> bool:
    request = {"DatabaseName": lake.database, "TableInput": table}
    if await created(aws.glue, "create_table", request):
        return True
    if replaces:
        await _update_table(aws, lake, table)
    return False


async def _update_table(aws: Aws, lake: Lake, table: dict[str, Any]) -> None:
    request = {"DatabaseName": lake.database, "TableInput": table, "SkipArchive": True}
    await call(aws.glue, "update_table", request)


async def ledger(aws: Aws, lake: Lake, region: str) -> str:
    """The ledger as a table, the views of its heads, of unknown fields and of quality, and the table of
    what Glue Data Quality says."""
    made = await _put_table(aws, lake, resources.ledger_table(lake), replaces=True)
    await _put_table(aws, lake, resources.glue_quality_table(lake), replaces=True)
    statements = (
        resources.ledger_view(),
        resources.unknown_fields_view(),
        resources.quality_view(),
    )
    for statement in statements:
        await run_statement(aws.athena, statement, lake.database, WORKGROUP)
    views = f"{LEDGER_VIEW}, {UNKNOWN_FIELDS_VIEW}, {QUALITY_VIEW}"
    return f"tables {LEDGER_TABLE}, {GLUE_QUALITY_TABLE}, views {views} {_word(made)}"


async def rulesets(aws: Aws, lake: Lake, region: str) -> str:
    """The quality rules as Glue Data Quality has them. Nothing is billed until one is evaluated."""
    made = []
    for request in resources.rulesets(lake):
        made.append(await created(aws.glue, "create_data_quality_ruleset", request))
        if not made[-1]:
            # The table of a ruleset is what it was made for (Glue API, UpdateDataQualityRuleset).
            kept = {name: one for name, one in request.items() if name != "TargetTable"}
            await call(aws.glue, "update_data_quality_ruleset", kept)
    return f"{len(made)} quality rulesets {_word(any(made), 'updated')}"


STEPS: dict[str, Step] = {
    "bucket": bucket,
    "database": database,
    "workgroup": workgroup,
    "job": job,
    "crawler": crawler,
    "ledger": ledger,
    "tables": tables,
    "views": views,
    "rulesets": rulesets,
}
"""Every part by name, in the order in which they need each other."""


async def provision(
    aws: Aws, lake: Lake, region: str, parts: list[str], say: Callable[[str], None]
) -> None:
    """Create the named parts. Raises ConfigError for an unknown one, TransientError from AWS."""
    unknown = [part for part in parts if part not in STEPS]
    if unknown:
        raise ConfigError(f"no such part: {', '.join(unknown)} (parts: {', '.join(STEPS)})")
    for name, step in STEPS.items():
        if name in parts:
            say(await step(aws, lake, region))


async def _upload(aws: Aws, lake: Lake, bundle: Bundle) -> None:
    for key, body in (
        (bundle.script_key, bundle.script),
        (bundle.archive_key, bundle.archive),
    ):
        await call(aws.s3, "put_object", {"Bucket": lake.bucket, "Key": key, "Body": body})


def _word(made: bool, otherwise: str = "was there") -> str:
    return "created" if made else otherwise
