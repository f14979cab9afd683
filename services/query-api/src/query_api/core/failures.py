"""Athena's failures as problem documents, without the paths and names inside of the lake."""

import re

from query_api.core.answers import Execution
from query_api.core.problems import (
    ProblemError,
    cancelled,
    query_failed,
    scan_limit,
    unavailable,
)

_INTERNALS = re.compile(
    r"(?:s3[an]?|https?|arn|file):\S+|/(?:[\w.=-]+/)+[\w.=-]*", re.IGNORECASE
)
_USER_ERROR = 2
_MAX_DETAIL = 500


def clean(message: str) -> str:
    """One line of Athena's text without locations, for whoever wrote the statement."""
    line = " ".join(_INTERNALS.sub("…", message).split())
    return line[:_MAX_DETAIL] or "Athena gave no reason"


def failure(execution: Execution) -> ProblemError:
    """What to tell about a query that did not succeed."""
    if "scanned" in execution.reason.lower() and "limit" in execution.reason.lower():
        # The workgroup's cutoff arrives as CANCELLED or FAILED with a sentence.
        return scan_limit()
    if execution.state == "CANCELLED":
        return cancelled()
    if execution.category == _USER_ERROR or not execution.retryable:
        return query_failed(clean(execution.reason))
    return unavailable("Athena")
