"""The port behind which an SQL engine stands: DuckDB today, Trino some day."""

from collections.abc import Iterator
from typing import Any, Protocol

from sqlglot import exp

from local_cloud.athena.compile_query import Column
from local_cloud.athena.lake import Meter


class Answer(Protocol):
    """A query that is ready to run."""

    columns: tuple[Column, ...]

    def batches(self) -> Iterator[Any]:
        """Arrow record batches whose columns stand in the order of `columns`."""
        ...

    def cancel(self) -> None:
        """Stop from another thread; `batches` then ends with an error."""
        ...

    def close(self) -> None: ...


class Engine(Protocol):
    """Plans queries written in Athena's dialect over the catalog."""

    def prepare(self, query: exp.Expression, database: str, meter: Meter) -> Answer:
        """Resolve, type and bind `query`; QueryError where Athena would refuse it."""
        ...

    def close(self) -> None: ...
