"""Who may do what: for each service what it needs, and what it must never be able to do."""

from collections.abc import Callable

import pytest

from tests.unit.ec2.template_reader import Template

LAKE = "arn:aws:s3:::the-lake"
GLUE = "arn:aws:glue:us-east-1:123456789012"
JOB = f"{GLUE}:job/coinlake-rebuild"
CRAWLER = f"{GLUE}:crawler/coinlake-curated"
TABLE = f"{GLUE}:table/coinlake/quotes"
WORKGROUP = "arn:aws:athena:us-east-1:123456789012:workgroup/coinlake"
ACCOUNT = "arn:aws:iam::123456789012:role"
SNS = "arn:aws:sns:us-east-1:123456789012"
SSM = "arn:aws:ssm:us-east-1:123456789012:parameter"
NEW = {"s3:if-none-match": "*"}
TO_GLUE = {"iam:PassedToService": "glue.amazonaws.com"}
TO_EC2 = {"iam:PassedToService": "ec2.amazonaws.com"}
LOG = "arn:aws:logs:us-east-1:123456789012:log-group:/coinlake/ingestor:log-stream:x"
PRIMARY = WORKGROUP.replace("coinlake", "primary")
SERVICES = (
    "HostRole",
    "S3SinkRole",
    "EtlRunnerRole",
    "QueryApiRole",
    "ToolsRole",
    "AlertmanagerRole",
    "AuditorRole",
    "GlueJobRole",
    "CrawlerRole",
)
RAW = f"{LAKE}/raw/coincap.assets.v1/dt=2026-11-22/hour=07/1-0-5.json.gz"

