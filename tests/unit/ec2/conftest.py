"""The template with parameters as a person would give them, and who may do what in it."""

from collections.abc import Callable
from pathlib import Path
from types import ModuleType

import pytest

from tests.unit.ec2 import iam_evaluator, roles, template_reader
from tests.unit.ec2.template_reader import Template

ROOT = Path(__file__).resolve().parents[3]
EC2 = ROOT / "deploy" / "ec2"
PARAMETERS = {
    "BucketName": "the-lake",
    "ReleaseBucket": "releases",
    "ReleaseKey": "coinlake-0.1.0.tar.gz",
    "ReleaseSha256": "0" * 64,
    "ImageId": "ami-0123456789abcdef0",
    "JobDigest": "0123456789abcdef",
    "VpcId": "vpc-00000000",
    "SubnetId": "subnet-00000000",
    "SubnetZone": "us-east-1a",
    "AlertEmail": "ops@example.org",
}
Allowed = Callable[..., bool]


@pytest.fixture(scope="session")
def template() -> Template:
    """deploy/ec2/coinlake.yaml, resolved."""
    return template_reader.read(EC2 / "coinlake.yaml", PARAMETERS)


@pytest.fixture(scope="session")
def allowed(template: Template) -> Allowed:
    """`allowed(role, action, resource, **context)`, with the bucket's policy counted in."""
    bucket = roles.bucket_policy(template)

    def ask(
        role: str, action: str, resource: str, context: dict[str, str] | None = None
    ) -> bool:
        arn = f"arn:aws:iam::123456789012:role/{role}"
        keys = {"aws:SecureTransport": "true"} | (context or {})
        request = iam_evaluator.Request(arn, action, resource, keys)
        policy = bucket if action.startswith("s3:") else []
        return iam_evaluator.is_allowed(request, roles.statements_of(template, role), policy)

    return ask


@pytest.fixture(scope="session")
def iam() -> ModuleType:
    """The evaluator itself."""
    return iam_evaluator
