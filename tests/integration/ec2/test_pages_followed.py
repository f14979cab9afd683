"""The EC2 pages followed to the letter: their command blocks, run by bash against a moto server.

What a reader fills in is filled in (`…`, MY-LAKE); everything else is what the page says. Not run: what
is done on the host (the other tests here run those scripts) and Session Manager, which has no server
here; tests/unit/ec2/test_page_commands.py looks that what those name exists.
"""

import hashlib
import json

import pytest

from coinlake_tools.bundle import installed_bundle
from tests.integration.ec2.reading import HOW_TO, Reader, blocks

pytestmark = [
    pytest.mark.needs("aws"),
    # moto says so for each kind that its CloudFormation lacks.
    pytest.mark.filterwarnings("ignore:Tried to parse AWS:UserWarning"),
]


def test_the_way_from_a_release_to_the_stack_and_to_nothing(reader: Reader) -> None:
    # 2. The release; its two numbers are those that `make release` prints.
    (release,) = blocks("deploy-on-ec2", "2. The release")
    reader.types(release)
    sha, digest = hashlib.sha256(b"a release").hexdigest(), installed_bundle().digest

    # 4. Secrets.
    key, query = blocks("deploy-on-ec2", "4. Secrets")
    reader.types(key, "a-coincap-key\n")
    assert (
        reader.parameter("/coinlake/coinlake/env/ingestor/COINCAP_API_KEY") == "a-coincap-key"
    )
    secret = reader.types(query).split("the key: ")[1].split()[0]
    (hashed,) = json.loads(reader.parameter("/coinlake/coinlake/env/query-api/QUERY_API_KEYS"))
    assert hashed == f"me:read,sql:{hashlib.sha256(secret.encode()).hexdigest()}"

    # 3. The network, and 5. the stack.
    reader.deploys(sha, digest)
    stacks = reader.client("cloudformation").describe_stacks(StackName="coinlake")["Stacks"]
    assert stacks[0]["StackStatus"] == "CREATE_COMPLETE"
    assert "COINLAKE_BUCKET=my-lake" in reader.parameter("/coinlake/coinlake/host")

    # Rotate the key.
    (rotate,) = blocks("rotate-the-key", "The CoinCap key")
    reader.types(rotate, "another-key\n")
    assert reader.parameter("/coinlake/coinlake/env/ingestor/COINCAP_API_KEY") == "another-key"

    # Restore: the same command with other parameters; what is not said stays as it was.
    reader.deploys_again()
    (restore,) = blocks("restore", "The instance is gone or broken, the volume is there")
    reader.types(restore)
    kept = reader.parameters()
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
