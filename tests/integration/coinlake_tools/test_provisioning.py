"""Provisioning a real local cloud: everything is there, repeating changes nothing."""

import os
import subprocess
import sys
from collections.abc import AsyncIterator, Mapping
from pathlib import Path
from typing import Any

import boto3
import pytest

from coinlake_tools.provision import STEPS
from local_stack import plan, settings
from local_stack.java import find_java
from local_stack.paths import Paths
from local_stack.ports import free_ports
from local_stack.progress import ProgressLines
from local_stack.record import PORTS, ApiSource, StackRecord
from local_stack.starting import start_all
from local_stack.stopping import stop_all


@pytest.fixture
async def environ(tmp_path: Path) -> AsyncIterator[Mapping[str, str]]:
    paths = Paths(folder=tmp_path)
    record = StackRecord(
        dict(zip(PORTS, free_ports(len(PORTS)), strict=True)), "key", ApiSource()
    )
    steps = plan.steps(paths, record, find_java(), os.environ)
    cloud = [step for step in steps if step.name == "cloud"]
    running: dict[str, Any] = {}
    await start_all(
        cloud, lambda name: plan.log_of(paths, name), running.__setitem__, ProgressLines()
    )
    yield settings.tools(record, os.environ)
    stop_all(running, lambda _: None)


def coinlake(environ: Mapping[str, str], *arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "coinlake_tools", *arguments],
        env=dict(environ),
        capture_output=True,
        text=True,
        timeout=120,
    )


def client(environ: Mapping[str, str], service: str) -> Any:
    return boto3.client(
        service,
        endpoint_url=environ["AWS_ENDPOINT_URL"],
        region_name=environ["AWS_DEFAULT_REGION"],
        aws_access_key_id=environ["AWS_ACCESS_KEY_ID"],
        aws_secret_access_key=environ["AWS_SECRET_ACCESS_KEY"],
    )


def test_everything_is_there_after_provisioning_and_repeating_it_is_fine(
    environ: Mapping[str, str],
) -> None:
    first = coinlake(environ, "provision", "--all")
    second = coinlake(environ, "provision", "--all")

    assert (first.returncode, second.returncode) == (0, 0), first.stderr + second.stderr
    assert len(first.stdout.splitlines()) == len(STEPS)
    glue, s3 = client(environ, "glue"), client(environ, "s3")
    script = glue.get_job(JobName="coinlake-rebuild")["Job"]["Command"]["ScriptLocation"]
    key = script.removeprefix("s3://coinlake/")
    assert b"coinlake_job" in s3.get_object(Bucket="coinlake", Key=key)["Body"].read()
    crawler = glue.get_crawler(Name="coinlake-curated")["Crawler"]
    assert len(crawler["Targets"]["S3Targets"]) == 12
    tables = glue.get_tables(DatabaseName="coinlake")["TableList"]
    assert {table["Name"] for table in tables} == {"ledger", "ledger_head"}


def test_a_part_that_needs_another_says_what_is_missing(environ: Mapping[str, str]) -> None:
    done = coinlake(environ, "provision", "--job")

    assert done.returncode == 1
    assert "NoSuchBucket" in done.stderr


def test_nothing_is_provisioned_without_being_told_what(environ: Mapping[str, str]) -> None:
    done = coinlake(environ, "provision")

    assert done.returncode == 2
    assert "--all" in done.stderr
