"""Glue Data Quality beside our own counts: starts evaluations, and keeps their results in the bucket.

Nothing that publishes waits for it or reads what it says.
"""

import asyncio
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from coinlake.contracts.cloud import QUALITY_PREFIX
from coinlake.contracts.compact_json import compact_json
from coinlake.contracts.glue_quality import ruleset_name
from coinlake.contracts.quality import rules_of_table
from coinlake.errors import PreconditionFailedError, TransientError
from coinlake.store import ObjectStore
from coinlake_tools.aws_calls import call

_POLL_S = 1.0
# The least that a run may have (Glue API, StartDataQualityRulesetEvaluationRun: NumberOfWorkers).
WORKERS = 2
TIMEOUT_MINUTES = 30
_WORKING = frozenset({"STARTING", "RUNNING", "STOPPING"})


@dataclass(frozen=True, slots=True)
class EvaluationRequest:
    """What is evaluated: a day of the tables of a database, with the rights of a role."""

    database: str
    dt: str
    role: str

    def of(self, table: str) -> dict[str, Any]:
        """StartDataQualityRulesetEvaluationRun. Our rules are meant row by row."""
        return {
            "DataSource": {
                "GlueTable": {
                    "DatabaseName": self.database,
                    "TableName": table,
                    "AdditionalOptions": {"catalogPartitionPredicate": f"dt = '{self.dt}'"},
                }
            },
            "Role": self.role,
            "NumberOfWorkers": WORKERS,
            "Timeout": TIMEOUT_MINUTES,
            "RulesetNames": [ruleset_name(table)],
            "AdditionalRunOptions": {"CompositeRuleEvaluationMethod": "ROW"},
        }


@dataclass(frozen=True, slots=True)
class GlueOutcome:
    """What Glue says of one rule, as a line of JSON. Times are ms since the epoch, UTC.

    `rule` is our name of it, None where no rule of now is printed like that. `rows` are those that the
    evaluation read, None where it does not tell.
    """

    result_id: str
    ruleset: str
    table_name: str
    predicate: str
    started_ms: int
    completed_ms: int
    rule: str | None
    dqdl: str
    result: str
    message: str | None
    rows: int | None


@dataclass(frozen=True, slots=True)
class Collected:
    """Results that were kept now, and those that were there before."""

    new: int
    known: int


async def start(glue: Any, request: EvaluationRequest, table: str) -> str:
    """Start the evaluation of a table; the run's id."""
    answer = await call(glue, "start_data_quality_ruleset_evaluation_run", request.of(table))
    return str(answer["RunId"])


async def ended(glue: Any, run_id: str) -> list[str]:
    """Wait for a run; the ids of its results. Raises TransientError where it failed."""
    while True:
        run = await call(glue, "get_data_quality_ruleset_evaluation_run", {"RunId": run_id})
        if run["Status"] == "SUCCEEDED":
            return [str(one) for one in run["ResultIds"]]
        if run["Status"] not in _WORKING:
            said = run.get("ErrorString", "no reason is told")
            raise TransientError(f"evaluation {run_id} {run['Status']}: {said}")
        await asyncio.sleep(_POLL_S)


async def kept(glue: Any, store: ObjectStore, result_id: str) -> list[GlueOutcome]:
    """Keep a result below `quality/`, once; what it says."""
    result = await call(glue, "get_data_quality_result", {"ResultId": result_id})
    lines = list(outcomes(result))
    await _put(store, result_id, lines)
    return lines


async def collected(glue: Any, store: ObjectStore, database: str, since: str) -> Collected:
    """Keep every result of the database's tables that began on this UTC day or later."""
    began = datetime.fromisoformat(since).replace(tzinfo=UTC)
    new = known = 0
    there = {one.key async for one in store.list(QUALITY_PREFIX)}
    async for listed in _results(glue, began):
        if _table(listed).get("DatabaseName") != database:
            continue
        if result_key(listed["ResultId"]) in there:
            known += 1
            continue
        await kept(glue, store, listed["ResultId"])
        new += 1
    return Collected(new, known)


def outcomes(result: Mapping[str, Any]) -> Iterator[GlueOutcome]:
    """The lines of GetDataQualityResult."""
    table = _table(result)
    name = str(table.get("TableName", ""))
    rules = {_words(rule.dqdl): rule.name for rule in rules_of_table(name) if rule.dqdl}
    rows = (result.get("AggregatedMetrics") or {}).get("TotalRowsProcessed")
    for one in result.get("RuleResults", ()):
        said = str(one.get("EvaluatedRule") or one.get("Description") or "")
        yield GlueOutcome(
            result_id=str(result["ResultId"]),
            ruleset=str(result.get("RulesetName", "")),
            table_name=name,
            predicate=" and ".join((table.get("AdditionalOptions") or {}).values()),
            started_ms=_ms(result["StartedOn"]),
            completed_ms=_ms(result["CompletedOn"]),
            rule=rules.get(_words(said)),
            dqdl=said,
            result=str(one["Result"]),
            message=one.get("EvaluationMessage"),
            rows=None if rows is None else int(rows),
        )


def result_key(result_id: str) -> str:
    """Where a result is kept."""
    return f"{QUALITY_PREFIX}{result_id}.json"


async def _put(store: ObjectStore, result_id: str, lines: list[GlueOutcome]) -> None:
    body = b"".join(compact_json(line) + b"\n" for line in lines)
    try:
        await store.put(
            result_key(result_id), body, if_none_match=True, content_type="application/json"
        )
    except PreconditionFailedError:
        # A result never changes: somebody else has kept it meanwhile.
        return


async def _results(glue: Any, since: datetime) -> Any:
    request: dict[str, Any] = {"Filter": {"StartedAfter": since}}
    while True:
        answer = await call(glue, "list_data_quality_results", request)
        for one in answer["Results"]:
            yield one
        if not answer.get("NextToken"):
            return
        request = {**request, "NextToken": answer["NextToken"]}


def _table(result: Mapping[str, Any]) -> Mapping[str, Any]:
    found: Mapping[str, Any] = (result.get("DataSource") or {}).get("GlueTable") or {}
    return found


def _words(text: str | None) -> str:
    return " ".join((text or "").split())


def _ms(at: datetime) -> int:
    return int(at.timestamp() * 1000)
