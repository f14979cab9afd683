"""Writes what is made from the code: reference pages, rights in Kafka, the crawler's targets.

The index of decisions is made from the records. A test runs this and fails where a file differs.
"""

import importlib
import re
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from http_pages import http_page
from prometheus_client import CollectorRegistry
from pydantic.fields import FieldInfo
from pydantic_core import PydanticUndefined
from quality_pages import quality_page, quality_template
from sql_pages import sql_page

from coinlake.contracts.datasets import TABLES, TABULAR
from coinlake.contracts.meanings import meaning_of, table_meaning
from coinlake.contracts.tables import PARTITION_KEYS, Column, is_quarantine, quarantine_of
from coinlake.contracts.topics import GAPS, REJECTED, TOPICS, copied_by_the_sink
from coinlake.settings import KafkaSettings, LakeSettings
from coinlake.views.every import VIEWS
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
_COLUMNS = ("| column | type | meaning |", "| --- | --- | --- |")
_TABLES_NOTE = (
    "Every table is partitioned by `dt` and `hour`, the UTC hour in which an answer was received. Times",
    "are UTC, amounts are exact. The catalog's comments say the same as this page.",
    "",
    "`candles_1m` holds partials per receive hour: a minute at an hour's edge has two rows, and the views",
    "`candles…` merge them. `…_live` reads closed hours from the tables and open ones from the raw zone, so",
    "its rows are seconds old: columns that the raw lines do not tell (`received_ts`, `poll_id`, …) are null",
    "there, and texts are taken as they are; the same rows have everything once their hour is in the tables.",
    "A view costs what it reads: a condition on `dt` keeps `…_live` cheap.",
)
_CONTRACT_NOTE = (
    "What of an answer becomes which column, and what happens where that cannot be. The version of a dataset",
    "rises with each column that is added; a type never changes, and nothing vanishes. Each hour's ledger entry",
    "says of which version its tables are (`contract`).",
    "",
    "- `beside`: the column is null, and the text is in `extra` under the column's name.",
    "- `quarantine`: the row is put aside by the rule `<column>_fits`.",
    "- `widen`: the column is null, as another column takes the value in a wider type.",
    "- Unknown keys, `evolve`: kept in `extra`. `freeze`: the row is put aside by the rule `no_unknown_keys`.",
    "  Both are counted, and announced: [unknown fields](../how-to/add-a-column.md).",
)
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
        f"{REFERENCE}/quality.md": quality_page(_NOTE),
        f"{REFERENCE}/contract.md": _contract(),
        f"{REFERENCE}/http-api.md": http_page((ROOT / REFERENCE / "http-api.md").read_text()),
        f"{REFERENCE}/sql-functions.md": sql_page(_NOTE),
        "docs/adr/README.md": _index(decisions()),
        RIGHTS: _rights((ROOT / RIGHTS).read_text()),
        TEMPLATE: _template((ROOT / TEMPLATE).read_text()),
        QUALITY_TEMPLATE: quality_template((ROOT / QUALITY_TEMPLATE).read_text()),
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
    lines += _section("MCP server", importlib.import_module("coinlake_mcp.config").Settings)
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
    lines = ["# Tables and views", "", _NOTE, "", *_TABLES_NOTE, ""]
    for table in [*TABLES.values(), quarantine_of("quotes")]:
        also = " (each `…_quarantine` is like it)" if is_quarantine(table.name) else ""
        lines += [f"## {table.name}{also}", "", table_meaning(table.name), "", *_COLUMNS]
        keys = [Column(name, "string") for name in PARTITION_KEYS]
        lines += [_column(column) for column in (*table.columns, *keys)]
        lines.append("")
    for view in VIEWS.values():
        same = next(
            (name for name, one in VIEWS.items() if one.columns == view.columns), view.name
        )
        lines += [f"## {view.name} (view)", "", view.meaning, ""]
        if same == view.name:
            lines += [*_COLUMNS, *(_column(column) for column in view.columns), ""]
        else:
            lines += [f"Columns as in `{same}`.", ""]
    return "\n".join(lines)


def _column(column: Column) -> str:
    return f"| `{column.name}` | `{column.type}` | {meaning_of(column.name)} |"


def _contract() -> str:
    lines = ["# The contract", "", _NOTE, "", *_CONTRACT_NOTE, ""]
    for name, dataset in TABULAR.items():
        element = dataset.element
        known = () if element is None else element.fields
        fields = {f"{dataset.tables[0]}.{one.column}": one for one in known}
        lines += [
            f"## {name}",
            "",
            f"Version {dataset.version}. Unknown keys: `{dataset.unknown_keys}`.",
            "",
        ]
        lines += [
            "| column | type | JSON key | a value that does not fit |",
            "| --- | --- | --- | --- |",
        ]
        for table in dataset.tables:
            for column in TABLES[table].columns:
                field = fields.get(f"{table}.{column.name}")
                told = " | |" if field is None else f" `{field.key}` | `{field.unfit}` |"
                lines.append(f"| `{table}.{column.name}` | `{column.type}` |{told}")
        lines.append("")
    return "\n".join(lines)


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


def main() -> int:
    """Write every file."""
    for name, text in pages().items():
        (ROOT / name).write_text(text)
        sys.stdout.write(f"{name}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
