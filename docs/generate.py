"""Writes what is made from the code: reference pages, rights in Kafka, the crawler's targets.

The index of decisions is made from the records. A test runs this and fails where a file differs.
"""

import importlib
import json
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from prometheus_client import CollectorRegistry
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined

from coinlake.contracts.datasets import TABLES, TABULAR
from coinlake.contracts.quality import (
    RULED_BY_GLUE,
    RULES_OF,
    VIEW_COLUMNS,
    QualityRule,
    dqdl,
    rules_of_table,
    ruleset_name,
)
from coinlake.contracts.tables import PARTITION_KEYS, is_quarantine, quarantine_of
from coinlake.contracts.topics import GAPS, REJECTED, TOPICS, copied_by_the_sink
from coinlake.settings import KafkaSettings, LakeSettings
from coinlake_tools.quality_glue import TIMEOUT_MINUTES, WORKERS
from ingestor.core.feeds import FEEDS

ROOT = Path(__file__).resolve().parents[1]
REFERENCE, RIGHTS, TEMPLATE, QUALITY_TEMPLATE = (
    "docs/reference",
    "deploy/ec2/kafka/acls.tsv",
    "deploy/ec2/coinlake.yaml",
    "deploy/ec2/quality.yaml",
)
SERVICES = ("ingestor", "s3_sink", "etl_runner", "query_api")
# Where the metrics of each are; the auditor is the tools' `coinlake audit --every`.
METRICS = {service: f"{service}.metrics" for service in SERVICES} | {
    "auditor": "coinlake_tools.auditor"
}
_SHARED = {"Kafka, all services": KafkaSettings, "The lake": LakeSettings}
_SETTINGS_NOTE = (
    "All settings are environment variables, read once. An invalid value, or an unknown name with one",
    "of these prefixes, ends a service with exit code 2 and one sentence before it opens anything.",
    "Times may be at most 366 days, sizes at most 1 TiB.",
)
_QUALITY_NOTE = (
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
_NOTE = "Made by `make docs` from the code; a test compares them."


_DECISION = re.compile(
    r"# (?P<number>\d+)\. (?P<title>.+)\n\n"
    r"(?P<date>\d{4}-\d\d-\d\d)(?:, superseded by (?P<heir>\d{4}))?\n"
)


@dataclass(frozen=True, slots=True)
class Decision:
    """The head of one record in `docs/adr/`."""

    file: str
    number: int
    title: str
    date: str
    superseded_by: int | None


def pages() -> dict[str, str]:
    """Each generated file by its path in the clone."""
    return {
        f"{REFERENCE}/settings.md": _settings(),
        f"{REFERENCE}/metrics.md": _metrics(),
        f"{REFERENCE}/topics.md": _topics(),
        f"{REFERENCE}/tables.md": _tables(),
        f"{REFERENCE}/quality.md": _quality(),
        "docs/adr/README.md": _index(decisions()),
        RIGHTS: _rights((ROOT / RIGHTS).read_text()),
        TEMPLATE: _template((ROOT / TEMPLATE).read_text()),
        QUALITY_TEMPLATE: _quality_template((ROOT / QUALITY_TEMPLATE).read_text()),
    }


def decisions(folder: Path = ROOT / "docs" / "adr") -> list[Decision]:
    """Every record of a decision, in the order of the numbers."""
    return [_decision(path) for path in sorted(folder.glob("[0-9]*.md"))]


def _decision(path: Path) -> Decision:
    head = _DECISION.match(path.read_text())
    if head is None or int(head["number"]) != int(path.name[:4]):
        raise ValueError(
            f"{path.name} does not begin with `# <its number>. <title>` and a date"
        )
    heir = head["heir"]
    return Decision(
        path.name, int(head["number"]), head["title"], head["date"], int(heir) if heir else None
    )


def _index(records: list[Decision]) -> str:
    lines = [
        "# Decisions",
        "",
        "Made by `make docs` from the records; a test compares them. "
        "CONTRIBUTING.md says what a record holds.",
        "",
        "| number | title | date | status | superseded by |",
        "| --- | --- | --- | --- | --- |",
    ]
    files = {record.number: record.file for record in records}
    for record in records:
        heir = record.superseded_by
        status = "accepted" if heir is None else "superseded"
        by = "" if heir is None else f"[{heir:04}]({files[heir]})"
        lines.append(
            f"| {record.number:04} | [{record.title}]({record.file}) | {record.date} "
            f"| {status} | {by} |"
        )
    return "\n".join([*lines, ""])


def _settings() -> str:
    lines = ["# Settings", "", _NOTE, "", *_SETTINGS_NOTE, ""]
    for title, shared in _SHARED.items():
        lines += _section(title, shared)
    for service in SERVICES:
        lines += _section(service, importlib.import_module(f"{service}.config").Settings)
    return "\n".join(lines)


def _section(title: str, cls: Any) -> list[str]:
    prefix = str(cls.model_config.get("env_prefix", ""))
    rows = [
        f"| `{name}` | {default} | {text} |" for name, default, text in _fields(prefix, cls)
    ]
    head = ["| variable | default | meaning |", "| --- | --- | --- |"]
    return [f"## {title}", "", *head, *rows, ""]


def _fields(prefix: str, cls: Any) -> Iterator[tuple[str, str, str]]:
    fields: dict[str, FieldInfo] = cls.model_fields
    for name, field in fields.items():
        nested: Any = field.annotation
        if nested in _SHARED.values():
            continue
        if isinstance(nested, type) and hasattr(nested, "model_fields"):
            own = str(nested.model_config.get("env_prefix", ""))
            yield from _fields(own or f"{prefix}{name}__", nested)
            continue
        alias = field.validation_alias
        shown = alias if isinstance(alias, str) else f"{prefix}{name}"
        yield shown.upper(), _default(field), " ".join((field.description or "").split())


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True, validated_data={})
    if value is PydanticUndefined or value is None:
        return "none"
    return f"`{value}`"


