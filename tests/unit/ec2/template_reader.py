"""Reads a CloudFormation template and resolves what coinlake's uses of its functions.

Covered: Ref, Sub, GetAtt, If, Equals, Not, Base64, and the pseudo parameters. Anything else raises,
so that a template that starts to use more is noticed here and not read wrongly.
"""

import base64
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml  # type: ignore[import-untyped]

PSEUDO = {
    "AWS::AccountId": "123456789012",
    "AWS::Region": "us-east-1",
    "AWS::Partition": "aws",
    "AWS::StackName": "lake",
    "AWS::NoValue": None,
}
_IN_SUB = re.compile(r"\$\{([^!}][^}]*)\}")


class _Loader(yaml.SafeLoader):  # type: ignore[misc]
    """YAML with CloudFormation's short forms: `!Ref x` becomes {"Ref": "x"}."""


def _short_form(loader: _Loader, suffix: str, node: yaml.Node) -> dict[str, Any]:
    value: Any
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        raise TypeError(f"!{suffix} of a mapping")
    if suffix == "GetAtt" and isinstance(value, str):
        value = value.split(".", 1)
    return {suffix if suffix in {"Ref", "Condition"} else f"Fn::{suffix}": value}


_Loader.add_multi_constructor("!", _short_form)


@dataclass(frozen=True)
class Template:
    """A template with values for its parameters."""

    raw: Mapping[str, Any]
    parameters: Mapping[str, Any]

    def resources(self, kind: str) -> dict[str, dict[str, Any]]:
        """The resolved properties of every resource of a type, by logical name."""
        return {
            name: self.properties(name)
            for name, found in self.raw["Resources"].items()
            if found["Type"] == kind
        }

    def properties(self, name: str) -> dict[str, Any]:
        """The resolved properties of one resource."""
        resolved: dict[str, Any] = self.resolve(self.raw["Resources"][name]["Properties"])
        return resolved

    def resolve(self, value: Any) -> Any:
        """A value without functions; what becomes AWS::NoValue is left out."""
        if isinstance(value, list):
            items = [self.resolve(item) for item in value]
            return [item for item in items if item is not None]
        if not isinstance(value, dict):
            return value
        if len(value) == 1 and (name := next(iter(value))) in ("Ref", "Condition"):
            return self._named(value[name])
        if len(value) == 1 and (name := next(iter(value))).startswith("Fn::"):
            return self._function(name, value[name])
        resolved = {key: self.resolve(item) for key, item in value.items()}
        return {key: item for key, item in resolved.items() if item is not None}

    def _function(self, name: str, given: Any) -> Any:
        if name == "Fn::Sub" and isinstance(given, str) and "${!" not in given:
            return _IN_SUB.sub(lambda found: str(self._named(found[1])), given)
        if name == "Fn::GetAtt":
            return self._named(".".join(given))
        if name == "Fn::Base64":
            return base64.b64encode(self.resolve(given).encode()).decode()
        if name == "Fn::If":
            condition, yes, no = given
            return self.resolve(yes if self._holds(self.raw["Conditions"][condition]) else no)
        raise ValueError(f"{name} is not covered")

    def _holds(self, condition: Any) -> bool:
        ((name, given),) = condition.items()
        if name == "Fn::Equals":
            left, right = self.resolve(given)
            return bool(left == right)
        if name == "Fn::Not":
            return not self._holds(given[0])
        raise ValueError(f"{name} is not covered")

    def _named(self, name: str) -> Any:
        if name in PSEUDO:
            return PSEUDO[name]
        if name in self.raw["Parameters"]:
            default = self.raw["Parameters"][name].get("Default")
            return self.parameters.get(name, default)
        resource, _, attribute = name.partition(".")
        kind = self.raw["Resources"][resource]["Type"]
        return self._attribute(resource, kind, attribute)

    def _attribute(self, name: str, kind: str, attribute: str) -> str:
        """Of Ref, which has no attribute, or of GetAtt. Raises for what nobody here knows."""
        own = self.raw["Resources"][name].get("Properties", {})
        bucket = str(self.parameters.get("BucketName"))
        known = {
            ("AWS::S3::Bucket", ""): bucket,
            ("AWS::S3::Bucket", "Arn"): f"arn:aws:s3:::{bucket}",
            ("AWS::IAM::Role", "Arn"): f"arn:aws:iam::123456789012:role/{name}",
            ("AWS::SNS::Topic", ""): f"arn:aws:sns:us-east-1:123456789012:{name}",
            ("AWS::SNS::Topic", "TopicName"): name,
            ("AWS::EC2::LaunchTemplate", "LatestVersionNumber"): "1",
            ("AWS::EC2::EIP", "AllocationId"): name,
        }
        if kind == "AWS::Glue::Database" and not attribute:
            return str(own["DatabaseInput"]["Name"])
        if attribute and (kind, attribute) not in known:
            raise ValueError(f"{name}.{attribute} of {kind} is not covered")
        return known.get((kind, attribute), str(own.get("Name", name)))


def read(path: Path, parameters: Mapping[str, Any]) -> Template:
    """The template of a file."""
    raw = yaml.load(path.read_text(), _Loader)
    return Template(raw, parameters)
