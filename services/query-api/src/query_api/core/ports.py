"""What the service asks of the outside world, in its own words."""

from collections.abc import Mapping, Sequence
from typing import Any, Protocol

import pyarrow as pa

from query_api.core.answers import ExecutionState, LostExecution, ResultObject, Rows
from query_api.core.encoders import Bytes, Meta
from query_api.core.estimate import Estimate
from query_api.core.guard import Checked
from query_api.core.read_sources import Read
from query_api.core.statements import Statement


class SqlEngine(Protocol):
    """What runs SQL; see adapters/athena.py for the promises of each method."""

    @property
    def where(self) -> str: ...
    async def start(self, statement: Statement, token: str) -> str: ...
    async def executions(
        self, ids: Sequence[str]
    ) -> Mapping[str, ExecutionState | LostExecution]: ...
    async def rows(self, execution_id: str, max_rows: int, location: str = "") -> Rows: ...
    async def located(self, execution_id: str) -> ResultObject: ...
    async def stop(self, execution_id: str) -> None: ...


class StatementGuard(Protocol):
    """What checks ad-hoc SQL; see adapters/guard.py."""

    async def check(self, sql: str, max_rows: int, key: str) -> Checked: ...


class ByteEstimator(Protocol):
    """What says how much a statement will read; see loop/estimating.py."""

    async def estimate(self, reads: Sequence[Read] | None) -> Estimate | None: ...


class Encoder(Protocol):
    """One answer's bytes: `head`, then `block` for each run of rows, then `tail`.

    `rows` of `meta` counts those of all blocks. Blocks may be made before the head is.
    """

    def head(self, meta: Meta) -> bytes: ...
    def block(self, cells: pa.Table) -> Bytes: ...
    def tail(self, meta: Meta) -> Bytes: ...


class Coding(Protocol):
    """One body's compressor."""

    def compress(self, data: Any) -> bytes: ...
    def flush(self) -> bytes: ...
