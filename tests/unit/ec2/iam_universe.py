"""Everything that a role is asked about: actions of AWS's services, and resources of ours and of others."""

import botocore.session

LAKE = "arn:aws:s3:::the-lake"
_ACCOUNT = "us-east-1:123456789012"
_GLUE = f"arn:aws:glue:{_ACCOUNT}"
_SSM = f"arn:aws:ssm:{_ACCOUNT}:parameter"
_ROLE = "arn:aws:iam::123456789012:role"

RESOURCES = {
    "lake": LAKE,
    "raw": f"{LAKE}/raw/coincap.assets.v1/dt=2026-11-22/hour=07/1-0-5.json.gz",
    "chain": f"{LAKE}/chain/coincap.assets.v1/1.json",
    "ledger": f"{LAKE}/ledger/feed=assets/1.json",
    "intent": f"{LAKE}/batches/b/intents/a.json",
    "runner's record": f"{LAKE}/runner/failures/feed=assets/dt=2026-11-20/hour=07.json",
    "manifest": f"{LAKE}/batches/b/manifest.json",
    "result": f"{LAKE}/batches/b/result.json",
    "staging": f"{LAKE}/staging/b/a/part-0.parquet",
    "Glue's verdict": f"{LAKE}/quality/r.json",
    "curated": f"{LAKE}/curated/quotes/x.parquet",
    "certificate": f"{LAKE}/certificates/2026-11-22-0123.json",
    "jobs": f"{LAKE}/jobs/0123456789abcdef/entry.py",
    "athena-results": f"{LAKE}/athena-results/q.csv",
    "API key": f"{LAKE}/query/keys/ann.json",
    "spending": f"{LAKE}/query/spending/ann.json",
    "another key": f"{LAKE}/another/key",
    "another bucket": "arn:aws:s3:::another",
    "another bucket's object": "arn:aws:s3:::another/raw/key",
    "release": "arn:aws:s3:::releases/coinlake-0.2.0.tar.gz",
    "beside the release": "arn:aws:s3:::releases/another.txt",
    "catalog": f"{_GLUE}:catalog",
    "database": f"{_GLUE}:database/coinlake",
    "default database": f"{_GLUE}:database/default",
    "another database": f"{_GLUE}:database/another",
    "table": f"{_GLUE}:table/coinlake/quotes",
    "ledger table": f"{_GLUE}:table/coinlake/ledger_head",
    "live view": f"{_GLUE}:table/coinlake/quotes_live",
    "latest view": f"{_GLUE}:table/coinlake/quotes_latest",
    "quality view": f"{_GLUE}:table/coinlake/quality",
    "ruleset": f"{_GLUE}:dataQualityRuleset/coinlake-quotes",
    "another ruleset": f"{_GLUE}:dataQualityRuleset/another",
    "Glue's own object": "arn:aws:s3:::aws-glue-ml-data-quality-assets-us-east-1/x.jar",
    "another table": f"{_GLUE}:table/another/quotes",
    "job": f"{_GLUE}:job/coinlake-rebuild",
    "another job": f"{_GLUE}:job/another",
    "crawler": f"{_GLUE}:crawler/coinlake-curated",
    "another crawler": f"{_GLUE}:crawler/another",
    "workgroup": f"arn:aws:athena:{_ACCOUNT}:workgroup/coinlake",
    "another workgroup": f"arn:aws:athena:{_ACCOUNT}:workgroup/primary",
    "alerts": f"arn:aws:sns:{_ACCOUNT}:Alerts",
    "heartbeats": f"arn:aws:sns:{_ACCOUNT}:Heartbeats",
    "another topic": f"arn:aws:sns:{_ACCOUNT}:another",
    "settings": f"{_SSM}/coinlake/lake/host",
    "a service's settings": f"{_SSM}/coinlake/lake/env/ingestor",
    "a service's secret": f"{_SSM}/coinlake/lake/env/ingestor/COINCAP_API_KEY",
    "all stacks' settings": f"{_SSM}/coinlake",
    "another stack's secret": f"{_SSM}/coinlake/lake2/env/ingestor/COINCAP_API_KEY",
    "another's secret": f"{_SSM}/prod/database/password",
    "log": f"arn:aws:logs:{_ACCOUNT}:log-group:/coinlake/ingestor:log-stream:x",
    "Glue's log": f"arn:aws:logs:{_ACCOUNT}:log-group:/aws-glue/jobs/output:log-stream:x",
    "another log": f"arn:aws:logs:{_ACCOUNT}:log-group:/another:log-stream:x",
    "image": f"arn:aws:ecr:{_ACCOUNT}:repository/coinlake/ingestor",
    "another image": f"arn:aws:ecr:{_ACCOUNT}:repository/another",
    "an instance": f"arn:aws:ec2:{_ACCOUNT}:instance/i-0123456789abcdef0",
    "a key": f"arn:aws:kms:{_ACCOUNT}:key/0",
    "a secret": f"arn:aws:secretsmanager:{_ACCOUNT}:secret:another",
    "a user": "arn:aws:iam::123456789012:user/somebody",
    "no resource": "*",
    **{
        f"{name}Role": f"{_ROLE}/{name}Role"
        for name in (
            *("Host", "S3Sink", "EtlRunner", "QueryApi", "Tools", "Auditor", "Alertmanager"),
            *("GlueJob", "Crawler", "Snapshot", "Evaluation", "Schedule"),
        )
    },
    "Administrator": f"{_ROLE}/Administrator",
}

