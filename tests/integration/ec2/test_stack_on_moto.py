"""The templates made by moto, and used: by the host's own scripts and by the services' adapters.

moto makes network, bucket, roles, host, volume, logs and settings through CloudFormation. It has no
support there for a bucket's policy, versions and access block, Glue, Athena, DLM and alarms: the policy, job, crawler, database
and workgroup are made here by their APIs from what the template says.
"""

import base64
import json
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from coinlake.aws import open_client
from coinlake.contracts.hours import parse_hour
from coinlake.contracts.raw_layout import RAW_PREFIX
from coinlake.errors import PreconditionFailedError
from coinlake.s3 import open_store
from etl_runner.adapters.catalog import GlueCatalog
from etl_runner.adapters.jobs import GlueJobRuns
from query_api.adapters.athena import AthenaScope, open_athena
from query_api.adapters.result_objects import open_result_objects
from query_api.adapters.workers import open_workers
from tests.integration.ec2.conftest import environ_of, moto
from tests.integration.ec2.moto_stack import Stack

# moto says so for each kind that it lacks; which those are is told above.
pytestmark = pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning")


@pytest.fixture(scope="module")
def made(ec2: Path) -> Iterator[Stack]:
    """Both stacks, made once: the tests look at them, and add what no other asks for."""
    with moto() as endpoint:
        stack = Stack(ec2, environ_of(endpoint))
        stack.made_by_api(ec2)
        yield stack


@pytest.fixture
def stack(made: Stack, monkeypatch: pytest.MonkeyPatch) -> Stack:
    for name, value in made.environ.items():
        if name.startswith("AWS_"):
            monkeypatch.setenv(name, value)
    return made


def test_the_host_is_made_with_its_volume_and_metadata_that_wants_a_token(stack: Stack) -> None:
    ec2 = stack.client("ec2")

    (host,) = ec2.describe_instances()["Reservations"][0]["Instances"]
    (volume,) = ec2.describe_volumes(VolumeIds=[stack.ids["DataVolume"]])["Volumes"]
    launch = ec2.describe_launch_template_versions(LaunchTemplateId=stack.ids["HostTemplate"])
    metadata = launch["LaunchTemplateVersions"][0]["LaunchTemplateData"]["MetadataOptions"]
    assert host["InstanceType"] == "t3.large"
    assert volume["Size"] == 40
    assert volume["Attachments"][0]["InstanceId"] == host["InstanceId"]
    # Its address is made apart from it; moto's instances take no interface that is there.
    (interface,) = ec2.describe_network_interfaces(
        NetworkInterfaceIds=[stack.ids["HostInterface"]]
    )["NetworkInterfaces"]
    # moto's CloudFormation reads no GroupSet; tests/unit/ec2/test_template.py looks at it.
    assert interface["SubnetId"] == stack.told["SubnetId"]
    assert (metadata["HttpTokens"], metadata["HttpPutResponseHopLimit"]) == ("required", 1)
    script = ec2.describe_instance_attribute(
        InstanceId=host["InstanceId"], Attribute="userData"
    )
    assert "sha256sum --check" in base64.b64decode(script["UserData"]["Value"]).decode()


def test_nothing_comes_in_to_the_host(stack: Stack) -> None:
    (group,) = stack.client("ec2").describe_security_groups(
        GroupIds=[stack.ids["HostSecurityGroup"]]
    )["SecurityGroups"]

    assert group["IpPermissions"] == []


def test_the_bucket_is_encrypted_and_takes_its_policy(stack: Stack, ec2: Path) -> None:
    s3 = stack.client("s3")

    with stack.bucket_policy(ec2):
        policy = json.loads(s3.get_bucket_policy(Bucket="the-lake")["Policy"])
    assert {s["Sid"] for s in policy["Statement"]} == {
        "OnlyTls",
        "OnlyCreate",
        "ServicesNeverDelete",
    }
    assert s3.get_bucket_encryption(Bucket="the-lake")["ServerSideEncryptionConfiguration"]