MUST = [
    ("S3SinkRole", "s3:PutObject", RAW, NEW),
    ("S3SinkRole", "s3:PutObject", f"{LAKE}/chain/probe", NEW),
    ("S3SinkRole", "s3:GetObject", RAW, {}),
    ("S3SinkRole", "s3:GetObject", f"{LAKE}/chain/coincap.assets.v1/1.json", {}),
    ("S3SinkRole", "s3:ListBucket", LAKE, {}),
    ("EtlRunnerRole", "s3:ListBucket", LAKE, {}),
    ("EtlRunnerRole", "s3:GetObject", RAW, {}),
    ("EtlRunnerRole", "s3:PutObject", f"{LAKE}/batches/b/manifest.json", NEW),
    ("EtlRunnerRole", "s3:GetObject", f"{LAKE}/batches/b/result.json", {}),
    ("EtlRunnerRole", "s3:DeleteObject", f"{LAKE}/batches/b/intents/a.json", {}),
    ("EtlRunnerRole", "s3:GetObject", f"{LAKE}/staging/b/a/part-0.parquet", {}),
    ("EtlRunnerRole", "s3:DeleteObject", f"{LAKE}/staging/b/a/part-0.parquet", {}),
    ("EtlRunnerRole", "s3:PutObject", f"{LAKE}/curated/quotes/x.parquet", {"s3:if-match": "e"}),
    ("EtlRunnerRole", "s3:GetObject", f"{LAKE}/curated/quotes/x.parquet", {}),
    ("EtlRunnerRole", "s3:PutObject", f"{LAKE}/ledger/feed=assets/1.json", NEW),
    ("EtlRunnerRole", "s3:GetObject", f"{LAKE}/ledger/feed=assets/1.json", {}),
    ("EtlRunnerRole", "glue:StartJobRun", JOB, {}),
    ("EtlRunnerRole", "glue:GetJobRun", JOB, {}),
    ("EtlRunnerRole", "glue:GetJobRuns", JOB, {}),
    ("EtlRunnerRole", "glue:BatchStopJobRun", JOB, {}),
    ("EtlRunnerRole", "glue:StartCrawler", CRAWLER, {}),
    ("EtlRunnerRole", "glue:GetCrawler", CRAWLER, {}),
    ("EtlRunnerRole", "glue:GetTable", TABLE, {}),
    ("EtlRunnerRole", "glue:BatchCreatePartition", TABLE, {}),
    ("EtlRunnerRole", "glue:UpdateTable", f"{GLUE}:table/coinlake/quotes_live", {}),
    ("EtlRunnerRole", "glue:CreateTable", f"{GLUE}:table/coinlake/rates_latest", {}),
    ("ToolsRole", "glue:UpdateTable", TABLE, {}),
    ("QueryApiRole", "athena:StartQueryExecution", WORKGROUP, {}),
    ("QueryApiRole", "athena:BatchGetQueryExecution", WORKGROUP, {}),
    ("QueryApiRole", "athena:GetQueryResults", WORKGROUP, {}),
    ("QueryApiRole", "athena:GetQueryRuntimeStatistics", WORKGROUP, {}),
    ("QueryApiRole", "athena:StopQueryExecution", WORKGROUP, {}),
    ("QueryApiRole", "athena:GetWorkGroup", WORKGROUP, {}),
    ("QueryApiRole", "glue:GetPartitions", TABLE, {}),
    ("QueryApiRole", "s3:GetObject", f"{LAKE}/curated/quotes/x.parquet", {}),
    ("QueryApiRole", "s3:GetObject", RAW, {}),
    ("QueryApiRole", "s3:GetObject", f"{LAKE}/ledger/feed=assets/1.json", {}),
    ("QueryApiRole", "s3:PutObject", f"{LAKE}/athena-results/q.csv", {}),
    ("QueryApiRole", "s3:GetObject", f"{LAKE}/athena-results/q.csv", {}),
    ("QueryApiRole", "s3:GetBucketLocation", LAKE, {}),
    ("QueryApiRole", "s3:GetObject", f"{LAKE}/query/keys/ann.json", {}),
    ("QueryApiRole", "s3:GetObject", f"{LAKE}/query/spending/ann.json", {}),
    ("QueryApiRole", "s3:PutObject", f"{LAKE}/query/spending/ann.json", {"s3:if-match": "e"}),
    ("ToolsRole", "s3:PutObject", f"{LAKE}/query/keys/ann.json", NEW),
    ("ToolsRole", "s3:GetObject", f"{LAKE}/query/spending/ann.json", {}),
    ("ToolsRole", "s3:PutObject", f"{LAKE}/jobs/0123456789abcdef/entry.py", {}),
    ("ToolsRole", "s3:GetObject", RAW, {}),
    ("ToolsRole", "s3:GetObject", f"{LAKE}/ledger/feed=assets/1.json", {}),
    ("ToolsRole", "s3:GetObject", f"{LAKE}/curated/quotes/x.parquet", {}),
    ("ToolsRole", "glue:GetPartitions", TABLE, {}),
    ("ToolsRole", "s3:PutObject", f"{LAKE}/certificates/x.json", NEW),
    ("ToolsRole", "glue:UpdateJob", JOB, {}),
    ("ToolsRole", "iam:PassRole", f"{ACCOUNT}/GlueJobRole", TO_GLUE),
    ("ToolsRole", "glue:CreateTable", f"{GLUE}:table/coinlake/ledger_head", {}),
    ("ToolsRole", "glue:CreateTable", f"{GLUE}:table/coinlake/unknown_fields", {}),
    ("GlueJobRole", "s3:GetObject", RAW, {}),
    ("GlueJobRole", "s3:GetObject", f"{LAKE}/jobs/0123456789abcdef/entry.py", {}),
    ("GlueJobRole", "s3:GetObject", f"{LAKE}/batches/b/manifest.json", {}),
    ("GlueJobRole", "s3:PutObject", f"{LAKE}/staging/b/a/part-0.parquet", {}),
    ("GlueJobRole", "s3:PutObject", f"{LAKE}/batches/b/result.json", NEW),
    ("CrawlerRole", "s3:GetObject", f"{LAKE}/curated/quotes/x.parquet", {}),
    ("CrawlerRole", "glue:CreateTable", TABLE, {}),
    ("CrawlerRole", "glue:BatchCreatePartition", TABLE, {}),
    ("AuditorRole", "s3:ListBucket", LAKE, {}),
    ("AuditorRole", "s3:GetObject", RAW, {}),
    ("AuditorRole", "s3:GetObject", f"{LAKE}/chain/coincap.assets.v1/1.json", {}),
    ("AuditorRole", "s3:GetObject", f"{LAKE}/audit/topic=coincap.assets.v1/1-0.json", {}),
    ("AuditorRole", "s3:PutObject", f"{LAKE}/audit/topic=coincap.assets.v1/1-0.json", NEW),
    ("AuditorRole", "s3:PutObject", f"{LAKE}/audit/topic=coincap.assets.v1/1-0.json", {}),
    ("AlertmanagerRole", "sns:Publish", f"{SNS}:Alerts", {}),
    ("AlertmanagerRole", "sns:Publish", f"{SNS}:Heartbeats", {}),
    ("HostRole", "sts:AssumeRole", f"{ACCOUNT}/S3SinkRole", {}),
    ("HostRole", "ssm:GetParametersByPath", f"{SSM}/coinlake/lake/env/ingestor", {}),
    ("HostRole", "logs:PutLogEvents", LOG, {}),
    ("HostRole", "s3:GetObject", "arn:aws:s3:::releases/coinlake-0.1.0.tar.gz", {}),
]

