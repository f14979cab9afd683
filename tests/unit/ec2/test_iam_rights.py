"""What each role may do is what is listed here, and nothing else: every action on every resource is asked.

The actions are all operations of 19 services (botocore's) with IAM's own names beside them, the
resources ours, a neighbour stack's and other people's, the contexts those that our conditions tell apart.
"""

from collections.abc import Iterator, Mapping
from typing import Any

import pytest

from tests.unit.ec2 import iam_evaluator, roles
from tests.unit.ec2.iam_universe import CONTEXTS, RESOURCES, actions
from tests.unit.ec2.template_reader import Template

# By TLS; what goes in clear is refused for the lake, whoever asks.
ALWAYS = set(CONTEXTS)
BY_TLS = ALWAYS - {"in clear"}
EVERYTHING = tuple(RESOURCES)
VIEWS = ("live view", "latest view")
CATALOG = ("catalog", "database", "table", "ledger table", "quality view", *VIEWS)

# A service, actions of it, and on which resources.
Grant = tuple[str, str, tuple[str, ...]]
ATHENA: list[Grant] = [
    (
        "athena",
        "StartQueryExecution GetQueryExecution BatchGetQueryExecution GetQueryResults"
        " GetQueryRuntimeStatistics"
        " StopQueryExecution GetWorkGroup",
        ("workgroup",),
    ),
    ("glue", "GetTable GetTables GetPartition GetPartitions BatchGetPartition", CATALOG),
    ("glue", "GetDatabase", (*CATALOG, "default database")),
    (
        "s3",
        "GetObject PutObject AbortMultipartUpload ListMultipartUploadParts",
        ("athena-results",),
    ),
]
LIST: list[Grant] = [("s3", "ListBucket GetBucketLocation", ("lake",))]
GLUE_LOGS: list[Grant] = [
    ("logs", "CreateLogGroup CreateLogStream PutLogEvents", ("Glue's log",))
]
OF_CONTAINERS = ("S3Sink", "EtlRunner", "QueryApi", "Tools", "Auditor", "Alertmanager")
MAY: dict[str, list[Grant]] = {
    "HostRole": [
        ("ssm", "UpdateInstanceInformation", EVERYTHING),
        (
            "ssmmessages",
            "CreateControlChannel CreateDataChannel OpenControlChannel OpenDataChannel",
            EVERYTHING,
        ),
        ("s3", "GetObject", ("release",)),
        (
            "ssm",
            "GetParameter GetParametersByPath",
            ("settings", "a service's settings", "a service's secret"),
        ),
        ("logs", "CreateLogStream PutLogEvents", ("log",)),
        ("ecr", "GetAuthorizationToken", EVERYTHING),
        ("ecr", "BatchGetImage GetDownloadUrlForLayer", ("image",)),
        ("sts", "AssumeRole", tuple(f"{name}Role" for name in OF_CONTAINERS)),
    ],
    "S3SinkRole": [*LIST, ("s3", "GetObject", ("raw", "chain"))],
    "EtlRunnerRole": [
        *LIST,
        ("s3", "GetObject", ("raw", "manifest", "result", "staging", "curated", "ledger")),
        ("s3", "GetObject", ("intent", "runner's record")),
        ("s3", "PutObject", ("manifest", "result", "curated", "intent", "runner's record")),
        ("s3", "AbortMultipartUpload", ("curated",)),
        ("s3", "DeleteObject", ("staging", "intent", "runner's record")),
        ("glue", "StartJobRun GetJobRun GetJobRuns BatchStopJobRun", ("job",)),
        ("glue", "StartCrawler GetCrawler", ("crawler",)),
        ("glue", "GetTable GetPartitions", CATALOG),
        ("glue", "BatchCreatePartition BatchUpdatePartition", CATALOG),
        ("glue", "CreateTable UpdateTable", ("catalog", "database", *VIEWS)),
    ],
    "QueryApiRole": [
        *LIST,
        *ATHENA,
        ("s3", "GetObject", ("raw", "curated", "ledger", "Glue's verdict", "API key")),
        ("s3", "GetObject PutObject", ("spending",)),
    ],
    "ToolsRole": [
        *LIST,
        *ATHENA,
        ("s3", "PutObject", ("jobs", "API key")),
        ("s3", "GetObject", ("API key", "spending")),
        ("s3", "GetObject", ("raw", "ledger", "curated", "certificate", "Glue's verdict")),
        ("glue", "CreateJob GetJob UpdateJob", ("job",)),
        ("glue", "CreateTable GetTable UpdateTable", CATALOG),
    ],
    "AuditorRole": [*LIST, ("s3", "GetObject", ("raw", "chain"))],
    "AlertmanagerRole": [("sns", "Publish", ("alerts", "heartbeats"))],
    "GlueJobRole": [
        *LIST,
        *GLUE_LOGS,
        ("s3", "GetObject", ("raw", "manifest", "result", "intent", "jobs")),
        ("s3", "PutObject", ("staging", "result")),
    ],
    "CrawlerRole": [
        *LIST,
        *GLUE_LOGS,
        ("s3", "GetObject", ("curated",)),
        ("glue", "GetDatabase GetTable GetTables CreateTable UpdateTable", CATALOG),
        ("glue", "GetPartition GetPartitions BatchGetPartition", CATALOG),
        ("glue", "CreatePartition BatchCreatePartition", CATALOG),
        ("glue", "UpdatePartition BatchUpdatePartition", CATALOG),
        ("glue", "CreatePartitionIndex GetPartitionIndexes", CATALOG),
    ],
}
# What a condition of ours lets through in one context alone.
SOMETIMES = {
    ("S3SinkRole", "s3:PutObject", "raw"): {"new"},
    ("S3SinkRole", "s3:PutObject", "chain"): {"new"},
    ("EtlRunnerRole", "s3:PutObject", "ledger"): {"new"},
    ("ToolsRole", "iam:PassRole", "GlueJobRole"): {"to Glue"},
    ("ToolsRole", "s3:PutObject", "certificate"): {"new"},
    **{
        ("GlueJobRole", "cloudwatch:PutMetricData", label): {"Glue's metrics"}
        for label in EVERYTHING
    },
}
IN_LAKE = {label for label, arn in RESOURCES.items() if arn.startswith(RESOURCES["lake"])}


