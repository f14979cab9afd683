"""Athena's failures as problem documents, without the paths and names inside of the lake."""

import re

from query_api.core.answers import ExecutionState
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
# What Trino says when an object was replaced or deleted between its listing and a read of it
# (Athena user guide, "Troubleshoot issues in Athena").
_TORN = ("HIVE_CANNOT_OPEN_SPLIT", "HIVE_CURSOR_ERROR", "HIVE_FILESYSTEM_ERROR", "NoSuchKey")
_MAX_DETAIL = 500


def clean(message: str) -> str:
    """One line of Athena's text without locations, for whoever wrote the statement."""
    line = " ".join(_INTERNALS.sub("…", message).split())
    return line[:_MAX_DETAIL] or "Athena gave no reason"


def is_torn(execution: ExecutionState) -> bool:
    """Whether the query met an hour that was published anew meanwhile; asking again helps."""
    return execution.state == "FAILED" and any(name in execution.reason for name in _TORN)


def is_scan_limit(execution: ExecutionState) -> bool:
    """Whether the workgroup's cutoff ended it.

    It arrives as CANCELLED or FAILED with a sentence (the user guide says that it cancels; its
    per-query data usage control).
    """
    return "scanned" in execution.reason.lower() and "limit" in execution.reason.lower()


def failure(execution: ExecutionState) -> ProblemError:
    """What to tell about a query that did not succeed."""
    if is_scan_limit(execution):
        return scan_limit()
    if execution.state == "CANCELLED":
        return cancelled()
    if is_torn(execution):
        return unavailable("an hour that is being republished")
    if execution.category == _USER_ERROR or not execution.retryable:
        return query_failed(clean(execution.reason))
    return unavailable("Athena")
