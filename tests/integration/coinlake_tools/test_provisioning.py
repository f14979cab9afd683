"""Provisioning a real local cloud: everything is there, repeating changes nothing.

The cloud is empty at first, so what is refused comes first.
"""

from collections.abc import Mapping
from typing import Any

import boto3

from coinlake_tools.provision import STEPS
from tests.integration.coinlake_tools.in_process import coinlake


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
    assert {table["Name"] for table in tables} == {"ledger", "ledger_head", "unknown_fields"}
