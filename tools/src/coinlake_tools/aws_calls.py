"""AWS calls that create what is missing; the only place of the tools that knows botocore."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack, asynccontextmanager, contextmanager
from dataclasses import dataclass
from typing import Any

from botocore.exceptions import BotoCoreError, ClientError

from coinlake.aws import open_client
from coinlake.errors import CoinlakeError, TransientError

_POLL_S = 0.1
_ALREADY_THERE = frozenset(
    {"AlreadyExistsException", "BucketAlreadyOwnedByYou", "BucketAlreadyExists"}
)


@dataclass(frozen=True, slots=True)
class Aws:
    """The clients that provisioning uses."""

    s3: Any
    glue: Any
    athena: Any


@asynccontextmanager
async def open_aws() -> AsyncIterator[Aws]:
    """Clients from the standard environment."""
    async with AsyncExitStack() as opened:
        s3, glue, athena = [
            await opened.enter_async_context(open_client(name))
            for name in ("s3", "glue", "athena")
        ]
        yield Aws(s3, glue, athena)


async def created(client: Any, operation: str, request: dict[str, Any]) -> bool:
    """Call a creating operation. False where the thing is there already.

    Raises TransientError with AWS's own code and message.
    """
    try:
        with translated(operation):
            await getattr(client, operation)(**request)
    except _AlreadyThereError:
        return False
    return True


async def call(client: Any, operation: str, request: dict[str, Any]) -> Any:
    """Call any operation. Raises TransientError with AWS's own code and message."""
    with translated(operation):
        return await getattr(client, operation)(**request)


async def run_statement(athena: Any, sql: str, database: str, workgroup: str) -> None:
    """Run one statement and wait for its end. Raises TransientError with the reason."""
    request = {
        "QueryString": sql,
        "QueryExecutionContext": {"Database": database},
        "WorkGroup": workgroup,
    }
    query = (await call(athena, "start_query_execution", request))["QueryExecutionId"]
    while True:
        answer = await call(athena, "get_query_execution", {"QueryExecutionId": query})
        status = answer["QueryExecution"]["Status"]
        if status["State"] == "SUCCEEDED":
            return
        if status["State"] in ("FAILED", "CANCELLED"):
            raise TransientError(f"{sql[:60]}…: {status.get('StateChangeReason', 'no reason')}")
        await asyncio.sleep(_POLL_S)


@contextmanager
def translated(operation: str) -> Iterator[None]:
    """Turn what the client library raises into our words."""
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        message = error.response.get("Error", {}).get("Message", "")
        if code in _ALREADY_THERE or _is_a_workgroup_that_exists(code, message):
            raise _AlreadyThereError(message) from error
        raise TransientError(f"{operation}: {code}: {message}") from error
    except (BotoCoreError, OSError) as error:
        raise TransientError(f"{operation}: {type(error).__name__}: {error}") from error


def _is_a_workgroup_that_exists(code: str, message: str) -> bool:
    """Athena has no code of its own for it: `WorkGroup is already created`.

    (In the logs of its users; the API reference has only the code.)
    """
    return code == "InvalidRequestException" and "already" in message.lower()


class _AlreadyThereError(CoinlakeError):
    """What was to be created exists."""
