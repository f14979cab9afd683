"""What Athena says about a query, and the rows it gives."""

from dataclasses import dataclass, replace

from query_api.core.cells import Json, cell

TERMINAL = frozenset({"SUCCEEDED", "FAILED", "CANCELLED"})


@dataclass(frozen=True, slots=True)
class ResultColumn:
    """A column of a result and Athena's name of its type."""

    name: str
    type: str


@dataclass(frozen=True, slots=True)
class ExecutionState:
    """The state of a query. RUNNING may go back to QUEUED (Athena API, QueryExecutionStatus:
    State); `reason` is Athena's own text."""

    state: str
    reason: str = ""
    category: int | None = None
    retryable: bool = False
    scanned_bytes: int = 0
    engine_ms: int = 0
    error_type: int | None = None

    @property
    def ended(self) -> bool:
        return self.state in TERMINAL


@dataclass(frozen=True, slots=True)
class Rows:
    """Rows as text, None for null. `truncated` where the result held more."""

    columns: tuple[ResultColumn, ...]
    rows: tuple[tuple[str | None, ...], ...]
    truncated: bool = False

    def values(self) -> list[list[Json]]:
        """The rows in JSON's types."""
        kinds = [column.type for column in self.columns]
        return [
            [cell(kind, text) for kind, text in zip(kinds, row, strict=True)]
            for row in self.rows
        ]

    def records(self) -> list[dict[str, Json]]:
        """The rows as objects, for results whose column names are unique."""
        names = [column.name for column in self.columns]
        return [dict(zip(names, row, strict=True)) for row in self.values()]


@dataclass(frozen=True, slots=True)
class QueryResult:
    """Rows, and the scanned bytes of each query that was paid for them: a retry costs too."""

    rows: Rows
    scans: tuple[int, ...]

    @property
    def scanned_bytes(self) -> int:
        return sum(self.scans)

    def after(self, earlier: "QueryResult | None") -> "QueryResult":
        """This answer with the cost of one before it that was thrown away."""
        return self if earlier is None else replace(self, scans=earlier.scans + self.scans)
