"""The abilities that the runner needs of the outside world, in our words."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from coinlake.contracts.announcements import Published
from coinlake.contracts.hours import Hour
from coinlake.contracts.tables import Column
from coinlake.errors import TransientError
from etl_runner.core.runs import GlueRun


class BusyError(TransientError):
    """The job has no free slot (Glue API, ConcurrentRunsExceededException); normal while a run is
    in flight and seconds after (Airflow's GlueJobOperator, sleep_before_return)."""


class JobRuns(Protocol):
    """The Glue job. Every method raises TransientError while Glue is away or refuses."""

    async def start(self, arguments: Mapping[str, str]) -> str:
        """Start a run; its id. Raises BusyError where no slot is free."""
        ...

    async def get(self, run_id: str) -> GlueRun: ...

    async def recent(self) -> Sequence[GlueRun]:
        """The newest runs, newest first."""
        ...

    async def stop(self, run_id: str) -> None: ...


class TableCatalog(Protocol):
    """Tables and partitions. Every method raises TransientError while Glue is away."""

    async def columns(self, table: str) -> Sequence[Column] | None:
        """The table's columns without partition keys; None where there is no table."""
        ...

    async def register(
        self, table: str, hours: Iterable[Hour], *, replaces: bool = False
    ) -> None:
        """Make partitions known; those that are known stay, unless this `replaces` them.

        Raises NotFoundError where there is no such table.
        """
        ...

    async def registered(self, table: str, dt: str) -> Collection[Hour]:
        """The hours of a day that have a partition at the place where the table's objects lie."""
        ...

    async def crawl(self) -> None:
        """Run the crawler and wait until that very crawl has succeeded."""
        ...


class PublicationAnnouncer(Protocol):
    """Says what was published. A hint: it never waits and never fails."""

    def announce(self, published: Published) -> None: ...
