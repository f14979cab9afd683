"""What Glue may say to a call, in our words."""

from collections.abc import Iterator
from contextlib import contextmanager

from botocore.exceptions import ClientError

from coinlake.errors import NotFoundError
from coinlake.outcomes import answered, away, code_of
from etl_runner.core.ports import BusyError

_GONE = {"EntityNotFoundException"}
_BUSY = {"ConcurrentRunsExceededException", "CrawlerRunningException"}


@contextmanager
def translated(what: str) -> Iterator[None]:
    """One call and the reading of its answer.

    NotFoundError for what is not there, BusyError for what runs, TransientError for all else.
    """
    with away(what) as answer:
        try:
            yield
        except ClientError as error:
            said = f"{what}: {answered(error)}"
            if code_of(error) in _GONE:
                raise NotFoundError(said) from error
            if code_of(error) in _BUSY:
                raise BusyError(said) from error
            raise
        answer.require_json()
