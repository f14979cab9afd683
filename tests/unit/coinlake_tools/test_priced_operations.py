"""No call to AWS without a price: the code is searched for them, and the list must have each."""

import ast
import re
from collections.abc import Iterable, Iterator
from pathlib import Path

import botocore.session
import pytest
from botocore import xform_name

from coinlake_tools.operations import OPERATIONS, of_service
from coinlake_tools.operations_by_hand import BY_HAND

ROOT = Path(__file__).resolve().parents[3]
SERVICES = ("s3", "glue", "athena", "sqs", "sns", "ssm", "sts", "kms", "logs", "cloudwatch")
# What our own store's methods ask of S3 (coinlake/s3.py; HEAD asks by GET what is not there).
OF_STORE = {
    "put": {"s3:PutObject"},
    "head": {"s3:HeadObject", "s3:GetObject"},
    "get": {"s3:GetObject"},
    "list": {"s3:ListObjectsV2"},
    "list_folders": {"s3:ListObjectsV2"},
    "delete": {"s3:DeleteObject"},
}
PACKAGES = {
    "s3-sink": ["services/s3-sink/src"],
    "etl-runner": ["services/etl-runner/src"],
    "glue-job": ["services/etl-runner/job/src"],
    "query-api": ["services/query-api/src"],
    "ingestor": ["services/ingestor/src"],
    "by hand": ["tools/src"],
}
AWS_CLI = re.compile(r"\baws ([a-z0-9]+) ([a-z][a-z-]+)")


def operations_of_aws() -> dict[str, str]:
    """`get_table` → `glue:GetTable`, for every operation whose name is one service's alone."""
    session, found = botocore.session.get_session(), dict[str, str]()
    for service in SERVICES:
        for name in session.get_service_model(service).operation_names:
            found.setdefault(xform_name(name), f"{service}:{name}")
    return found


OF_AWS = operations_of_aws()


def calls_in(tree: ast.AST) -> Iterator[str]:
    for node in ast.walk(tree):
        name = ""
        if isinstance(node, ast.Attribute) and ("_" in node.attr or _owner(node) in SERVICES):
            name = node.attr
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and "_" in node.value:
            name = node.value
        if name in OF_AWS:
            yield OF_AWS[name]
        if (
            isinstance(node, ast.Call)
            and isinstance(node.func, ast.Attribute)
            and _owner(node.func) == "store"
        ):
            yield from OF_STORE.get(node.func.attr, ())


def _owner(node: ast.Attribute) -> str:
    """`store` of `self._store.list`, `sns` of `sns.publish`."""
    of = node.value
    name = of.attr if isinstance(of, ast.Attribute) else getattr(of, "id", "")
    return str(name).lstrip("_")


def called(folders: Iterable[str]) -> set[str]:
    return {
        call
        for folder in folders
        for path in (ROOT / folder).rglob("*.py")
        for call in calls_in(ast.parse(path.read_text()))
    }


def priced(service: str) -> set[str]:
    return set(BY_HAND) if service == "by hand" else set(of_service(service))


@pytest.mark.parametrize("service", PACKAGES)
def test_every_call_of_a_service_has_a_price(service: str) -> None:
    assert called(PACKAGES[service]) - priced(service) == set()


@pytest.mark.parametrize("service", [name for name in PACKAGES if name != "glue-job"])
def test_nothing_is_priced_that_nobody_calls(service: str) -> None:
    assert priced(service) - called(PACKAGES[service]) == set()


def test_every_call_of_the_host_has_a_price() -> None:
    found = set()
    for folder in ("bootstrap", "libexec", "systemd"):
        for path in (ROOT / "deploy" / "ec2" / folder).rglob("*"):
            if path.is_file():
                found |= set(AWS_CLI.findall(path.read_text()))
    names = {
        f"{service}:{''.join(word.title() for word in operation.split('-'))}"
        for service, operation in found
    }

    assert {name.replace("s3:Cp", "s3:Copy") for name in names} == set(of_service("host"))


def test_a_call_that_nobody_has_thought_of_is_found() -> None:
    one = "await self._glue.get_partitions(DatabaseName=name)"
    another = "await created(aws.sqs, 'create_queue', request)"
    third = "await self._store.list(prefix)"
    fourth = "await sns.publish(Message=text)"

    assert [
        set(calls_in(ast.parse(f"async def f():\n {text}")))
        for text in (one, another, third, fourth)
    ] == [
        {"glue:GetPartitions"},
        {"sqs:CreateQueue"},
        {"s3:ListObjectsV2"},
        {"sns:Publish"},
    ]


def test_an_operation_is_listed_once() -> None:
    names = [(one.service, one.name) for one in OPERATIONS]

    assert len(names) == len(set(names))
