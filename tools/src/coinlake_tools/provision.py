"""Creates what coinlake needs in AWS, one part after the other; repeating it changes nothing."""

from collections.abc import Awaitable, Callable

from coinlake.contracts.cloud import GLUE_JOB, WORKGROUP
from coinlake.contracts.ledger import UNKNOWN_FIELDS_VIEW
from coinlake.errors import ConfigError
from coinlake_tools import resources
from coinlake_tools.aws_calls import Aws, call, created, run_statement
from coinlake_tools.bundle import Bundle, installed_bundle
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


async def ledger(aws: Aws, lake: Lake, region: str) -> str:
    """The ledger as a table, and the views of its heads and of unknown fields."""
    request = {"DatabaseName": lake.database, "TableInput": resources.ledger_table(lake)}
    made = await created(aws.glue, "create_table", request)
    if not made:
        await call(aws.glue, "update_table", request)
    for statement in (resources.ledger_view(), resources.unknown_fields_view()):
        await run_statement(aws.athena, statement, lake.database, WORKGROUP)
    views = f"{resources.LEDGER_VIEW}, {UNKNOWN_FIELDS_VIEW}"
    return f"table {resources.LEDGER_TABLE} and views {views} {_word(made)}"


STEPS: dict[str, Step] = {
    "bucket": bucket,
    "database": database,
    "workgroup": workgroup,
    "job": job,
    "crawler": crawler,
    "ledger": ledger,
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