MUST_NOT = [
    # Who serves cannot give itself a key, and who makes keys cannot make them cheap.
    ("QueryApiRole", "s3:PutObject", f"{LAKE}/query/keys/ann.json", NEW),
    ("ToolsRole", "s3:PutObject", f"{LAKE}/query/spending/ann.json", {}),
    # What is in raw stays as it is, whoever asks.
    ("S3SinkRole", "s3:PutObject", RAW, {}),
    ("S3SinkRole", "s3:PutObject", f"{LAKE}/curated/quotes/x.parquet", NEW),
    ("S3SinkRole", "s3:PutObject", f"{LAKE}/ledger/feed=assets/1.json", NEW),
    ("S3SinkRole", "s3:GetObject", f"{LAKE}/curated/quotes/x.parquet", {}),
    ("S3SinkRole", "glue:StartJobRun", JOB, {}),
    ("S3SinkRole", "athena:StartQueryExecution", WORKGROUP, {}),
    ("ToolsRole", "s3:PutObject", f"{LAKE}/certificates/x.json", {}),
    ("ToolsRole", "s3:PutObject", RAW, NEW),
    ("ToolsRole", "s3:PutObject", f"{LAKE}/ledger/feed=assets/1.json", NEW),
    ("EtlRunnerRole", "s3:PutObject", RAW, NEW),
    ("EtlRunnerRole", "s3:PutObject", f"{LAKE}/ledger/feed=assets/1.json", {}),
    ("EtlRunnerRole", "s3:PutObject", f"{LAKE}/jobs/x/entry.py", {}),
    ("EtlRunnerRole", "s3:DeleteObject", f"{LAKE}/curated/quotes/x.parquet", {}),
    ("EtlRunnerRole", "s3:DeleteObject", f"{LAKE}/batches/b/manifest.json", {}),
    ("EtlRunnerRole", "glue:UpdateJob", JOB, {}),
    ("EtlRunnerRole", "glue:StartJobRun", f"{GLUE}:job/another", {}),
    ("EtlRunnerRole", "glue:DeleteTable", TABLE, {}),
    ("EtlRunnerRole", "glue:UpdateTable", TABLE, {}),
    ("EtlRunnerRole", "iam:PassRole", f"{ACCOUNT}/GlueJobRole", TO_GLUE),
    ("QueryApiRole", "s3:PutObject", RAW, NEW),
    ("QueryApiRole", "s3:PutObject", f"{LAKE}/curated/quotes/x.parquet", {}),
    ("QueryApiRole", "s3:DeleteObject", f"{LAKE}/athena-results/q.csv", {}),
    ("QueryApiRole", "glue:CreateTable", TABLE, {}),
    ("QueryApiRole", "glue:UpdateTable", TABLE, {}),
    ("QueryApiRole", "glue:DeletePartition", TABLE, {}),
    ("QueryApiRole", "glue:StartJobRun", JOB, {}),
    ("QueryApiRole", "athena:StartQueryExecution", PRIMARY, {}),
    ("QueryApiRole", "athena:UpdateWorkGroup", WORKGROUP, {}),
    ("QueryApiRole", "athena:CreateDataCatalog", "*", {}),
    ("QueryApiRole", "lambda:InvokeFunction", "*", {}),
    ("ToolsRole", "iam:PassRole", f"{ACCOUNT}/HostRole", TO_GLUE),
    ("ToolsRole", "iam:PassRole", f"{ACCOUNT}/GlueJobRole", TO_EC2),
    ("ToolsRole", "glue:DeleteTable", TABLE, {}),
    ("ToolsRole", "glue:UpdateCrawler", CRAWLER, {}),
    ("GlueJobRole", "s3:PutObject", f"{LAKE}/curated/quotes/x.parquet", {}),
    ("GlueJobRole", "s3:PutObject", f"{LAKE}/ledger/feed=assets/1.json", NEW),
    ("GlueJobRole", "s3:PutObject", f"{LAKE}/batches/b/manifest.json", NEW),
    ("GlueJobRole", "s3:DeleteObject", f"{LAKE}/staging/b/a/part-0.parquet", {}),
    ("CrawlerRole", "s3:PutObject", f"{LAKE}/curated/quotes/x.parquet", {}),
    ("CrawlerRole", "s3:GetObject", RAW, {}),
    ("CrawlerRole", "glue:DeleteTable", TABLE, {}),
    ("AuditorRole", "s3:PutObject", RAW, NEW),
    ("AuditorRole", "s3:DeleteObject", f"{LAKE}/audit/topic=coincap.assets.v1/1-0.json", {}),
    ("S3SinkRole", "s3:PutObject", f"{LAKE}/audit/topic=coincap.assets.v1/1-0.json", NEW),
    ("AuditorRole", "s3:PutObject", f"{LAKE}/chain/coincap.assets.v1/2.json", NEW),
    ("AuditorRole", "s3:GetObject", f"{LAKE}/curated/quotes/x.parquet", {}),
    ("AuditorRole", "glue:GetTable", TABLE, {}),
    ("AuditorRole", "sns:Publish", f"{SNS}:Alerts", {}),
    ("AlertmanagerRole", "sns:Publish", f"{SNS}:another", {}),
    ("AlertmanagerRole", "s3:GetObject", RAW, {}),
    # The host starts things; it reads no data, and becomes neither Glue nor an administrator.
    ("HostRole", "s3:GetObject", RAW, {}),
    ("HostRole", "s3:PutObject", RAW, NEW),
    ("HostRole", "s3:GetObject", "arn:aws:s3:::releases/another.txt", {}),
    ("HostRole", "athena:StartQueryExecution", WORKGROUP, {}),
    ("HostRole", "sts:AssumeRole", f"{ACCOUNT}/GlueJobRole", {}),
    ("HostRole", "sts:AssumeRole", f"{ACCOUNT}/Administrator", {}),
    ("HostRole", "ssm:GetParameter", f"{SSM}/another/secret", {}),
    ("HostRole", "ssm:PutParameter", f"{SSM}/coinlake/lake/env/ingestor/COINCAP_API_KEY", {}),
    ("HostRole", "iam:PassRole", f"{ACCOUNT}/GlueJobRole", {}),
]


