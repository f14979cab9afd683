"""The abilities that the runner needs of the outside world, in our words."""

from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Protocol

from coinlake.contracts.announcements import Published
from coinlake.contracts.hours import Hour
from coinlake.contracts.tables import Column
from coinlake.differences import PartitionSeen
from coinlake.errors import TransientError
from coinlake.views.definition import View
from etl_runner.core.batch import CommitTerms, FinishedBatch, PublicationOutcome
from etl_runner.core.hours import FeedHour
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

    async def registered(self, table: str, dt: str) -> Sequence[PartitionSeen]:
        """What is registered for a day. Raises NotFoundError where there is no such table."""
        ...

    async def crawl(self) -> None:
        """Run the crawler and wait until that very crawl has succeeded."""
        ...


class ViewCatalog(Protocol):
    """The live views in the catalog. Every method raises TransientError while Glue is away."""

    async def boundary(self, feed: str) -> Hour | None:
        """The last hour that every live view of a feed reads from the tables.

        None where one of them is not there, tells none, or another one.
        """
        ...

    async def replace(self, view: View) -> None:
        """Put the view in one step, whether there is one or not. Raises NotFoundError where there
        is no database."""
        ...


class TablePublisher(Protocol):
    """Makes what a batch staged the committed version of its hours, in one table format.

    What it promises; an implementation passes the exam in `tests/contract/publishing`:

    whole: whoever reads an hour of a table sees the rows of one version, at every moment.
    once: of all batches over one version of an hour, one commits the next. The others are refused
        and leave nothing that a reader could see.
    visible first: versions count up by one, and one is committed after its rows can be read.
    repeatable: anybody may publish a batch again after any interruption, and at the same time. What
        is committed stays, what is missing is made good.
    begun is finished: what a batch published and could not commit is committed for it before
        another batch publishes the hour.
    as staged: staged bytes that are not those of the result are refused, and the hour is then frozen
        into a batch of another name.
    each hour by itself: what is away or odd for one hour holds up no other.
    """

    async def publish(
        self, batch: FinishedBatch, accepted: Collection[FeedHour], terms: CommitTerms
    ) -> Sequence[PublicationOutcome]:
        """Publish and commit the accepted hours; what became of each.

        `terms.told` hears each outcome as soon as it is known, also of hours that were finished for
        another batch. Raises TransientError only where nothing of the batch can be said.
        """
        ...

    async def clean(self, batch_id: str) -> None:
        """Remove what a batch staged, of all its attempts: nobody needs it any more."""
        ...


class PublicationAnnouncer(Protocol):
    """Says what was published. A hint: it never waits and never fails."""

    def announce(self, published: Published) -> None: ...
