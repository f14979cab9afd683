"""Requests made from botocore's model: for each member of each operation the least that has it."""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from local_cloud.fields import model
from local_cloud.fields.athena import ATHENA
from local_cloud.fields.declaration import Fields, Service
from local_cloud.fields.glue import GLUE
from local_cloud.fields.identity import IAM, STS
from local_cloud.fields.s3 import S3
from local_cloud.fields.sqs import SQS

SERVICES: dict[str, Service] = {one.name: one for one in (GLUE, ATHENA, S3, SQS, STS, IAM)}
_NOTHING = Fields()
# Members that need a value of a certain kind before anybody looks at another one.
_KNOWN: dict[str, Any] = {
    "CatalogName": "AwsDataCatalog",
    "CatalogId": "123456789012",
    "CopySource": "coinlake/none",
    "RoleArn": "arn:aws:iam::123456789012:role/r",
    "ResourceArn": "arn:aws:glue:us-east-1:123456789012:database/none",
    "QueueUrl": "http://127.0.0.1/123456789012/none",
    "ExpectedBucketOwner": "123456789012",
    "ExpectedSourceBucketOwner": "123456789012",
    "Marker": "0",
    "Policy": "{}",
    "RedrivePolicy": '{"deadLetterTargetArn": "arn:aws:sqs:us-east-1:123456789012:none", '
    '"maxReceiveCount": 1}',
    "RedriveAllowPolicy": "{}",
    "FifoQueue": "true",
    "ContentBasedDeduplication": "true",
    "DelaySeconds": "1",
    "MaximumMessageSize": "1024",
    "MessageRetentionPeriod": "60",
    "ReceiveMessageWaitTimeSeconds": "1",
    "VisibilityTimeout": "1",
}


# A length needs as many bytes: a server waits for them.
_COMPANIONS: dict[str, dict[str, Any]] = {"ContentLength": {"Body": b"x"}}


@dataclass(frozen=True, slots=True)
class Sample:
    """A request that has one member besides those that it must have, and how that is judged."""

    operation: str
    path: str
    judgement: str
    request: dict[str, Any]

    @property
    def member(self) -> str:
        return self.path.rpartition(".")[2]

    def __str__(self) -> str:
        return f"{self.operation}:{self.path}:{self.judgement}"


def samples(service: Service) -> Iterator[Sample]:
    """Every member of every done operation, nested ones too."""
    for operation in sorted(service.operations):
        shape = model.operation(service.name, operation).input_shape
        if shape is not None:
            yield from _Samples(service, operation).of(shape)


class _Samples:
    """The samples of one operation."""

    def __init__(self, service: Service, operation: str) -> None:
        self._service, self._operation = service, operation

    def of(self, root: Any) -> Iterator[Sample]:
        for path, judgement, request in self._members(root, frozenset()):
            yield Sample(self._operation, path, judgement, request)

    def _members(
        self, shape: Any, above: frozenset[str]
    ) -> Iterator[tuple[str, str, dict[str, Any]]]:
        """(path, judgement, the structure with it) for each member of a structure."""
        declared = self._service.shapes.get(shape.name, _NOTHING)
        for name, inner in shape.members.items():
            for judgement, value in self._values(declared, name, inner):
                more = _COMPANIONS.get(name, {})
                yield name, judgement, {**self.least(shape), **more, name: value}
            if name in declared.neutral or name in declared.refused:
                continue
            for path, judgement, value in self._inside(inner, above | {shape.name}):
                yield f"{name}.{path}", judgement, {**self.least(shape), name: value}

    def _inside(self, shape: Any, above: frozenset[str]) -> Iterator[tuple[str, str, Any]]:
        if shape.type_name == "structure" and shape.name not in above:
            yield from self._members(shape, above)
        elif shape.type_name == "list":
            for path, judgement, value in self._inside(shape.member, above):
                yield path, judgement, [value]
        elif shape.type_name == "map" and getattr(shape.key, "enum", None):
            declared = self._service.shapes.get(shape.name, _NOTHING)
            for key in shape.key.enum:
                for judgement, value in self._values(declared, key, shape.value):
                    yield key, judgement, {key: value}

    def _values(self, declared: Fields, name: str, shape: Any) -> Iterator[tuple[str, Any]]:
        """How a member is judged, with a value for each judgement that it can get."""
        if name in declared.honoured or name in declared.neutral:
            yield "taken", self.sample(shape, name)
        elif name in declared.values:
            for one in declared.values[name]:
                yield "taken", _shaped(shape, one)
            yield from (("refused", one) for one in self._others(declared.values[name], shape))
        else:
            yield "refused", self.sample(shape, name)

    def _others(self, known: tuple[Any, ...], shape: Any) -> Iterator[Any]:
        """Values that are not among the known ones."""
        one = shape.member if shape.type_name == "list" else shape
        enum = getattr(one, "enum", None) or ()
        if one.type_name == "boolean":
            others: list[Any] = [value for value in (True, False) if value not in known]
        elif enum:
            others = [value for value in enum if value not in known]
        else:
            others = [self.sample(one, "")]
        yield from (_shaped(shape, value) for value in others)

    def least(self, shape: Any) -> dict[str, Any]:
        """The members that a structure must have."""
        declared = self._service.shapes.get(shape.name, _NOTHING)
        found = {}
        for name in shape.required_members:
            known = declared.values.get(name)
            inner = shape.members[name]
            found[name] = _shaped(inner, known[0]) if known else self.sample(inner, name)
        return found

    def _some_member(self, shape: Any) -> dict[str, Any]:
        """A structure without members would not be sent at all."""
        declared = self._service.shapes.get(shape.name, _NOTHING)
        for name, known in declared.values.items():
            if known:
                return {name: _shaped(shape.members[name], known[0])}
        for name in [*sorted(declared.honoured), *shape.members]:
            return {name: self.sample(shape.members[name], name)}
        return {}

    def sample(self, shape: Any, name: str) -> Any:
        """Some value of a shape."""
        if name in _KNOWN and shape.type_name == "string":
            return _KNOWN[name]
        kind = shape.type_name
        if kind == "structure":
            return self.least(shape) or self._some_member(shape)
        if kind == "list":
            return [self.sample(shape.member, "")] * max(1, shape.metadata.get("min", 1))
        if kind == "map":
            key = (getattr(shape.key, "enum", None) or ["key"])[0]
            declared = self._service.shapes.get(shape.name, _NOTHING)
            if declared.honoured:
                key = sorted(declared.honoured)[0]
            return {key: self.sample(shape.value, key)}
        return _scalar(shape)


def _shaped(shape: Any, value: Any) -> Any:
    return [value] if shape.type_name == "list" else value


def _scalar(shape: Any) -> Any:
    kind, least = shape.type_name, shape.metadata.get("min", 0)
    if getattr(shape, "enum", None):
        return shape.enum[0]
    if kind == "boolean":
        return True
    if kind in ("integer", "long", "float", "double"):
        return max(1, least)
    if kind == "timestamp":
        return "2026-01-01T00:00:00Z"
    return b"x" if kind == "blob" else "x" * max(1, least)
