"""Athena's failures as problem documents, in the client's terms and without the lake's inside.

What failed is told by the name in front of Athena's reason (`DIVISION_BY_ZERO: …`; Trino,
StandardErrorCode and HiveErrorCode) and by `AthenaError` (Athena user guide, "Athena error
reference"), never by words that may be the client's own value.
"""

import re

from query_api.core.answers import ExecutionState
from query_api.core.problems import (
    ProblemError,
    cancelled,
    data_unreadable,
    query_failed,
    query_too_large,
    scan_limit,
    unavailable,
)

_LOCATIONS = re.compile(
    r"(?:s3[an]?|https?|arn|file):[^\s'\")]+|/(?:[\w.=-]+/)+[\w.=-]*", re.IGNORECASE
)
# What Athena and the SDK put around: ids, services, places in the text that was sent, classes.
_AROUND = re.compile(
    r"\((?:Service|offset|Query Id|Execution ID)\b[^)]*\)|This query ran against the .*"
    r"|\bQuery Id: \S+|\bline \d+:\d+: "
    r"|\b(?:com|io|org|java|software)(?:\.\w+)+(?:Exception|Error)?(?:: )?",
    re.IGNORECASE,
)
_NAME = re.compile(r"([A-Z][A-Z0-9_]{2,}): ?(.*)", re.DOTALL)
_SYSTEM, _USER = 1, 2
_CUTOFF = re.compile(
    r"(?:EXCEEDED_SCAN_LIMIT|Bytes scanned limit|Query cancelled! : Bytes scanned)"
)
# AthenaError.ErrorType of "query exhausted resources at this scale factor".
_EXHAUSTED_TYPES = range(9)
_EXHAUSTED = re.compile(
    r"EXCEEDED_\w+|INSUFFICIENT_RESOURCES|QUERY_HAS_TOO_MANY_STAGES|COMPILER_ERROR"
    r"|Query exhausted resources"
)
# What Trino says of an object that cannot be read. Whether it was replaced between its listing and
# a read of it, or is simply no Parquet file, only the words behind the name tell.
_READING = frozenset(
    [
        "HIVE_BAD_DATA",
        "HIVE_CANNOT_OPEN_SPLIT",
        "HIVE_CURSOR_ERROR",
        "HIVE_FILESYSTEM_ERROR",
        "HIVE_INVALID_METADATA",
        "HIVE_INVALID_PARTITION_VALUE",
        "HIVE_PARTITION_SCHEMA_MISMATCH",
        "HIVE_UNKNOWN_ERROR",
        "HIVE_UNSUPPORTED_FORMAT",
        "HIVE_INVALID_VIEW_DATA",
        "INVALID_VIEW",
        "VIEW_IS_STALE",
    ]
)
_REPLACEABLE = frozenset(
    ["HIVE_CANNOT_OPEN_SPLIT", "HIVE_CURSOR_ERROR", "HIVE_FILESYSTEM_ERROR"]
)
# S3's answers to a read of a version that is no more, and those of a reader that ran out of it
# (Athena user guide, "Troubleshooting in Athena": HIVE_CANNOT_OPEN_SPLIT, HIVE_CURSOR_ERROR).
_REPLACED = re.compile(
    r"NoSuchKey|Status Code: (?:404|412)|\((?:404|412)\)|PreconditionFailed|does not exist"
    r"|no longer exists|was (?:deleted|replaced)|Incorrect file size|short read|end of stream",
    re.IGNORECASE,
)
_MAX_DETAIL = 500


def clean(message: str) -> str:
    """One line of Athena's text without locations, for whoever wrote the statement."""
    line = " ".join(_AROUND.sub("", _LOCATIONS.sub("…", message)).split())
    return line[:_MAX_DETAIL] or "Athena gave no reason"


def is_torn(execution: ExecutionState) -> bool:
    """Whether an object was replaced under the query; asking again helps.

    An object that cannot be read for another reason is none of these: it would fail again.
    """
    name, said = _named(execution.reason)
    return (
        execution.state == "FAILED"
        and name in _REPLACEABLE
        # Without the object's name, which may say anything.
        and _REPLACED.search(_LOCATIONS.sub("", said)) is not None
    )


def is_scan_limit(execution: ExecutionState) -> bool:
    """Whether the workgroup's cutoff ended it.

    It arrives as CANCELLED or FAILED with a sentence (the user guide says that it cancels; its
    per-query data usage control).
    """
    return _CUTOFF.match(execution.reason) is not None


def is_unreadable(execution: ExecutionState) -> bool:
    """Whether the lake holds something that Athena cannot read; it says nothing of the statement."""
    return execution.state == "FAILED" and _named(execution.reason)[0] in _READING


def failure(execution: ExecutionState) -> ProblemError:
    """What to tell about a query that did not succeed."""
    if is_scan_limit(execution):
        return scan_limit()
    if execution.state == "CANCELLED":
        return cancelled()
    if is_torn(execution):
        return unavailable("an hour that is being republished")
    if is_unreadable(execution):
        return data_unreadable(clean(execution.reason))
    if _is_exhausted(execution):
        return query_too_large(clean(execution.reason))
    if execution.category == _USER or not execution.retryable:
        return query_failed(clean(execution.reason))
    return unavailable("Athena")


def _is_exhausted(execution: ExecutionState) -> bool:
    """Memory, time or stages: the same query fails again, a smaller one does not."""
    by_type = execution.category == _SYSTEM and execution.error_type in _EXHAUSTED_TYPES
    return by_type or _EXHAUSTED.match(execution.reason) is not None


def _named(reason: str) -> tuple[str, str]:
    """The error's name, and what is said behind it; no name where the text begins without one."""
    match = _NAME.match(reason)
    return (match[1], match[2]) if match is not None else ("", reason)
