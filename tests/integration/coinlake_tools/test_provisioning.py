"""Provisioning a real local cloud: everything is there, repeating changes nothing.

The cloud is empty at first, so what is refused comes first.
"""

from collections.abc import Mapping
from typing import Any

import boto3

from coinlake.contracts.datasets import ELEMENTS, TABULAR
from coinlake.contracts.hours import Hour
from coinlake.views.definition import boundary_of, table_input
from coinlake.views.every import VIEWS
from coinlake.views.live import live_views
from coinlake.views.raw_tables import raw_table_name
from coinlake_tools.catalog_tables import curated_tables
from coinlake_tools.provision import STEPS
from tests.integration.coinlake_tools.in_process import coinlake

LEDGER_TABLES = {"ledger", "ledger_head", "unknown_fields", "quality", "quality_glue"}


def client(environ: Mapping[str, str], service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=environ["AWS_ENDPOINT_URL"],
        region_name=environ["AWS_DEFAULT_REGION"],
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
    )


def test_a_part_that_needs_another_says_what_is_missing(environ: Mapping[str, str]) -> None:
    done = coinlake(environ, "provision", "--job")

    assert done.code == 1
    assert "NoSuchBucket" in done.err


def test_nothing_is_provisioned_without_being_told_what(environ: Mapping[str, str]) -> None:
    done = coinlake(environ, "provision")

    assert done.code == 2
    assert "--all" in done.err


def test_everything_is_there_after_provisioning_and_repeating_it_is_fine(
    environ: Mapping[str, str],
) -> None:
    first = coinlake(environ, "provision", "--all")
    second = coinlake(environ, "provision", "--all")

    assert (first.code, second.code) == (0, 0), first.err + second.err
    assert len(first.out.splitlines()) == len(STEPS)
    glue, s3 = client(environ, "glue"), client(environ, "s3")
    script = glue.get_job(JobName="coinlake-rebuild")["Job"]["Command"]["ScriptLocation"]
    key = script.removeprefix("s3://coinlake/")
    assert b"coinlake_job" in s3.get_object(Bucket="coinlake", Key=key)["Body"].read()
    crawler = glue.get_crawler(Name="coinlake-curated")["Crawler"]
    assert len(crawler["Targets"]["S3Targets"]) == 12
    tables = glue.get_tables(DatabaseName="coinlake")["TableList"]
    names = {table["Name"] for table in tables}
    raw = {raw_table_name(TABULAR[feed]) for feed in ELEMENTS}
    assert names == {*curated_tables(), *raw, *VIEWS, *LEDGER_TABLES}


def test_a_table_says_what_its_columns_mean_and_keeps_what_others_added(
    environ: Mapping[str, str],
) -> None:
    glue = client(environ, "glue")
    coinlake(environ, "provision", "--all")
    there = glue.get_table(DatabaseName="coinlake", Name="quotes")["Table"]
    columns = there["StorageDescriptor"]["Columns"]
    assert all(one["Comment"] for one in [*columns, *there["PartitionKeys"]])

    own = {"Name": "quotes", "TableType": "EXTERNAL_TABLE", "Parameters": {"of": "somebody"}}
    storage = {**there["StorageDescriptor"]}
    storage["Columns"] = [
        {"Name": "asset_id", "Type": "string"},
        {"Name": "rank", "Type": "bigint"},
        {"Name": "theirs", "Type": "double", "Comment": "of somebody"},
    ]
    keys = [{"Name": name, "Type": "string"} for name in ("dt", "hour")]
    glue.update_table(
        DatabaseName="coinlake",
        TableInput={**own, "StorageDescriptor": storage, "PartitionKeys": keys},
    )
    said = coinlake(environ, "provision", "--tables")
    again = glue.get_table(DatabaseName="coinlake", Name="quotes")["Table"]
    types = {one["Name"]: one["Type"] for one in again["StorageDescriptor"]["Columns"]}

    assert "quotes.rank: bigint, not int" in said.out
    assert list(types)[:3] == ["asset_id", "rank", "theirs"]
    assert types["rank"] == "bigint"
    assert set(types) == {one["Name"] for one in columns} | {"theirs"}
    assert again["Parameters"] == {"of": "somebody"}
    assert again["StorageDescriptor"]["Columns"][0]["Comment"]


def test_live_views_that_are_there_stay_as_the_runner_left_them(
    environ: Mapping[str, str],
) -> None:
    glue = client(environ, "glue")
    coinlake(environ, "provision", "--all")
    (view,) = live_views(TABULAR["markets"], Hour("2026-11-30", "05"), 1000)
    glue.update_table(DatabaseName="coinlake", TableInput=table_input(view, "coinlake"))

    coinlake(environ, "provision", "--all")

    there = glue.get_table(DatabaseName="coinlake", Name=view.name)["Table"]
    assert boundary_of(there) == Hour("2026-11-30", "05")
