"""The outcomes of a call to AWS are a closed set: what nobody thought of is "dependency away"."""

from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Any

import aiohttp
import orjson
from botocore.exceptions import (
    BotoCoreError,
    ClientError,
    CredentialRetrievalError,
    HTTPClientError,
    IncompleteReadError,
    NoCredentialsError,
    PartialCredentialsError,
)
from botocore.exceptions import (
    ConnectionError as NoConnectionError,
)
from botocore.parsers import ResponseParserError

from coinlake.errors import CoinlakeError, TransientError, Trouble

_SHOWN_BYTES = 200
# moto's Athena says text/html of its JSON (seen with moto 5.2.5); a page is no JSON object, so that
# can pass.
_JSON_TYPES = ("application/x-amz-json", "text/html")
_NO_KEYS = (NoCredentialsError, PartialCredentialsError, CredentialRetrievalError)
_NO_ANSWER = (
    NoConnectionError,
    HTTPClientError,
    IncompleteReadError,
    aiohttp.ClientError,
    OSError,
)
# Some are said with a status of another class: S3 gives 400 for a token that has expired (S3 API,
# "Error responses").
_CODES = {
    "SlowDown": Trouble.THROTTLED,
    "Throttling": Trouble.THROTTLED,
    "ThrottlingException": Trouble.THROTTLED,
    "RequestLimitExceeded": Trouble.THROTTLED,
    "ExpiredToken": Trouble.DENIED,
    "InvalidToken": Trouble.DENIED,
    "TokenRefreshRequired": Trouble.DENIED,
    "RequestTimeout": Trouble.CONNECTION,
}
_STATUSES = {
    401: Trouble.DENIED,
    403: Trouble.DENIED,
    409: Trouble.CONFLICT,
    429: Trouble.THROTTLED,
}


class UnknownAnswerError(Exception):
    """The answer is none that the service gives. Lives inside of `away` only."""


@dataclass(slots=True)
class LastAnswer:
    """The last HTTP answer to a call, as it came; nothing yet where `status` is 0.

    `body` is empty where it is read as a stream.
    """

    status: int = 0
    content_type: str = ""
    body: bytes = b""

    def __str__(self) -> str:
        """For a log line: never more of the body than its first bytes."""
        if not self.status:
            return "no answer"
        shown = self.body[:_SHOWN_BYTES]
        return f"answer {self.status} {self.content_type or 'of no type'} {shown!r}"

    def require_json(self) -> None:
        """Refuse what is no answer of a JSON service (AWS JSON protocol: a type, an object).

        botocore's JSONParser takes an empty body for `{}` and a page for a message (botocore 1.43,
        parsers.py: _parse_body_as_json), so a call whose answer holds nothing would look done.
        """
        if self.status != 200 or not self.content_type.startswith(_JSON_TYPES):
            raise UnknownAnswerError("this is not an answer from the service")
        if not isinstance(orjson.loads(self.body), dict):
            raise UnknownAnswerError("the answer is not a JSON object")


_heard: ContextVar[LastAnswer | None] = ContextVar("heard", default=None)


def hear(response_dict: Any, **_: Any) -> None:
    """A handler of botocore's event `before-parse`: keep the answer for whoever asked.

    aiobotocore emits it in the task of the call (aiobotocore 3.10, endpoint.py: _do_get_response).
    """
    answer = _heard.get()
    if answer is not None:
        answer.status = int(response_dict["status_code"])
        answer.content_type = str(response_dict["headers"].get("content-type") or "")
        body = response_dict["body"]
        answer.body = body if isinstance(body, bytes) else b""


@contextmanager
def away(what: str) -> Iterator[LastAnswer]:
    """One call and the reading of its answer: whatever this raises is the dependency's trouble.

    Our own errors pass, so the few other outcomes of a call are raised inside of it. Nothing but
    the call belongs into the block: an error of our own code must stay one.
    """
    answer = LastAnswer()
    token = _heard.set(answer)
    try:
        yield answer
    except (CoinlakeError, MemoryError):
        raise
    except NoCredentialsError as error:
        raise TransientError(f"{what}: no AWS credentials", Trouble.DENIED) from error
    except ClientError as error:
        said = f"{what}: {answered(error)}"
        if not is_named(error):
            said = f"{said}, {answer}"
        raise TransientError(said, trouble_of(error)) from error
    except Exception as error:
        said = f"{what}: {type(error).__name__}: {error}"
        if answer.status:
            said = f"{said}, {answer}"
        raise TransientError(said, trouble_of(error)) from error
    finally:
        _heard.reset(token)


def trouble_of(error: Exception) -> Trouble:
    """What kind of trouble an error of the client library tells of."""
    if isinstance(error, ClientError):
        status, code = status_of(error), code_of(error)
        other = Trouble.OTHER if is_named(error) else Trouble.ANSWER
        by_status = Trouble.SERVER if status >= 500 else _STATUSES.get(status, other)
        return _CODES.get(code, by_status)
    if isinstance(error, _NO_KEYS):
        return Trouble.DENIED
    if isinstance(error, _NO_ANSWER):
        return Trouble.CONNECTION
    if isinstance(error, BotoCoreError) and not isinstance(error, ResponseParserError):
        return Trouble.OTHER
    return Trouble.ANSWER


def status_of(error: ClientError) -> int:
    """The HTTP status of a refusal; 0 where there is none."""
    return int(error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0))


def code_of(error: ClientError) -> str:
    """The service's own word for it; where it gave none, botocore takes the status.

    (botocore 1.43, parsers.py: _do_error_parse.)
    """
    return str(error.response.get("Error", {}).get("Code", ""))


def is_named(error: ClientError) -> bool:
    """Whether the service itself said what is wrong, not somebody in between."""
    return code_of(error) not in {"", "None", str(status_of(error))}


def answered(error: ClientError) -> str:
    """Status, code and message of a refusal."""
    message = str(error.response.get("Error", {}).get("Message", "") or "")
    said = f"{status_of(error)} {code_of(error)}".strip()
    return f"{said}: {message}" if message and is_named(error) else said
