"""The Glue API's operations on rulesets, their evaluation runs, and the results. In memory."""

import threading
import uuid
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import structlog
from botocore.exceptions import BotoCoreError, ClientError

from local_cloud.bill import Bill, evaluation_usd
from local_cloud.clients import Clients
from local_cloud.errors import AwsError
from local_cloud.pages import page
from local_cloud.quality import evaluation
from local_cloud.quality.dqdl import DqdlError, parse
from local_cloud.quality.tables import PREDICATE, rows_of

log = structlog.get_logger(__name__)

Answer = dict[str, Any]
# What an evaluation takes if nobody says (Glue API, StartDataQualityRulesetEvaluationRun).
_WORKERS = 5
_FAILURES = (
    ClientError,
    BotoCoreError,
    DqdlError,
    pa.ArrowInvalid,
    pa.ArrowNotImplementedError,
)


class DataQuality:
    """Rulesets by name; a run is a thread, and its results are kept until the process ends."""

    def __init__(self, clients: Clients, bill: Bill, now: Callable[[], float]) -> None:
        self._clients, self._bill, self._now = clients, bill, now
        self._lock = threading.Lock()
        self._rulesets: dict[str, Answer] = {}
        self._runs: dict[str, Answer] = {}
        self._results: dict[str, Answer] = {}
        self.operations: dict[str, Callable[[Answer], Answer]] = {
            "CreateDataQualityRuleset": self._create,
            "UpdateDataQualityRuleset": self._update,
            "GetDataQualityRuleset": self._get,
            "DeleteDataQualityRuleset": self._delete,
            "StartDataQualityRulesetEvaluationRun": self._start,
            "GetDataQualityRulesetEvaluationRun": self._run,
            "ListDataQualityResults": self._list,
            "GetDataQualityResult": self._result,
        }

    def _create(self, request: Answer) -> Answer:
        _check(request["Ruleset"])
        with self._lock:
            if request["Name"] in self._rulesets:
                raise AwsError("AlreadyExistsException", f"{request['Name']} already exists")
            kept = {name: one for name, one in request.items() if name != "Tags"}
            self._rulesets[request["Name"]] = kept | self._stamps()
        return {"Name": request["Name"]}

    def _update(self, request: Answer) -> Answer:
        if "Ruleset" in request:
            _check(request["Ruleset"])
        with self._lock:
            old = self._ruleset(request["Name"])
            changed = {"LastModifiedOn": self._now()}
            self._rulesets[request["Name"]] = {**old, **request, **changed}
        return dict(request)

    def _get(self, request: Answer) -> Answer:
        with self._lock:
            return dict(self._ruleset(request["Name"]))

    def _delete(self, request: Answer) -> Answer:
        with self._lock:
            self._ruleset(request["Name"])
            del self._rulesets[request["Name"]]
        return {}

    def _start(self, request: Answer) -> Answer:
        source = request["DataSource"].get("GlueTable")
        if source is None:
            raise AwsError("InvalidInputException", "DataSource.GlueTable is needed here")
        unknown = set(source.get("AdditionalOptions") or {}) - {PREDICATE}
        if unknown:
            said = f"AdditionalOptions {sorted(unknown)}: known here is {PREDICATE}"
            raise AwsError("InvalidInputException", said)
        run_id = f"dqrun-{uuid.uuid4().hex}"
        with self._lock:
            rulesets = {
                name: self._ruleset(name)["Ruleset"] for name in request["RulesetNames"]
            }
            run = {**request, "RunId": run_id, "Status": "RUNNING", "StartedOn": self._now()}
            self._runs[run_id] = run
        threading.Thread(target=self._work, args=(run, source, rulesets), daemon=True).start()
        return {"RunId": run_id}

    def _run(self, request: Answer) -> Answer:
        with self._lock:
            run = self._runs.get(request["RunId"])
            if run is None:
                raise AwsError("EntityNotFoundException", f"no run {request['RunId']}")
            return dict(run)

    def _list(self, request: Answer) -> Answer:
        wanted = request.get("Filter") or {}
        after, table = wanted.get("StartedAfter"), wanted.get("DataSource")
        with self._lock:
            found = [
                one
                for one in self._results.values()
                if (after is None or one["StartedOn"] > float(after))
                and (table is None or _same_table(one["DataSource"], table))
            ]
        some, rest = page(found, request, 100)
        names = ("ResultId", "DataSource", "StartedOn")
        return {"Results": [{name: one[name] for name in names} for one in some], **rest}

    def _result(self, request: Answer) -> Answer:
        with self._lock:
            found = self._results.get(request["ResultId"])
        if found is None:
            raise AwsError("EntityNotFoundException", f"no result {request['ResultId']}")
        return dict(found)

    def _work(self, run: Answer, source: Answer, rulesets: dict[str, str]) -> None:
        """The run's thread: whatever happens, the run has ended afterwards."""
        ended: Answer = {"Status": "SUCCEEDED"}
        try:
            results = [self._judged(run, source, name, said) for name, said in rulesets.items()]
            ended["ResultIds"] = [one["ResultId"] for one in results]
            with self._lock:
                self._results |= {one["ResultId"]: one for one in results}
        except _FAILURES as failure:
            ended = {"Status": "FAILED", "ErrorString": str(failure)}
        except Exception as failure:
            log.exception("evaluation_broke", run=run["RunId"])
            said = f"Internal error of the local cloud: {failure}"
            ended = {"Status": "FAILED", "ErrorString": said}
        now = self._now()
        seconds = now - run["StartedOn"]
        dpu_seconds, usd = evaluation_usd(run.get("NumberOfWorkers", _WORKERS), seconds)
        self._bill.charge("glue", "data quality DPU-seconds", dpu_seconds, usd)
        with self._lock:
            times = {"CompletedOn": now, "ExecutionTime": round(seconds)}
            self._runs[run["RunId"]] = {**run, **ended, **times}

    def _judged(self, run: Answer, source: Answer, name: str, ruleset: str) -> Answer:
        rules = parse(ruleset)
        columns = set[str]().union(*(evaluation.columns_of(rule) for rule in rules))
        options = run.get("AdditionalRunOptions") or {}
        composite = options.get("CompositeRuleEvaluationMethod", evaluation.COLUMN)
        table = rows_of(self._clients, source, columns)
        outcomes = evaluation.evaluate(rules, table, composite)
        results = [_rule_result(number, one) for number, one in enumerate(outcomes, 1)]
        return {
            "ResultId": f"dqresult-{uuid.uuid4().hex}",
            "Score": sum(one.held for one in outcomes) / len(outcomes),
            "DataSource": run["DataSource"],
            "RulesetName": name,
            "RulesetEvaluationRunId": run["RunId"],
            "StartedOn": run["StartedOn"],
            "CompletedOn": self._now(),
            "RuleResults": results,
            "AggregatedMetrics": {
                "TotalRowsProcessed": table.num_rows,
                "TotalRulesProcessed": len(outcomes),
                "TotalRulesPassed": sum(one.held for one in outcomes),
                "TotalRulesFailed": sum(not one.held for one in outcomes),
            },
        }

    def _ruleset(self, name: str) -> Answer:
        if name not in self._rulesets:
            raise AwsError("EntityNotFoundException", f"Ruleset {name} not found")
        return self._rulesets[name]

    def _stamps(self) -> Answer:
        return {"CreatedOn": self._now(), "LastModifiedOn": self._now()}


def _check(ruleset: str) -> None:
    try:
        parse(ruleset)
    except DqdlError as error:
        raise AwsError("InvalidInputException", f"the ruleset is refused: {error}") from None


def _same_table(one: Answer, other: Answer) -> bool:
    names = ("DatabaseName", "TableName")
    found, wanted = one["GlueTable"], other.get("GlueTable") or {}
    return [found[name] for name in names] == [wanted.get(name) for name in names]


def _rule_result(number: int, outcome: evaluation.Outcome) -> Answer:
    told: Answer = {
        "Name": f"Rule_{number}",
        "Description": outcome.rule.text,
        "EvaluatedRule": outcome.rule.text,
        "Result": "PASS" if outcome.held else "FAIL",
    }
    if outcome.failed:
        told["EvaluationMessage"] = (
            f"{outcome.failed} of {outcome.evaluated} rows do not meet the constraint"
        )
    return told
