"""Every type of a problem document with its status and what it says; tests hold it against the code."""

from collections.abc import Mapping
from dataclasses import dataclass

URN = "urn:coinlake:problem:"


@dataclass(frozen=True, slots=True)
class ProblemType:
    """`kind` is what stands behind `urn:coinlake:problem:`."""

    kind: str
    status: int
    meaning: str


_SQL = {
    "statements": "not exactly one statement",
    "statement": "a statement that is no SELECT, or a form of it that is not allowed",
    "syntax": "the text is not SQL as Athena reads it",
    "table": "a table that is not one of the lake's",
    "name": "a name with other characters than letters, digits and underscores",
    "function": "a function that is not on the list",
    "too_long": "the statement is too long",
    "too_complex": "the statement is nested too deeply, or takes too long to check",
    "unstable": "the statement reads differently once more",
}
PROBLEM_TYPES: tuple[ProblemType, ...] = (
    ProblemType("bad_request", 400, "a parameter or the body is invalid; `detail` says which"),
    *(
        ProblemType(f"sql_{reason}", 400, f"the guard refused the statement: {meaning}")
        for reason, meaning in _SQL.items()
    ),
    ProblemType("unauthenticated", 401, "no key, or no such key"),
    ProblemType("forbidden", 403, "the key does not have the scope"),
    ProblemType("not_found", 404, "there is nothing at this path, or no such thing"),
    ProblemType("method_not_allowed", 405, "another method; `Allow` has those that work"),
    ProblemType(
        "not_acceptable", 406, "rows are not offered in a form that the client accepts"
    ),
    ProblemType("cancelled", 409, "the query was cancelled"),
    ProblemType("version_gone", 410, "nobody has rows of the version of `as_of` any more"),
    ProblemType("result_gone", 410, "the result of the query is no longer kept; run it again"),
    ProblemType("too_old", 412, "the data are older than `max_age` allows; with `Retry-After`"),
    ProblemType("too_large", 413, "the body is too large"),
    ProblemType(
        "query_failed", 422, "Athena refused or failed the statement; `detail` is its reason"
    ),
    ProblemType("over_budget", 422, "the statement reads more than it ever may"),
    ProblemType("query_too_large", 422, "the query takes more than Athena gives"),
    ProblemType("result_too_large", 422, "the result is larger than the service reads"),
    ProblemType("scan_limit_exceeded", 422, "the workgroup's limit; narrow `dt` and `hour`"),
    ProblemType(
        "over_budget", 429, "the key's budget of scanned bytes is spent; with `Retry-After`"
    ),
    ProblemType("too_many_queries", 429, "the queue is full; with `Retry-After`"),
    ProblemType(
        "too_many_statements", 429, "too many of the key's statements wait to be checked"
    ),
    ProblemType("internal", 500, "the service failed"),
    ProblemType("data_unreadable", 502, "the lake holds something that Athena cannot read"),
    ProblemType("result_damaged", 502, "the result is not as Athena wrote it"),
    ProblemType(
        "unavailable",
        503,
        "Athena or the bucket is unavailable, or an hour was replaced during the query twice; "
        "with `Retry-After`",
    ),
    ProblemType("deadline_exceeded", 504, "the query took too long and was stopped"),
)


def kinds_by_status() -> Mapping[int, tuple[str, ...]]:
    """The kinds of each status, in the order of the list."""
    found: dict[int, tuple[str, ...]] = {}
    for one in PROBLEM_TYPES:
        found[one.status] = (*found.get(one.status, ()), one.kind)
    return found