def listed(role: str) -> dict[tuple[str, str], set[str]]:
    """(action, resource) of what a role may, with the contexts in which it may."""
    found: dict[tuple[str, str], set[str]] = {}
    for service, names, labels in MAY[role]:
        for action in (f"{service}:{name}" for name in names.split()):
            for label in labels:
                in_lake = service == "s3" and label in IN_LAKE
                found[action, label] = BY_TLS if in_lake else ALWAYS
    for (of, action, label), contexts in SOMETIMES.items():
        if of == role:
            found[action, label] = contexts
    return found


def allowed(template: Template, role: str) -> Iterator[tuple[tuple[str, str], set[str]]]:
    """(action, resource) and the contexts of everything that the policies let a role do."""
    own, bucket = roles.statements_of(template, role), roles.bucket_policy(template)
    arn = RESOURCES[role]
    for action in ACTIONS:
        # Those that name it alone decide; asked of all of them this would take a minute.
        about = [one for one in own if iam_evaluator.names_action(one, action)]
        if not about:
            continue
        policy = [one for one in bucket if iam_evaluator.names_action(one, action)]
        for label, resource in RESOURCES.items():
            contexts = {
                name
                for name, keys in CONTEXTS.items()
                if iam_evaluator.is_allowed(
                    iam_evaluator.Request(arn, action, resource, _by_tls(keys)), about, policy
                )
            }
            if contexts:
                yield (action, label), contexts


def _by_tls(keys: Mapping[str, str]) -> dict[str, str]:
    return {"aws:SecureTransport": "true", **keys}


ACTIONS = actions()


@pytest.mark.parametrize("role", MAY)
def test_a_role_may_do_what_is_listed_and_nothing_else_at_all(
    template: Template, role: str
) -> None:
    may, wanted = dict(allowed(template, role)), listed(role)

    assert {right: may[right] for right in may.keys() - wanted.keys()} == {}, "more than listed"
    assert {right: wanted[right] for right in wanted.keys() - may.keys()} == {}, (
        "less than listed"
    )
    assert may == wanted


def test_every_role_of_the_template_is_asked_and_every_action_of_its_policies(
    template: Template,
) -> None:
    found = set(template.resources("AWS::IAM::Role"))
    lower = {action.lower() for action in ACTIONS}
    named = {
        action
        for role in MAY
        for statement in roles.statements_of(template, role)
        for action in _many(statement["Action"])
    }

    assert set(MAY) == found - {"SnapshotRole"}
    assert {action for action in named if action.lower() not in lower} == set()
    assert len(ACTIONS) > 2000


def test_the_role_of_the_snapshots_is_aws_own_and_only_for_snapshots(
    template: Template,
) -> None:
    own = roles.statements_of(template, "SnapshotRole")
    verbs = {action for statement in own for action in _many(statement["Action"])}
    of_rules = [s for s in own if all(a.startswith("events:") for a in _many(s["Action"]))]

    assert {statement["Effect"] for statement in own} == {"Allow"}
    rest = {a for a in verbs if "Snapshot" not in a and not a.startswith("ec2:Describe")}
    assert rest - {"ec2:CreateTags"} == {a for s in of_rules for a in _many(s["Action"])}
    assert {s["Resource"] for s in of_rules} == {
        "arn:aws:events:*:*:rule/AwsDataLifecycleRule.managed-cwe.*"
    }


def test_the_bucket_refuses_our_roles_every_delete_there_whatever_they_are_allowed(
    template: Template,
) -> None:
    everything: list[Mapping[str, Any]] = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    bucket = roles.bucket_policy(template)

    def may(role: str, action: str, label: str, context: str) -> bool:
        keys = _by_tls(CONTEXTS[context])
        request = iam_evaluator.Request(RESOURCES[role], action, RESOURCES[label], keys)
        return iam_evaluator.is_allowed(request, everything, bucket)

    for role in template.resources("AWS::IAM::Role"):
        for label in ("raw", "chain", "ledger"):
            assert not may(role, "s3:DeleteObject", label, "plain"), (role, label)
            assert not may(role, "s3:DeleteObjectVersion", label, "plain"), (role, label)
    for role in ("Administrator", *template.resources("AWS::IAM::Role")):
        for label in ("raw", "chain", "ledger"):
            assert not may(role, "s3:PutObject", label, "plain"), (role, label)
            assert may(role, "s3:PutObject", label, "new"), (role, label)
            assert not may(role, "s3:PutObject", label, "in clear"), (role, label)
    assert may("Administrator", "s3:DeleteObject", "raw", "plain")


def test_the_policy_that_aws_has_for_session_manager_would_have_been_more_than_listed(
    template: Template,
) -> None:
    managed = roles.of_aws("arn:aws:iam::aws:policy/AmazonSSMManagedInstanceCore")
    request = iam_evaluator.Request(
        RESOURCES["HostRole"], "ssm:GetParameter", RESOURCES["another's secret"]
    )
    own = roles.statements_of(template, "HostRole")

    assert iam_evaluator.is_allowed(request, [*own, *iam_evaluator.statements(managed)])
    assert not iam_evaluator.is_allowed(request, own)


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
