"""What botocore raises, in our words."""

from collections.abc import Iterator
from contextlib import contextmanager

import aiohttp
from botocore.exceptions import BotoCoreError, ClientError

from coinlake.errors import NotFoundError, TransientError
from etl_runner.core.ports import BusyError

_GONE = {"EntityNotFoundException"}
_BUSY = {"ConcurrentRunsExceededException", "CrawlerRunningException"}


@contextmanager
def translated(what: str) -> Iterator[None]:
    """NotFoundError for what is not there, BusyError for what runs, else TransientError."""
    try:
        yield
    except ClientError as error:
        code = str(error.response.get("Error", {}).get("Code", ""))
        message = error.response.get("Error", {}).get("Message", "")
        said = f"{what}: {code}: {message}"
        if code in _GONE:
            raise NotFoundError(said) from error
        if code in _BUSY:
            raise BusyError(said) from error
        raise TransientError(said) from error
    except (BotoCoreError, aiohttp.ClientError, OSError, TimeoutError) as error:
        raise TransientError(f"{what}: {type(error).__name__}: {error}") from error
