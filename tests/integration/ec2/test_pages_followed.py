"""The EC2 pages followed to the letter: their command blocks, run by bash against a moto server.

What a reader fills in is filled in (`…`, MY-LAKE); everything else is what the page says. Not run: what
is done on the host (the other tests here run those scripts) and Session Manager, which has no server
here; tests/unit/ec2/test_page_commands.py looks that what those name exists.
"""

import hashlib
import json
import re
import subprocess
from pathlib import Path
from typing import Any

import boto3
import pytest

from coinlake_tools.bundle import installed_bundle

pytestmark = [
    pytest.mark.needs("aws"),
    # moto says so for each kind that its CloudFormation lacks.
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),
]
ROOT = Path(__file__).resolve().parents[3]
HOW_TO = ROOT / "docs" / "how-to"


def blocks(page: str, section: str | None = None) -> list[str]:
    """The `sh` blocks of a page, or of one of its sections."""
    text = (HOW_TO / f"{page}.md").read_text()
    if section is not None:
        (text,) = re.findall(rf"^## {re.escape(section)}\n(.*?)(?=^## |\Z)", text, re.M | re.S)
    return [
        re.sub(r"^   ", "", b, flags=re.M) for b in re.findall(r"```sh\n(.*?)```", text, re.S)
    ]


class Reader:
    """Somebody with a terminal, an AWS account and a release, who reads and types."""

    def __init__(self, folder: Path, environ: dict[str, str]) -> None:
        self.folder = folder
        self.environ = environ
        self.filled: dict[str, str] = {"MY-RELEASES": "my-releases", "MY-LAKE": "my-lake"}

    def client(self, service: str) -> Any:
        return boto3.client(
            service, endpoint_url=self.environ["AWS_ENDPOINT_URL"], region_name="us-east-1",
            aws_access_key_id="k", aws_secret_access_key="s",
        )  # fmt: skip

    def types(self, script: str, typed: str = "") -> str:
        """Run a block in this shell's folder; what it printed."""
        for blank, value in self.filled.items():
            script = script.replace(blank, value)
        assert "…" not in script, script
        done = subprocess.run(
            ["bash", "-euo", "pipefail", "-c", script],
            cwd=self.folder, env=self.environ, input=typed, capture_output=True, text=True,
        )  # fmt: skip
        assert done.returncode == 0, f"{script}\n{done.stdout}{done.stderr}"
        return done.stdout

    def network(self) -> dict[str, str]:
        """What `describe-stacks` would tell; moto forgets outputs of stacks made by change set."""
        summaries = self.client("cloudformation").list_stack_resources(
            StackName="coinlake-network"
        )["StackResourceSummaries"]
        ids = {one["LogicalResourceId"]: one["PhysicalResourceId"] for one in summaries}
        (subnet,) = self.client("ec2").describe_subnets(SubnetIds=[ids["Subnet"]])["Subnets"]
        return {
            "VpcId": ids["Vpc"],
            "SubnetId": ids["Subnet"],
            "SubnetZone": subnet["AvailabilityZone"],
        }

    def parameter(self, path: str) -> str:
        found = self.client("ssm").get_parameter(Name=path, WithDecryption=True)
        return str(found["Parameter"]["Value"])


@pytest.fixture
def reader(tmp_path: Path, aws_environ: dict[str, str]) -> Reader:
    one = Reader(tmp_path, aws_environ | {"HOME": str(tmp_path)})
    (tmp_path / "deploy").symlink_to(ROOT / "deploy")
    (tmp_path / "dist").mkdir()
    (tmp_path / "dist/coinlake-0.1.0.tar.gz").write_bytes(b"a release")
    one.client("s3").create_bucket(Bucket="my-releases")
    return one


