"""The evaluator decides as IAM's documentation says, and refuses what it does not know."""

from types import ModuleType
from typing import Any

import pytest

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


@pytest.mark.parametrize(
    "beyond",
    [{"NotAction": "s3:*"}, {"Condition": {"ArnLike": {"k": "a"}}}],
)
def test_what_is_not_covered_raises(iam: ModuleType, beyond: dict[str, Any]) -> None:
    request = iam.Request(ROLE, "s3:GetObject", "arn:aws:s3:::b/k")

    with pytest.raises(ValueError, match="not covered"):
        iam.is_allowed(request, [{**ALLOW, **beyond}])
