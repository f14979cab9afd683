"""The evaluator decides as IAM's documentation says, and refuses what it does not know."""

from types import ModuleType
from typing import Any

import pytest

from tests.unit.ec2 import roles
from tests.unit.ec2.template_reader import Template

ROLE = "arn:aws:iam::123456789012:role/r"
ALLOW: dict[str, Any] = {
    "Effect": "Allow",
    "Action": "s3:GetObject",
    "Resource": "arn:aws:s3:::b/*",
}


def test_nothing_is_allowed_that_no_statement_allows(iam: ModuleType) -> None:
    request = iam.Request(ROLE, "s3:PutObject", "arn:aws:s3:::b/k")

    assert not iam.is_allowed(request, [ALLOW])


def test_a_deny_wins_over_every_allow(iam: ModuleType) -> None:
    request = iam.Request(ROLE, "s3:GetObject", "arn:aws:s3:::b/k")

    assert iam.is_allowed(request, [ALLOW])
    assert not iam.is_allowed(request, [ALLOW, {**ALLOW, "Effect": "Deny"}])
    assert not iam.is_allowed(
        request, [ALLOW], [{**ALLOW, "Effect": "Deny", "Principal": {"AWS": [ROLE]}}]
    )


def test_a_resource_policy_counts_for_its_principals_alone(iam: ModuleType) -> None:
    request = iam.Request(ROLE, "s3:GetObject", "arn:aws:s3:::b/k")
    other = {
        **ALLOW,
        "Effect": "Deny",
        "Principal": {"AWS": "arn:aws:iam::123456789012:role/x"},
    }

    assert iam.is_allowed(request, [ALLOW], [other])


@pytest.mark.parametrize(
    ("pattern", "resource", "fits"),
    [
        ("arn:aws:s3:::b/raw/*", "arn:aws:s3:::b/raw/a/b", True),
        ("arn:aws:s3:::b/raw/*", "arn:aws:s3:::b/rawhide", False),
        ("arn:aws:s3:::b/a?c", "arn:aws:s3:::b/abc", True),
        ("arn:aws:s3:::b/A", "arn:aws:s3:::b/a", False),
        ("arn:aws:s3:::b", "arn:aws:s3:::b/a", False),
    ],
)
def test_resources_match_by_wildcards_and_case(
    iam: ModuleType, pattern: str, resource: str, fits: bool
) -> None:
    request = iam.Request(ROLE, "S3:getobject", resource)

    assert iam.is_allowed(request, [{**ALLOW, "Resource": pattern}]) is fits


@pytest.mark.parametrize(
    ("condition", "context", "fits"),
    [
        ({"Null": {"k": "false"}}, {"k": "x"}, True),
        ({"Null": {"k": "false"}}, {}, False),
        ({"Null": {"k": "true"}}, {}, True),
        ({"Bool": {"k": "false"}}, {"k": "false"}, True),
        ({"Bool": {"k": "false"}}, {}, False),
        ({"StringEquals": {"k": ["a", "b"]}}, {"k": "b"}, True),
        ({"StringEquals": {"k": "a"}}, {"k": "b"}, False),
        ({"Null": {"k": "false"}, "StringEquals": {"l": "a"}}, {"k": "x"}, False),
    ],
)
def test_all_conditions_have_to_hold(
    iam: ModuleType, condition: dict[str, Any], context: dict[str, str], fits: bool
) -> None:
    request = iam.Request(ROLE, "s3:GetObject", "arn:aws:s3:::b/k", context)

    assert iam.is_allowed(request, [{**ALLOW, "Condition": condition}]) is fits


BEYOND: list[dict[str, Any]] = [
    {"NotAction": "s3:*"},
    {"NotResource": "*"},
    {"NotPrincipal": "*"},
    {"Condition": {"ArnLike": {"k": "a"}}},
    {"Condition": {"StringEqualsIfExists": {"k": "a"}}},
    {"Condition": {"ForAnyValue:StringEquals": {"k": "a"}}},
    {"Condition": {"Bool": {"k": "yes"}}},
    {"Condition": {"Null": {"k": "maybe"}}},
    {"Resource": "arn:aws:s3:::b/${aws:username}/*"},
    {"Condition": {"StringEquals": {"k": "${aws:PrincipalTag/team}"}}},
    {"Resource": {"Ref": "Lake"}},
    {"Effect": "Audit"},
]