def test_the_way_from_a_release_to_the_stack_and_to_nothing(reader: Reader) -> None:
    # 2. The release; its two numbers are those that `make release` prints.
    (release,) = blocks("deploy-on-ec2", "2. The release")
    reader.types(release)
    sha, digest = hashlib.sha256(b"a release").hexdigest(), installed_bundle().digest

    # 3. The network.
    (network,) = blocks("deploy-on-ec2", "3. The network (or your own)")
    reader.types(network)
    ids = reader.network()

    # 4. Secrets.
    key, query = blocks("deploy-on-ec2", "4. Secrets")
    reader.types(key, "a-coincap-key\n")
    assert (
        reader.parameter("/coinlake/coinlake/env/ingestor/COINCAP_API_KEY") == "a-coincap-key"
    )
    secret = reader.types(query).split("the key: ")[1].split()[0]
    (hashed,) = json.loads(reader.parameter("/coinlake/coinlake/env/query-api/QUERY_API_KEYS"))
    assert hashed == f"me:read,sql:{hashlib.sha256(secret.encode()).hexdigest()}"

    # 5. The stack: the command as it stands, with what the steps before told.
    (deploy,) = blocks("deploy-on-ec2", "5. The stack")
    reader.filled |= {f"{name}=…": f"{name}={ids[name]}" for name in ids}
    reader.filled |= {"ReleaseSha256=…": f"ReleaseSha256={sha}"}
    reader.filled |= {"JobDigest=…": f"JobDigest={digest}"}
    reader.types(deploy)
    stacks = reader.client("cloudformation").describe_stacks(StackName="coinlake")["Stacks"]
    assert stacks[0]["StackStatus"] == "CREATE_COMPLETE"
    assert "COINLAKE_BUCKET=my-lake" in reader.parameter("/coinlake/coinlake/host")

    # Rotate the key.
    (rotate,) = blocks("rotate-the-key", "The CoinCap key")
    reader.types(rotate, "another-key\n")
    assert reader.parameter("/coinlake/coinlake/env/ingestor/COINCAP_API_KEY") == "another-key"

    # Restore: the same command with other parameters; what is not said stays as it was.
    again, *_ = deploy[deploy.index("aws cloudformation") :].split(" --parameter-overrides")
    rest = again.split("aws cloudformation deploy ")[1].replace("\\\n", " ")
    reader.filled |= {"deploy …": f"deploy {rest}"}
    (restore,) = blocks("restore", "The instance is gone or broken, the volume is there")
    reader.types(restore)
    (coinlake,) = reader.client("cloudformation").describe_stacks(StackName="coinlake")[
        "Stacks"
    ]
    kept = {one["ParameterKey"]: one["ParameterValue"] for one in coinlake["Parameters"]}
    assert (kept["RunHost"], kept["BucketName"]) == ("yes", "my-lake")

    # Remove everything; of the network's stack moto cannot take a VPC apart.
    (stack,) = blocks("remove", "The stack")
    *ours, network = stack.splitlines()
    assert network == "aws cloudformation delete-stack --stack-name coinlake-network"
    reader.types("\n".join(ours))
    left = reader.client("cloudformation").describe_stacks()["Stacks"]
    assert [one["StackName"] for one in left] == ["coinlake-network"]
    s3 = reader.client("s3")
    if not s3.list_buckets(Prefix="my-lake")["Buckets"]:
        s3.create_bucket(Bucket="my-lake")  # moto knows no DeletionPolicy
    reader.client("glue").create_database(DatabaseInput={"Name": "coinlake"})
    (data,) = blocks("remove", "The data")
    reader.types(data)
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket="my-lake")["Rules"]
    assert rule["Expiration"]["Days"] == 1
    for command in ("aws s3 rb s3://MY-LAKE", "aws glue delete-database --name coinlake"):
        assert f"`{command}`" in (HOW_TO / "remove.md").read_text()
        reader.types(command)
    assert reader.client("glue").get_databases()["DatabaseList"] == []
    assert [one["Name"] for one in s3.list_buckets()["Buckets"]] == ["my-releases"]