async def test_the_sinks_store_creates_raw_objects_there_once(stack: Stack) -> None:
    key = f"{RAW_PREFIX}coincap.assets.v1/dt=2026-11-22/hour=07/1-0-0.json.gz"

    async with open_store("the-lake") as store:
        await store.put(key, b"first", if_none_match=True)
        with pytest.raises(PreconditionFailedError):
            await store.put(key, b"second", if_none_match=True)
        assert await store.get(key) == b"first"


@pytest.mark.needs("aws")
def test_the_hosts_bootstrap_reads_its_settings_and_assumes_the_stacks_roles(
    stack: Stack, ec2: Path, tmp_path: Path
) -> None:
    environ = stack.environ | {
        "COINLAKE_ETC": str(tmp_path / "etc"),
        "COINLAKE_RUN": str(tmp_path / "run"),
        "COINLAKE_STACK": "lake",
        "COINLAKE_GROUP": "root",
    }
    subprocess.run([ec2 / "bootstrap" / "20-settings.sh"], env=environ, check=True)
    lines = (tmp_path / "etc" / "host.env").read_text().splitlines()
    told = dict(line.split("=", 1) for line in lines)

    assert told["COINLAKE_BUCKET"] == "the-lake"
    assert told["DATA_VOLUME"] == stack.ids["DataVolume"]
    assert told["KAFKA_PUBLISH"] == "127.0.0.1"
    for service in ("s3-sink", "etl-runner", "query-api", "alertmanager", "auditor", "tools"):
        script = [ec2 / "libexec" / "assume-role", service]
        done = subprocess.run(script, env=environ | told, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr
        assert (tmp_path / "run" / "aws" / service / "credentials.json").is_file()


async def test_the_runners_adapters_work_on_the_templates_job_and_database(
    stack: Stack,
) -> None:
    hour = parse_hour("dt=2026-11-22/hour=07")
    assert hour is not None

    async with open_client("glue") as glue:
        jobs = GlueJobRuns(glue, "coinlake-rebuild")
        run = await jobs.start({"--batch_id": "b", "--attempt": "1"})
        assert (await jobs.get(run)).batch_id == "b"
        assert [one.run_id for one in await jobs.recent()] == [run]
        # As the crawler would have left it.
        stack.client("glue").create_table(
            DatabaseName="coinlake",
            TableInput={
                "Name": "quotes",
                "PartitionKeys": [
                    {"Name": "dt", "Type": "string"},
                    {"Name": "hour", "Type": "string"},
                ],
                "StorageDescriptor": {"Columns": [{"Name": "asset_id", "Type": "string"}]},
            },
        )
        catalog = GlueCatalog(glue, "the-lake", "coinlake", "coinlake-curated", 0.01, 5)
        await catalog.register("quotes", [hour])
        await catalog.register("quotes", [hour])
    (partition,) = stack.client("glue").get_partitions(
        DatabaseName="coinlake", TableName="quotes"
    )["Partitions"]
    assert partition["StorageDescriptor"]["Location"].startswith(
        "s3://the-lake/curated/quotes/"
    )


async def test_the_query_service_finds_the_templates_workgroup_and_no_other(
    stack: Stack,
) -> None:
    scope = AthenaScope("coinlake", "coinlake", "s3://the-lake/athena-results/")
    with open_workers(1) as workers:
        async with (
            open_result_objects(max_bytes=1) as objects,
            open_athena(scope, objects, workers) as athena,
        ):
            await athena.probe()
    (made,) = [
        group
        for group in stack.client("athena").list_work_groups()["WorkGroups"]
        if group["Name"] == "coinlake"
    ]
    assert made["State"] == "ENABLED"
    found = stack.client("athena").get_work_group(WorkGroup="coinlake")["WorkGroup"]
    assert found["Configuration"]["BytesScannedCutoffPerQuery"] == 10 * 1024**3
