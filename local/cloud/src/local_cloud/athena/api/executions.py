"""Query executions: their states, Athena's shape of them, and their history on disk."""

import json
from dataclasses import asdict, dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from local_cloud.errors import AwsError

QUEUED, RUNNING, SUCCEEDED = "QUEUED", "RUNNING", "SUCCEEDED"
FAILED, CANCELLED = "FAILED", "CANCELLED"
FINAL = (SUCCEEDED, FAILED, CANCELLED)
LOST = "The local cloud was stopped while this query was alive."


@dataclass(slots=True)
class QueryExecution:
    """One query execution. Times are seconds since the epoch, durations milliseconds."""

    id: str
    query: str
    workgroup: str
    database: str
    output: str
    statement: str
    substatement: str
    submitted: float
    parameters: list[str] = field(default_factory=list)
    token: str = ""
    fingerprint: str = ""
    state: str = QUEUED
    reason: str = ""
    error: dict[str, Any] | None = None
    completed: float | None = None
    scanned: int = 0
    queue_ms: int = 0
    engine_ms: int = 0
    total_ms: int = 0
    columns: list[dict[str, Any]] = field(default_factory=list)
    manifest: str = ""
    updated: int = 0
    bucket_owner: str = ""
    # What was looked up in the catalog: ours, AWS does not tell it here.
    tables: list[str] = field(default_factory=list)
    rows: int | None = None
    """Of its result, where it has one."""

    @property
    def has_rows(self) -> bool:
        """Whether there is a result to page through; CTAS and UNLOAD tell what they wrote."""
        return self.substatement not in ("CREATE_TABLE_AS_SELECT", "UNLOAD")

    def described(self) -> dict[str, Any]:
        """Athena's QueryExecution; parameters are never given back (Athena API, QueryExecution)."""
        status: dict[str, Any] = {"State": self.state, "SubmissionDateTime": self.submitted}
        if self.reason:
            status["StateChangeReason"] = self.reason
        if self.completed is not None:
            status["CompletionDateTime"] = self.completed
        if self.error is not None:
            status["AthenaError"] = self.error
        result = {"OutputLocation": self.output}
        if self.bucket_owner:
            result["ExpectedBucketOwner"] = self.bucket_owner
        return {
            "QueryExecutionId": self.id,
            "Query": self.query,
            "StatementType": self.statement,
            "SubstatementType": self.substatement,
            "ResultConfiguration": result,
            "ResultReuseConfiguration": {"ResultReuseByAgeConfiguration": {"Enabled": False}},
            "QueryExecutionContext": {"Database": self.database, "Catalog": "awsdatacatalog"},
            "Status": status,
            "Statistics": {
                "EngineExecutionTimeInMillis": self.engine_ms,
                "DataScannedInBytes": self.scanned,
                "TotalExecutionTimeInMillis": self.total_ms,
                "QueryQueueTimeInMillis": self.queue_ms,
                "ServiceProcessingTimeInMillis": max(
                    0, self.total_ms - self.queue_ms - self.engine_ms
                ),
                "ResultReuseInformation": {"ReusedPreviousResult": False},
                **({"DataManifestLocation": self.manifest} if self.manifest else {}),
            },
            "WorkGroup": self.workgroup,
            "EngineVersion": {
                "SelectedEngineVersion": "Athena engine version 3",
                "EffectiveEngineVersion": "Athena engine version 3",
            },
        }

    def statistics(self) -> dict[str, Any]:
        """Athena's QueryRuntimeStatistics: times at once, counts of rows once it has ended well.

        Input rows, stages and what a cache saved are not told here (Athena API,
        GetQueryRuntimeStatistics: they may be missing).
        """
        told: dict[str, Any] = {
            "Timeline": {
                "EngineExecutionTimeInMillis": self.engine_ms,
                "TotalExecutionTimeInMillis": self.total_ms,
                "QueryQueueTimeInMillis": self.queue_ms,
                "ServiceProcessingTimeInMillis": max(
                    0, self.total_ms - self.queue_ms - self.engine_ms
                ),
            }
        }
        if self.state == SUCCEEDED and self.rows is not None:
            told["Rows"] = {"InputBytes": self.scanned, "OutputRows": self.rows}
        return told


class History:
    """All executions, in memory and one file each; safe for many threads."""

    def __init__(self, folder: Path, now: float) -> None:
        self._folder = folder
        folder.mkdir(parents=True, exist_ok=True)
        self._lock = Lock()
        self._known: dict[str, QueryExecution] = {}
        self._tokens: dict[tuple[str, str], str] = {}
        for file in sorted(folder.glob("*.json")):
            self._load(QueryExecution(**json.loads(file.read_text())), now)

    def _load(self, found: QueryExecution, now: float) -> None:
        if found.state not in FINAL:
            found.state, found.reason, found.completed = FAILED, LOST, now
            found.error = {
                "ErrorCategory": 1,
                "ErrorType": 100,
                "Retryable": True,
                "ErrorMessage": LOST,
            }
            self.save(found)
        self._known[found.id] = found
        self._tokens[(found.workgroup, found.token)] = found.id

    def add(self, made: QueryExecution) -> QueryExecution:
        """Enter an execution, or give the one that the same token started before.

        (Athena API, StartQueryExecution: ClientRequestToken.)
        """
        with self._lock:
            known = self._tokens.get((made.workgroup, made.token))
            if known is not None:
                before = self._known[known]
                if before.fingerprint != made.fingerprint:
                    raise AwsError(
                        "InvalidRequestException",
                        "Idempotent parameters do not match: the client request token was used "
                        "with another request.",
                    )
                return before
            self._known[made.id] = made
            self._tokens[(made.workgroup, made.token)] = made.id
        self.save(made)
        return made

    def knows(self, workgroup: str, token: str) -> bool:
        """Whether a query was started with this token."""
        return (workgroup, token) in self._tokens

    def get(self, id_: str) -> QueryExecution:
        found = self._known.get(id_)
        if found is None:
            raise AwsError("InvalidRequestException", f"QueryExecution {id_} was not found")
        return found

    def find(self, id_: str) -> QueryExecution | None:
        return self._known.get(id_)

    def of(self, workgroup: str) -> list[QueryExecution]:
        """Newest first."""
        with self._lock:
            found = [one for one in self._known.values() if one.workgroup == workgroup]
        return sorted(found, key=lambda one: (one.submitted, one.id), reverse=True)

    def forget(self, workgroup: str) -> None:
        """Drop the history of a workgroup that is deleted."""
        for one in self.of(workgroup):
            with self._lock:
                self._known.pop(one.id, None)
                self._tokens.pop((workgroup, one.token), None)
            (self._folder / f"{one.id}.json").unlink(missing_ok=True)

    def save(self, one: QueryExecution) -> None:
        """Write whole or not at all: a half file would be a lost history."""
        target = self._folder / f"{one.id}.json"
        part = target.with_suffix(".part")
        part.write_text(json.dumps(asdict(one)))
        part.replace(target)
