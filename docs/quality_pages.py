"""What is made from the quality rules: their page, and the stack of Glue Data Quality."""

import json

from coinlake.contracts.glue_quality import RULED_BY_GLUE, dqdl, ruleset_name
from coinlake.contracts.quality import RULES_OF, VIEW_COLUMNS, QualityRule, rules_of_table
from coinlake_tools.quality_glue import TIMEOUT_MINUTES, WORKERS

_NOTE = (
    "What fails a hard rule is no row: it is in the table's quarantine under the name of the rule. What",
    "fails a soft one is counted and kept. Rules are asked in this order, and what a hard one puts aside",
    "reaches none of those after it. Each run counts every rule in the ledger, also those that held;",
    "`evaluated` 0 says that there was nothing to judge. The view `quality` shows the counts of each",
    "hour's newest version, `coinlake quality dqdl` prints the rules for Glue Data Quality;",
    "[how to read them](../how-to/read-the-quality.md).",
)
_MARK = "  # ---- made by `make docs` from the rules ----------------------------------------------------------\n"
# The day before that of the evaluation: what is evaluated must not grow with the lake. Any condition of
# Spark SQL on partition columns will do (Glue developer guide, "Managing partitions for ETL output").
YESTERDAY = "dt = date_format(date_sub(current_date(), 1), 'yyyy-MM-dd')"


def quality_page(note: str) -> str:
    """The page of the rules. `note` says how it is made."""
    lines = ["# Quality rules", "", note, "", *_NOTE, ""]
    for feed, rules in RULES_OF.items():
        lines += [
            f"## {feed}",
            "",
            "| table | rule | dimension | kind | judges | meaning | in DQDL |",
            "| --- | --- | --- | --- | --- | --- | --- |",
        ]
        lines += [
            f"| `{rule.table}` | `{rule.name}` | {rule.dimension} | {'hard' if rule.hard else 'soft'} "
            f"| {rule.evaluates} | {rule.meaning} | {_in_dqdl(rule)} |"
            for rule in rules
        ]
        lines.append("")
    lines += ["## The view `quality`", "", "| column | type |", "| --- | --- |"]
    lines += [f"| `{column.name}` | `{column.type}` |" for column in VIEW_COLUMNS]
    return "\n".join([*lines, ""])


def _in_dqdl(rule: QualityRule) -> str:
    if rule.dqdl is None:
        return f"no: {rule.differs}"
    return "the same" if rule.differs is None else f"but {rule.differs}"


def quality_template(text: str) -> str:
    """The template with what is below its mark made anew. Raises ValueError where there is none."""
    head, mark, _ = text.partition(_MARK)
    if not mark:
        raise ValueError("quality.yaml has no mark below which the rules are")
    return (
        head + mark + "\n".join(_ruleset(table) + _schedule(table) for table in RULED_BY_GLUE)
    )


def _ruleset(table: str) -> str:
    lines = dqdl(rules_of_table(table)).rstrip().splitlines()
    rules = "\n".join(f"        {line}" for line in lines)
    return f"""\
  {table.capitalize()}Rules:
    Type: AWS::Glue::DataQualityRuleset
    Properties:
      Name: {ruleset_name(table)}
      Description: The rules of {table} that the job counts itself.
      TargetTable: {{DatabaseName: coinlake, TableName: {table}}}
      Ruleset: |
{rules}
"""


def _schedule(table: str) -> str:
    asked = {
        # A second delivery of the same moment starts no second run.
        "ClientToken": "<aws.scheduler.execution-id>",
        "DataSource": {
            "GlueTable": {
                "DatabaseName": "coinlake",
                "TableName": table,
                "AdditionalOptions": {"pushDownPredicate": YESTERDAY},
            }
        },
        "Role": "${EvaluationRole.Arn}",
        "NumberOfWorkers": WORKERS,
        "Timeout": TIMEOUT_MINUTES,
        "RulesetNames": [ruleset_name(table)],
        "AdditionalRunOptions": {"CompositeRuleEvaluationMethod": "ROW"},
    }
    told = "\n".join(f"          {line}" for line in json.dumps(asked, indent=2).splitlines())
    return f"""\
  {table.capitalize()}Evaluation:
    Type: AWS::Scheduler::Schedule
    Condition: IsScheduled
    DependsOn: {table.capitalize()}Rules
    Properties:
      Description: Glue evaluates the rules of {table} over the day before.
      ScheduleExpression: !Ref Schedule
      FlexibleTimeWindow: {{Mode: "OFF"}}
      Target:
        Arn: !Sub "arn:${{AWS::Partition}}:scheduler:::aws-sdk:glue:startDataQualityRulesetEvaluationRun"
        RoleArn: !GetAtt ScheduleRole.Arn
        RetryPolicy: {{MaximumRetryAttempts: 3, MaximumEventAgeInSeconds: 3600}}
        Input: !Sub |
{told}
"""
