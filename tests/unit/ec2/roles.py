"""What each role of the template may do, as its policies say: ours, and AWS's own where one is named."""

import json
from collections.abc import Mapping
from functools import cache
from typing import Any

from moto.iam.aws_managed_policies import aws_managed_policies_data

from tests.unit.ec2 import iam_evaluator
from tests.unit.ec2.iam_evaluator import NotCoveredError
from tests.unit.ec2.template_reader import Template

_KINDS = {
    "AWS::IAM::Role",
    "AWS::IAM::RolePolicy",
    "AWS::IAM::ManagedPolicy",
    "AWS::IAM::InstanceProfile",
}
_OF_A_ROLE = {"AssumeRolePolicyDocument", "ManagedPolicyArns", "Policies"}
_OF_A_POLICY = {"PolicyDocument", "PolicyName", "RoleName"}
_OF_AWS = "arn:aws:iam::aws:policy"


def statements_of(template: Template, role: str) -> list[Mapping[str, Any]]:
    """Every statement of a role: its own, of managed policies, and put beside it. Raises NotCoveredError."""
    _only_known(template)
    own = template.properties(role)
    if unknown := set(own) - _OF_A_ROLE:
        raise NotCoveredError(f"not covered: {role} has {unknown}")
    documents = [policy["PolicyDocument"] for policy in own.get("Policies", ())]
    managed = template.resources("AWS::IAM::ManagedPolicy")
    documents += [
        managed[name]["PolicyDocument"] if name in managed else of_aws(name)
        for name in own.get("ManagedPolicyArns", ())
    ]
    beside = template.resources("AWS::IAM::RolePolicy").values()
    documents += [one["PolicyDocument"] for one in beside if one["RoleName"] == role]
    return [one for document in documents for one in iam_evaluator.statements(document)]


def bucket_policy(template: Template) -> list[Mapping[str, Any]]:
    """The statements of the lake's own policy."""
    (bucket,) = template.resources("AWS::S3::BucketPolicy").values()
    return iam_evaluator.statements(bucket["PolicyDocument"])


def of_aws(arn: str) -> Mapping[str, Any]:
    """The text of a policy that AWS manages, as moto has it of AWS. Raises NotCoveredError."""
    name = arn.rsplit("/", 1)[1]
    found = _texts().get(name)
    if found is None or arn != f"{_OF_AWS}{found['Path']}{name}":
        raise NotCoveredError(f"not covered: nobody knows the policy {arn}")
    document: Mapping[str, Any] = found["Document"]
    return document


@cache
def _texts() -> dict[str, Any]:
    texts: dict[str, Any] = json.loads(aws_managed_policies_data)
    return texts


def _only_known(template: Template) -> None:
    for name, found in template.raw["Resources"].items():
        kind = found["Type"]
        if kind.startswith("AWS::IAM::") and (kind not in _KINDS or "Condition" in found):
            raise NotCoveredError(f"not covered: {name}, {kind}, or that it is there sometimes")
        known = {"AWS::IAM::RolePolicy": _OF_A_POLICY, "AWS::IAM::ManagedPolicy": _OF_A_POLICY}
        if unknown := set(found.get("Properties", ())) - known.get(
            kind, {*found.get("Properties", ())}
        ):
            raise NotCoveredError(f"not covered: {name} has {unknown}")