@pytest.mark.parametrize(("role", "action", "resource", "context"), MUST)
def test_a_service_may_do_what_it_has_to(
    allowed: Callable[..., bool], role: str, action: str, resource: str, context: dict[str, str]
) -> None:
    assert allowed(role, action, resource, context)


@pytest.mark.parametrize(("role", "action", "resource", "context"), MUST_NOT)
def test_a_service_may_do_nothing_else(
    allowed: Callable[..., bool], role: str, action: str, resource: str, context: dict[str, str]
) -> None:
    assert not allowed(role, action, resource, context)


@pytest.mark.parametrize("role", SERVICES)
@pytest.mark.parametrize("prefix", ["raw", "chain", "ledger"])
def test_nobody_deletes_or_overwrites_what_is_kept_for_ever(
    allowed: Callable[..., bool], role: str, prefix: str
) -> None:
    key = f"{LAKE}/{prefix}/something"

    assert not allowed(role, "s3:DeleteObject", key)
    assert not allowed(role, "s3:DeleteObjectVersion", key)
    assert not allowed(role, "s3:PutObject", key)
    assert not allowed(role, "s3:PutBucketPolicy", LAKE)
    assert not allowed(role, "s3:PutLifecycleConfiguration", LAKE)


def test_what_goes_in_clear_is_refused(allowed: Callable[..., bool]) -> None:
    in_clear = {"aws:SecureTransport": "false"}

    assert not allowed("S3SinkRole", "s3:GetObject", RAW, in_clear)
    assert not allowed("QueryApiRole", "s3:ListBucket", LAKE, in_clear)


def test_the_bucket_itself_refuses_an_overwrite_even_of_an_administrator(
    allowed: Callable[..., bool], template: Template, iam: object
) -> None:
    (bucket,) = template.resources("AWS::S3::BucketPolicy").values()
    everything = [{"Effect": "Allow", "Action": "*", "Resource": "*"}]
    policy = bucket["PolicyDocument"]["Statement"]
    admin = "arn:aws:iam::123456789012:role/Administrator"

    def may(context: dict[str, str]) -> bool:
        request = iam.Request(admin, "s3:PutObject", RAW, context)  # type: ignore[attr-defined]
        return bool(iam.is_allowed(request, everything, policy))  # type: ignore[attr-defined]

    assert may(NEW)
    assert not may({})


def test_no_role_of_ours_is_trusted_to_anybody_but_the_host_or_its_service(
    template: Template,
) -> None:
    trusted = {}
    for name, role in template.resources("AWS::IAM::Role").items():
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        trusted[name] = statement["Principal"]

    host = {"AWS": f"{ACCOUNT}/HostRole"}
    assert trusted == {
        "HostRole": {"Service": "ec2.amazonaws.com"},
        "S3SinkRole": host,
        "EtlRunnerRole": host,
        "QueryApiRole": host,
        "ToolsRole": host,
        "AuditorRole": host,
        "AlertmanagerRole": host,
        "GlueJobRole": {"Service": "glue.amazonaws.com"},
        "CrawlerRole": {"Service": "glue.amazonaws.com"},
        "SnapshotRole": {"Service": "dlm.amazonaws.com"},
    }


def test_no_statement_names_every_action_of_a_service(template: Template) -> None:
    for role in template.resources("AWS::IAM::Role"):
        for policy in template.properties(role).get("Policies", ()):
            for statement in policy["PolicyDocument"]["Statement"]:
                assert "*" not in str(statement["Action"]), (role, statement)