CONTEXTS = {
    "plain": {},
    "new": {"s3:if-none-match": "*"},
    "in clear": {"aws:SecureTransport": "false", "s3:if-none-match": "*"},
    "to Glue": {"iam:PassedToService": "glue.amazonaws.com"},
    "to EC2": {"iam:PassedToService": "ec2.amazonaws.com"},
    "Glue's metrics": {"cloudwatch:namespace": "Glue"},
    "another's metrics": {"cloudwatch:namespace": "AWS/EC2"},
}

# By the names that IAM has for them; most of a service's actions are called as its operations are.
_SERVICES = {
    name: name
    for name in (
        *("athena", "cloudformation", "cloudwatch", "dlm", "dynamodb", "ec2", "ecr", "events"),
        *("glue", "iam", "kms", "lambda", "logs", "s3", "secretsmanager", "sns", "sqs", "ssm"),
        *("sts", "organizations", "lakeformation"),
    )
}
_ELSEWHERE = (
    *(
        "s3:ListBucket",
        "s3:ListBucketVersions",
        "s3:GetObjectVersion",
        "s3:DeleteObjectVersion",
    ),
    *("s3:PutLifecycleConfiguration", "s3:GetLifecycleConfiguration", "s3:ListAllMyBuckets"),
    *("s3:ListBucketMultipartUploads", "s3:ListMultipartUploadParts", "s3:ReplicateObject"),
    *(
        "s3:ReplicateDelete",
        "s3:BypassGovernanceRetention",
        "s3:ObjectOwnerOverrideToBucketOwner",
    ),
    *(
        "iam:PassRole",
        "glue:PublishDataQuality",
        "ssm:GetManifest",
        "ssm:PutConfigurePackageResult",
    ),
    *("ssm:UpdateInstanceInformation", "ssm:ListInstanceAssociations"),
    *("ssm:UpdateInstanceAssociationStatus", "lambda:InvokeFunction"),
    *(f"ssmmessages:{one}ControlChannel" for one in ("Create", "Open")),
    *(f"ssmmessages:{one}DataChannel" for one in ("Create", "Open")),
    *(f"ec2messages:{one}" for one in ("GetMessages", "SendReply", "AcknowledgeMessage")),
)


def actions() -> set[str]:
    """Some thousands: all operations of the services that we use, and of those that would be worth having."""
    session = botocore.session.get_session()
    found = {
        f"{prefix}:{operation}"
        for name, prefix in _SERVICES.items()
        for operation in session.get_service_model(name).operation_names
    }
    return found | set(_ELSEWHERE)
