"""The port behind which an SQL engine stands: DuckDB today, Trino some day."""

from collections.abc import Iterator, Sequence
from typing import Any, Protocol

from local_cloud.athena.sql.types import OutputColumn
from local_cloud.athena.storage.lake import Meter


class PreparedQuery(Protocol):
    """A query that is ready to run."""

    columns: tuple[OutputColumn, ...]

    def batches(self) -> Iterator[Any]:
        """Arrow record batches whose columns stand in the order of `columns`."""
        ...

    def cancel(self) -> None:
        """Stop from another thread; `batches` then ends with an error."""
        ...

    def close(self) -> None: ...


class QueryEngine(Protocol):
    """Plans queries written in Athena's dialect over the catalog."""

    def prepare(
        self, sql: str, parameters: Sequence[str], database: str, meter: Meter
    ) -> PreparedQuery:
        """Resolve, type and bind a query; QueryError where Athena would refuse it.

        `parameters` are the constant expressions that stand for its `?`.
        """
        ...

    def close(self) -> None: ...
