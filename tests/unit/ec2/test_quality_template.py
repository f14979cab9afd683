"""`deploy/ec2/quality.yaml`: the rules of the code, evaluated on a schedule that nobody has by accident, with least rights."""

import json
from typing import Any

import pytest

from coinlake.contracts.cloud import DATABASE
from coinlake.contracts.glue_quality import RULED_BY_GLUE
from coinlake_tools import resources
from coinlake_tools.quality_glue import EvaluationRequest
from coinlake_tools.resources import Lake
from tests.unit.ec2 import iam_evaluator, roles, template_reader
from tests.unit.ec2.conftest import EC2
from tests.unit.ec2.iam_universe import CONTEXTS, RESOURCES, actions
from tests.unit.ec2.template_reader import Template

GIVEN = {"BucketName": "the-lake", "LakeStack": "lake", "ToolsRole": "ToolsRole"}
EVALUATION = "arn:aws:iam::123456789012:role/EvaluationRole"
ALWAYS = set(CONTEXTS)
VIEWS = ("quality view", "live view", "latest view")
CATALOG = ("catalog", "database", "table", "ledger table", *VIEWS)
# (action, resource) and the contexts in which it is allowed; nothing else is.
MAY: dict[str, dict[tuple[str, str], set[str]]] = {
    "EvaluationRole": {
        ("s3:ListBucket", "lake"): ALWAYS,
        ("s3:GetBucketLocation", "lake"): ALWAYS,
        ("s3:GetObject", "curated"): ALWAYS,
        ("s3:GetObject", "Glue's own object"): ALWAYS,
        **{
            (f"glue:{action}", label): ALWAYS
            for action in (
                "GetDatabase",
                "GetTable",
                "GetPartition",
                "GetPartitions",
                "BatchGetPartition",
            )
            for label in CATALOG
        },
        ("glue:GetDataQualityRuleset", "ruleset"): ALWAYS,
        ("glue:PublishDataQuality", "ruleset"): ALWAYS,
        **{
            (f"logs:{action}", "Glue's log"): ALWAYS
            for action in ("CreateLogGroup", "CreateLogStream", "PutLogEvents")
        },
    },
    "ScheduleRole": {
        ("glue:StartDataQualityRulesetEvaluationRun", "ruleset"): ALWAYS,
        ("iam:PassRole", "EvaluationRole"): {"to Glue"},
    },
    "ToolsRole": {
        ("glue:StartDataQualityRulesetEvaluationRun", "ruleset"): ALWAYS,
        **{
            (f"glue:{action}", label): ALWAYS
            for action in (
                "GetDataQualityRulesetEvaluationRun",
                "GetDataQualityResult",
                "ListDataQualityResults",
            )
            for label in ("ruleset", "another ruleset")
        },
        ("iam:PassRole", "EvaluationRole"): {"to Glue"},
        ("s3:PutObject", "Glue's verdict"): {"new", "in clear"},
    },
}


def read(**more: str) -> Template:
    return template_reader.read(EC2 / "quality.yaml", GIVEN | more)


def asked(schedule: dict[str, Any]) -> dict[str, Any]:
    """What a schedule asks of Glue."""
    found: dict[str, Any] = json.loads(schedule["Target"]["Input"])
    return found


def test_the_rulesets_are_those_that_provision_makes() -> None:
    made = read().resources("AWS::Glue::DataQualityRuleset").values()

    assert list(made) == resources.rulesets(Lake("the-lake", DATABASE, "role"))


def test_a_schedule_asks_what_the_command_asks_but_for_the_day_and_a_second_delivery() -> None:
    made = read().resources("AWS::Scheduler::Schedule").values()

    assert len(made) == len(RULED_BY_GLUE)
    for table, schedule in zip(RULED_BY_GLUE, made, strict=True):
        wanted = EvaluationRequest(DATABASE, "2026-11-20", EVALUATION).of(table)
        wanted["DataSource"]["GlueTable"]["AdditionalOptions"] = {
            "pushDownPredicate": "dt = date_format(date_sub(current_date(), 1), 'yyyy-MM-dd')"
        }
        assert asked(schedule) == wanted | {"ClientToken": "<aws.scheduler.execution-id>"}
        target = "scheduler:::aws-sdk:glue:startDataQualityRulesetEvaluationRun"
        assert schedule["Target"]["Arn"] == f"arn:aws:{target}"


def test_nothing_is_evaluated_unless_somebody_says_when() -> None:
    raw = read().raw
    scheduled = [
        one for one in raw["Resources"].values() if one["Type"] == "AWS::Scheduler::Schedule"
    ]

    assert raw["Parameters"]["Schedule"]["Default"] == ""
    assert {one["Condition"] for one in scheduled} == {"IsScheduled"}
    shown = {"Fn::If": ["IsScheduled", "yes", "no"]}
    assert read().resolve(shown) == "no"
    assert read(Schedule="rate(1 hour)").resolve(shown) == "yes"


@pytest.mark.parametrize("role", MAY)
def test_a_role_may_do_what_is_listed_and_nothing_else(role: str) -> None:
    template = read()
    beside = template.resources("AWS::IAM::RolePolicy").values()
    statements = (
        roles.statements_of(template, role)
        if role in template.resources("AWS::IAM::Role")
        else [
            one
            for policy in beside
            for one in iam_evaluator.statements(policy["PolicyDocument"])
        ]
    )
    arn = f"arn:aws:iam::123456789012:role/{role}"
    named = {verb for one in statements for verb in _many(one["Action"])}

    may: dict[tuple[str, str], set[str]] = {}
    for action in sorted(actions()):
        about = [one for one in statements if iam_evaluator.names_action(one, action)]
        if not about:
            continue
        for label, resource in RESOURCES.items():
            for context, keys in CONTEXTS.items():
                request = iam_evaluator.Request(arn, action, resource, dict(keys))
                if iam_evaluator.is_allowed(request, about):
                    may.setdefault((action, label), set()).add(context)

    assert may == MAY[role]
    assert named <= actions()


def test_the_tools_on_the_host_find_the_role() -> None:
    (setting,) = read().resources("AWS::SSM::Parameter").values()

    assert setting["Name"] == "/coinlake/lake/env/tools/COINLAKE_QUALITY_ROLE"
    assert setting["Value"] == EVALUATION


def _many(value: Any) -> list[Any]:
    return list(value) if isinstance(value, list) else [value]
