"""What the service asks of the outside world, in its own words."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from query_api.core.answers import ExecutionState, LostExecution, Rows
from query_api.core.guard import Checked
from query_api.core.statements import Statement


class SqlEngine(Protocol):
    """What runs SQL; see adapters/athena.py for the promises of each method."""

    @property
    def where(self) -> str: ...
    async def start(self, statement: Statement, token: str) -> str: ...
    async def executions(
        self, ids: Sequence[str]
    ) -> Mapping[str, ExecutionState | LostExecution]: ...
    async def rows(self, execution_id: str, max_rows: int) -> Rows: ...
    async def stop(self, execution_id: str) -> None: ...


class StatementGuard(Protocol):
    """What checks ad-hoc SQL; see adapters/guard.py."""

    async def check(self, sql: str, max_rows: int) -> Checked: ...