def _metrics() -> str:
    lines = ["# Metrics", "", _NOTE, "", "Each service serves them on `/metrics`.", ""]
    for service, name in METRICS.items():
        registry = CollectorRegistry()
        module = importlib.import_module(name)
        (cls,) = (
            item
            for name, item in vars(module).items()
            if name.endswith("Metrics")
            and isinstance(item, type)
            and item.__module__ == module.__name__
        )
        cls(registry)
        lines += [f"## {service}", "", "| metric | type | meaning |", "| --- | --- | --- |"]
        for family in sorted(registry.collect(), key=lambda family: family.name):
            suffix = "_total" if family.type == "counter" else ""
            lines.append(
                f"| `{family.name}{suffix}` | {family.type} | {family.documentation} |"
            )
        lines.append("")
    return "\n".join([*lines, *_host_metrics()])


def _host_metrics() -> list[str]:
    """What the EC2 host tells beside them, from the files that say so."""
    facts = (ROOT / "deploy/ec2/libexec/host-metrics").read_text()
    agent = (ROOT / "deploy/ec2/kafka/agent.yaml").read_text()
    told = {
        "host": re.findall(r'^  family (\w+) (\w+) "(.+)"$', facts, re.MULTILINE),
        "broker": [
            (name, kind.lower(), meaning)
            for name, meaning, kind in re.findall(
                r"name: (\w+)\n    help: (.+)\n    type: (\w+)", agent
            )
        ],
    }
    lines = ["On the EC2 host there are node_exporter's (`node_*`), and:", ""]
    for job, families in told.items():
        lines += [f"## {job}", "", "| metric | type | meaning |", "| --- | --- | --- |"]
        lines += [f"| `{name}` | {kind} | {meaning} |" for name, kind, meaning in families]
        lines.append("")
    return lines


def _topics() -> str:
    lines = [
        "# Topics",
        "",
        _NOTE,
        "",
        "| topic | partitions | settings |",
        "| --- | --- | --- |",
    ]
    for topic in TOPICS.values():
        settings = ", ".join(f"`{name}={value}`" for name, value in topic.config().items())
        lines.append(f"| `{topic.name}` | {topic.partitions} | {settings} |")
    return "\n".join([*lines, ""])


def _tables() -> str:
    lines = ["# Tables", "", _NOTE, ""]
    lines += [f"Every table is partitioned by {' and '.join(PARTITION_KEYS)} (strings).", ""]
    for table in [*TABLES.values(), quarantine_of("quotes")]:
        also = " (each `…_quarantine` is like it)" if is_quarantine(table.name) else ""
        lines += [f"## {table.name}{also}", "", "| column | type |", "| --- | --- |"]
        lines += [f"| `{column.name}` | `{column.type}` |" for column in table.columns]
        lines.append("")
    return "\n".join(lines)


def _quality() -> str:
    lines = ["# Quality rules", "", _NOTE, "", *_QUALITY_NOTE, ""]
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


def _rights(text: str) -> str:
    """The rights with the contract's topics: a line's user and operations say which."""
    copied = copied_by_the_sink()
    topics = {
        ("ingestor", "Write,Describe"): [
            *(one.topic for one in FEEDS.values()),
            REJECTED,
            GAPS,
        ],
        ("s3-sink", "Create,Read,Describe,DescribeConfigs"): copied,
        ("auditor", "Read,Describe"): copied,
        ("tools", "Create,Describe,DescribeConfigs"): TOPICS,
    }
    lines = []
    for line in text.splitlines():
        user, operations, kind, *names = line.split("\t") if "\t" in line else ("", "", "")
        if kind == "topic" and (made := topics.pop((user, operations), None)) is not None:
            names = [",".join(made)]
        lines.append("\t".join((user, operations, kind, *names)) if kind else line)
    if topics:
        raise ValueError(f"{RIGHTS} has no line for {sorted(topics)}")
    return "\n".join([*lines, ""])


def _template(text: str) -> str:
    """The template with a target of the crawler for each table and each quarantine."""
    found = re.search(r"(?:^ +- \{Path: !Sub .*/curated/.*\n)+", text, re.M)
    if found is None:
        raise ValueError(f"{TEMPLATE} has no targets of a crawler")
    indent = " " * (len(found[0]) - len(found[0].lstrip()))
    made = "".join(
        f'{indent}- {{Path: !Sub "s3://${{Lake}}/curated/{name}/"}}\n'
        for dataset in TABULAR.values()
        for name in dataset.published
    )
    return f"{text[: found.start()]}{made}{text[found.end() :]}"


def _quality_template(text: str) -> str:
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


def main() -> int:
    """Write every file."""
    for name, text in pages().items():
        (ROOT / name).write_text(text)
        sys.stdout.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
