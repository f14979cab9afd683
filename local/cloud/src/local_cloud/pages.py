"""Paging as AWS does it: a token that says where the next page starts."""

import base64
import binascii
import json
from bisect import bisect_right
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

from local_cloud.errors import AwsError

T = TypeVar("T")


def page(
    items: Sequence[T], request: Mapping[str, Any], most: int
) -> tuple[list[T], dict[str, str]]:
    """The page that `NextToken`/`MaxResults` ask for, and the answer's `NextToken` if any."""
    size = int(request.get("MaxResults") or most)
    if not 1 <= size <= 1000:
        raise AwsError("InvalidInputException", f"MaxResults {size} is out of range")
    start = _start(request.get("NextToken"))
    rest = {"NextToken": _token(start + size)} if start + size < len(items) else {}
    return list(items[start : start + size]), rest


def keyed_page(
    keys: Sequence[Any],
    request: Mapping[str, Any],
    most: int,
    code: str = "InvalidInputException",
) -> tuple[list[Any], dict[str, str]]:
    """A page of sorted keys. Its token is the last key, so that what comes and goes between two
    pages moves nothing that is still to be read. `code` is the error for a token of others."""
    size = int(request.get("MaxResults") or most)
    after = _decoded(request.get("NextToken"), code)
    start = 0
    if after is not None:
        start = bisect_right(keys, tuple(after) if isinstance(after, list) else after)
    some = list(keys[start : start + size])
    rest = {"NextToken": _encoded(some[-1])} if start + size < len(keys) else {}
    return some, rest


def _encoded(key: Any) -> str:
    return base64.urlsafe_b64encode(json.dumps({"after": key}).encode()).decode()


def _decoded(token: str | None, code: str) -> Any:
    if not token:
        return None
    try:
        return json.loads(base64.urlsafe_b64decode(token))["after"]
    except (ValueError, KeyError, TypeError) as error:
        raise AwsError(code, "NextToken is not one of ours") from error


def _token(start: int) -> str:
    return base64.urlsafe_b64encode(f"from:{start}".encode()).decode()


def _start(token: str | None) -> int:
    if not token:
        return 0
    try:
        word, _, number = base64.urlsafe_b64decode(token).decode().partition(":")
        start = int(number)
    except (ValueError, binascii.Error) as error:
        raise AwsError("InvalidInputException", "NextToken is not one of ours") from error
    if word != "from" or start < 0:
        raise AwsError("InvalidInputException", "NextToken is not one of ours")
    return start
