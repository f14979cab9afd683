"""Paging as AWS does it: a token that says where the next page starts."""

import base64
import binascii
from collections.abc import Sequence
from typing import Any, TypeVar

from local_cloud.errors import AwsError

T = TypeVar("T")


def page(
    items: Sequence[T], request: dict[str, Any], most: int
) -> tuple[list[T], dict[str, str]]:
    """The page that `NextToken`/`MaxResults` ask for, and the answer's `NextToken` if any."""
    size = int(request.get("MaxResults") or most)
    if not 1 <= size <= 1000:
        raise AwsError("InvalidInputException", f"MaxResults {size} is out of range")
    start = _start(request.get("NextToken"))
    rest = {"NextToken": _token(start + size)} if start + size < len(items) else {}
    return list(items[start : start + size]), rest


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
