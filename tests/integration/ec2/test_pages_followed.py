"""The EC2 pages followed to the letter: their command blocks, run by bash against a moto server.

What a reader fills in is filled in (`…`, MY-LAKE); everything else is what the page says. Not run: what
is done on the host (the other tests here run those scripts), Docker, and what moto has no server for: Session
Manager, rolling a stack back and signals to it. moto takes an import for the making of a stack, so the resources
that it is to find are not there; which those are and by what they are found is compared with CloudFormation's
own schemas. tests/unit/ec2/test_page_commands.py looks that everything that the pages name exists.
"""

import hashlib
import json
import re

import pytest
from cfnlint.schema import PROVIDER_SCHEMA_MANAGER  # type: ignore[import-untyped]

from coinlake_tools.bundle import installed_bundle
from deploy.release import images
from tests.integration.ec2.reading import HOW_TO, ROOT, Reader, blocks
from tests.unit.ec2 import template_reader

pytestmark = [
    pytest.mark.needs("aws"),
    # moto says so for each kind that its CloudFormation lacks.
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),
]


@pytest.mark.full_size
def test_the_way_from_a_release_to_the_stack_and_to_nothing(reader: Reader) -> None:
    said = reader.writes_down_what_aws_is_called_with()
    # 1. Region, bucket, repositories.
    (first,) = blocks("deploy-on-ec2", "1. Region, bucket, repositories")
    reader.types(first)
    repositories = reader.client("ecr").describe_repositories()["repositories"]
    assert {one["repositoryName"] for one in repositories} == {
        f"coinlake/{target}" for target in images.HOSTED
    }

    # 3. The release; its two numbers are those that `make release` prints.
    (release,) = blocks("deploy-on-ec2", "3. The release")
    reader.types(release)
    sha, digest = hashlib.sha256(b"a release").hexdigest(), installed_bundle().digest

    # 5. Secrets.
    key, query = blocks("deploy-on-ec2", "5. Secrets")
    reader.types(key, "a-coincap-key\n")
    assert (
        reader.parameter("/coinlake/coinlake/env/ingestor/COINCAP_API_KEY") == "a-coincap-key"
    )
    secret = reader.types(query).split("the key: ")[1].split()[0]
    (hashed,) = json.loads(reader.parameter("/coinlake/coinlake/env/query-api/QUERY_API_KEYS"))
    assert hashed == f"me:read,sql:{hashlib.sha256(secret.encode()).hexdigest()}"

    # 4. The network, and 6. the stack.
    reader.deploys(sha, digest)
    stacks = reader.client("cloudformation").describe_stacks(StackName="coinlake")["Stacks"]
    assert stacks[0]["StackStatus"] == "CREATE_COMPLETE"
    assert "COINLAKE_BUCKET=my-lake" in reader.parameter("/coinlake/coinlake/host")

    # Rotate the key.
    (rotate,) = blocks("rotate-the-key", "The CoinCap key")
    reader.types(rotate, "another-key\n")
    assert reader.parameter("/coinlake/coinlake/env/ingestor/COINCAP_API_KEY") == "another-key"

    # No secret was on a command line, where `ps` and the history of the shell show it.
    called = said.read_text()
    assert called.count("ssm put-parameter") == 3
    assert not [one for one in ("a-coincap-key", "another-key", secret) if one in called]

    # 7. Look at it: what the outputs tell, and which instance the host is.
    look, *_ = blocks("deploy-on-ec2", "7. Look at it")
    assert reader.ids()["Host"].startswith("i-")
    reader.types(look)

    # Restore: the same command with other parameters; what is not said stays as it was.
    reader.deploys_again()
    (restore,) = blocks("restore", "The instance is gone or broken, the volume is there")
    reader.types(restore)
    kept = reader.parameters()
    assert (kept["RunHost"], kept["BucketName"]) == ("yes", "my-lake")

    # Kafka for other machines, and SSH, as far as the stack is asked.
    kafka, *_ = blocks("deploy-on-ec2", "Kafka for other machines")
    reader.types(kafka)
    assert reader.parameters()["HostName"] == "lake.example.org"
    (ssh,) = blocks("deploy-on-ec2", "A shell by SSH")
    reader.types(ssh)
    assert (reader.folder / "coinlake.pem").stat().st_mode & 0o777 == 0o600
    kept = reader.parameters()
    assert (kept["SshKeyName"], kept["SshCidr"]) == ("coinlake", "192.0.2.7/32")
    assert kept["KafkaCidr"] == "198.51.100.0/24"

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
    empty, rest = blocks("remove", "The data")
    reader.types(empty)
    (rule,) = s3.get_bucket_lifecycle_configuration(Bucket="my-lake")["Rules"]
    assert rule["Expiration"]["Days"] == 1
    assert "`aws s3 rb s3://MY-LAKE`" in (HOW_TO / "remove.md").read_text()
    reader.types("aws s3 rb s3://MY-LAKE")
    reader.types(rest)
    assert reader.client("glue").get_databases()["DatabaseList"] == []
    assert s3.list_buckets()["Buckets"] == []
    assert reader.client("ecr").describe_repositories()["repositories"] == []
    left = reader.client("ssm").get_parameters_by_path(Path="/coinlake", Recursive=True)
    assert left["Parameters"] == []


def identifiers(command: str) -> dict[str, dict[str, str]]:
    """What each resource to import is found by."""
    (listed,) = re.findall(r"--resources-to-import '(.*?)'", command, re.DOTALL)
    return {
        f"{one['LogicalResourceId']} {one['ResourceType']}": one["ResourceIdentifier"]
        for one in json.loads(listed)
    }


def test_the_way_back_when_the_stack_is_gone(reader: Reader) -> None:
    ec2 = reader.client("ec2")
    zone = ec2.describe_availability_zones()["AvailabilityZones"][0]["ZoneName"]
    tags = [
        {"ResourceType": "volume", "Tags": [{"Key": "coinlake-backup", "Value": "coinlake"}]}
    ]
    volume = ec2.create_volume(AvailabilityZone=zone, Size=1, TagSpecifications=tags)[
        "VolumeId"
    ]
    daily = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]
    ec2.create_tags(Resources=[daily], Tags=[{"Key": "coinlake-backup", "Value": "coinlake"}])
    # CloudFormation's own at the end, which has no tag of ours.
    last = ec2.create_snapshot(VolumeId=volume)["SnapshotId"]

    import_, find = blocks("restore", "The stack is gone")
    reader.types(import_)
    found = reader.types(f"{find}\necho $SNAPSHOT")

    (stack,) = reader.client("cloudformation").describe_stacks(StackName="coinlake")["Stacks"]
    assert stack["StackStatus"] == "IMPORT_COMPLETE"
    assert found.strip() == last
    template = template_reader.read(ROOT / "deploy/ec2/coinlake.yaml", {})
    kept = {
        f"{name} {one['Type']}": {_identity(one["Type"])}
        for name, one in template.raw["Resources"].items()
        if one.get("DeletionPolicy") == "RetainExceptOnCreate"
    }
    assert {name: set(keys) for name, keys in identifiers(import_).items()} == kept
    assert len(kept) == 3


def _identity(kind: str) -> str:
    """The property that is a resource's identity, by CloudFormation's registry as cfn-lint has it."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("us-east-1", kind).schema
    (one,) = schema["primaryIdentifier"]
    return str(one).removeprefix("/properties/")