@pytest.mark.parametrize("beyond", BEYOND, ids=str)
@pytest.mark.parametrize(
    "action", ["s3:GetObject", "glue:GetTable"], ids=["asked", "not asked"]
)
def test_what_is_not_covered_raises_also_where_the_request_is_about_something_else(
    iam: ModuleType, beyond: dict[str, Any], action: str
) -> None:
    request = iam.Request(ROLE, action, "arn:aws:s3:::b/k")

    with pytest.raises(iam.NotCoveredError, match="not covered"):
        iam.is_allowed(request, [{**ALLOW, **beyond}])


@pytest.mark.parametrize(
    "principal", [{"Federated": "x"}, {"CanonicalUser": "x"}, ["arn:aws:iam::1:root"]], ids=str
)
def test_a_principal_that_is_not_covered_raises(iam: ModuleType, principal: Any) -> None:
    request = iam.Request(ROLE, "s3:PutObject", "arn:aws:s3:::b/k")

    with pytest.raises(iam.NotCoveredError):
        iam.is_allowed(request, [ALLOW], [{**ALLOW, "Principal": principal}])
    with pytest.raises(iam.NotCoveredError):
        iam.is_allowed(request, [{**ALLOW, "Principal": "*"}])
    with pytest.raises(iam.NotCoveredError):
        iam.is_allowed(request, [], [ALLOW])


@pytest.mark.parametrize(
    "document", [{"Version": "2008-10-17"}, {}, {"Version": "2012-10-17", "X": 1}]
)
def test_a_document_that_is_not_covered_raises(
    iam: ModuleType, document: dict[str, Any]
) -> None:
    with pytest.raises(iam.NotCoveredError):
        iam.statements({"Statement": ALLOW, **document})


def with_role(**properties: Any) -> Template:
    """A template of one role."""
    trust = {"Version": "2012-10-17", "Statement": []}
    role = {"AssumeRolePolicyDocument": trust, **properties}
    return Template(
        {"Resources": {"R": {"Type": "AWS::IAM::Role", "Properties": role}}, "Parameters": {}},
        {},
    )


def test_the_text_of_a_policy_that_aws_manages_counts() -> None:
    core = "arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore"

    found = roles.statements_of(with_role(ManagedPolicyArns=[core]), "R")

    assert "ssm:GetParameter" in found[0]["Action"]


@pytest.mark.parametrize(
    "properties",
    [
        {"ManagedPolicyArns": ["arn:aws:iam::aws:policy/NobodyKnowsIt"]},
        {
            "ManagedPolicyArns": [
                "arn:aws:iam::aws:policy/service-role/AmazonSSMManagedInstanceCore"
            ]
        },
        {"ManagedPolicyArns": ["arn:aws:iam::123456789012:policy/ours-from-elsewhere"]},
        {"PermissionsBoundary": "arn:aws:iam::aws:policy/PowerUserAccess"},
        {"ManagedPolicyArns": [{"Fn::ImportValue": "policy"}]},
        {"ManagedPolicyArns": [{"Fn::Sub": ["${A}", {"A": "x"}]}]},
    ],
    ids=str,
)
def test_a_role_with_something_that_is_not_covered_raises(properties: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="not covered"):
        roles.statements_of(with_role(**properties), "R")


@pytest.mark.parametrize(
    "beside",
    [
        {"Type": "AWS::IAM::Policy", "Properties": {"Roles": ["R"]}},
        {
            "Type": "AWS::IAM::ManagedPolicy",
            "Properties": {"PolicyDocument": {}, "Roles": ["R"]},
        },
        {
            "Type": "AWS::IAM::RolePolicy",
            "Condition": "Sometimes",
            "Properties": {"RoleName": "R"},
        },
    ],
    ids=lambda one: str(one["Type"]),
)
def test_a_policy_that_comes_to_a_role_by_a_way_that_is_not_covered_raises(
    beside: dict[str, Any],
) -> None:
    template = with_role()
    raw = {**template.raw, "Resources": {**template.raw["Resources"], "P": beside}}

    with pytest.raises(ValueError, match="not covered"):
        roles.statements_of(Template(raw, {}), "R")


def test_an_attribute_that_nobody_knows_raises() -> None:
    queue = {"Type": "AWS::SQS::Queue", "Properties": {}}
    template = Template({"Resources": {"Q": queue}, "Parameters": {}}, {})

    with pytest.raises(ValueError, match="not covered"):
        template.resolve({"Fn::GetAtt": ["Q", "Arn"]})
