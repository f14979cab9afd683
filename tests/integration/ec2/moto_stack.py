"""Both stacks of deploy/ec2 on a moto server, and what its CloudFormation lacks by its APIs."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import boto3

from tests.unit.ec2 import template_reader

PARAMETERS = {
    "BucketName": "the-lake",
    "ReleaseBucket": "releases",
    "ReleaseKey": "coinlake-0.1.0.tar.gz",
    "ReleaseSha256": "0" * 64,
    "JobDigest": "0123456789abcdef",
    "AlertEmail": "ops@example.org",
}


class Stack:
    """Both stacks on one moto server."""

    def __init__(self, ec2: Path, environ: dict[str, str], **told: str) -> None:
        self.environ = environ
        cloudformation = self.client("cloudformation")
        network = (ec2 / "network.yaml").read_text()
        cloudformation.create_stack(StackName="network", TemplateBody=network)
        (made,) = cloudformation.describe_stacks(StackName="network")["Stacks"]
        self.told = {o["OutputKey"]: o["OutputValue"] for o in made["Outputs"]}
        self.told |= PARAMETERS | told
        self.told["ImageId"] = self.client("ec2").describe_images()["Images"][0]["ImageId"]
        cloudformation.create_stack(
            StackName="lake",
            TemplateBody=(ec2 / "coinlake.yaml").read_text(),
            Parameters=[{"ParameterKey": k, "ParameterValue": v} for k, v in self.told.items()],
            Capabilities=["CAPABILITY_IAM"],
        )
        found = cloudformation.list_stack_resources(StackName="lake")["StackResourceSummaries"]
        self.ids = {r["LogicalResourceId"]: r.get("PhysicalResourceId", "") for r in found}

    def client(self, service: str) -> Any:
        return boto3.client(
            service,
            endpoint_url=self.environ["AWS_ENDPOINT_URL"],
            region_name="us-east-1",
            aws_access_key_id="k",
            aws_secret_access_key="s",
        )

    @contextmanager
    def bucket_policy(self, ec2: Path) -> Iterator[None]:
        """The lake's policy, for a while: moto denies by it and looks at no condition."""
        policy = template_reader.read(ec2 / "coinlake.yaml", self.told).properties("LakePolicy")
        s3 = self.client("s3")
        s3.put_bucket_policy(
            Bucket=policy["Bucket"], Policy=json.dumps(policy["PolicyDocument"])
        )
        yield
        s3.delete_bucket_policy(Bucket=policy["Bucket"])

    def made_by_api(self, ec2: Path) -> None:
        """What moto's CloudFormation lacks, from the template's own definitions."""
        template = template_reader.read(ec2 / "coinlake.yaml", self.told)
        glue, athena = self.client("glue"), self.client("athena")
        glue.create_database(DatabaseInput=template.properties("Database")["DatabaseInput"])
        glue.create_job(**template.properties("RebuildJob"))
        glue.create_crawler(**template.properties("Crawler"))
        workgroup = template.properties("Workgroup")
        athena.create_work_group(
            Name=workgroup["Name"], Configuration=workgroup["WorkGroupConfiguration"]
        )
