"""Every refusal of the service as a problem document (RFC 9457), without internals."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from coinlake.errors import CoinlakeError


@dataclass(frozen=True, slots=True)
class Problem:
    """What the client gets. `kind` is stable and documented; `detail` is one sentence."""

    status: int
    kind: str
    title: str
    detail: str
    retry_after_s: int | None = None

    def document(self) -> dict[str, Any]:
        return {
            "type": f"urn:coinlake:problem:{self.kind}",
            "title": self.title,
            "status": self.status,
            "detail": self.detail,
        }


class ProblemError(CoinlakeError):
    """A request that ends in a problem document."""

    def __init__(self, problem: Problem) -> None:
        super().__init__(problem.detail)
        self.problem = problem


class BadRequestError(ProblemError):
    """A parameter or body that is wrong (400)."""

    def __init__(self, detail: str) -> None:
        super().__init__(Problem(400, "bad_request", "The request is invalid", detail))


class RefusedSqlError(ProblemError):
    """A statement outside of what the guard allows (400). `reason` is from a closed list."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(Problem(400, f"sql_{reason}", "The statement is not allowed", detail))
        self.reason = reason


def unauthenticated() -> ProblemError:
    return ProblemError(
        Problem(401, "unauthenticated", "An API key is required", "send a valid API key")
    )


def forbidden(scope: str) -> ProblemError:
    detail = f"this key does not have the scope {scope}"
    return ProblemError(Problem(403, "forbidden", "The key does not allow this", detail))


def not_found(what: str) -> ProblemError:
    return ProblemError(Problem(404, "not_found", "Not found", what))


def busy(retry_after_s: int) -> ProblemError:
    return ProblemError(
        Problem(
            429,
            "too_many_queries",
            "Too many queries",
            "the query queue is full; try again later",
            retry_after_s,
        )
    )


def too_many_statements(retry_after_s: int) -> ProblemError:
    """One key's statements wait to be checked in such a number that no more is taken."""
    return ProblemError(
        Problem(
            429,
            "too_many_statements",
            "Too many statements",
            "too many statements of this key wait to be checked; try again later",
            retry_after_s,
        )
    )


def overdue(deadline_s: float) -> ProblemError:
    detail = f"the query ran longer than {deadline_s:g} seconds and was stopped"
    return ProblemError(Problem(504, "deadline_exceeded", "The query took too long", detail))


def unavailable(what: str) -> ProblemError:
    detail = f"{what} is not available right now; try again later"
    return ProblemError(Problem(503, "unavailable", "A dependency is unavailable", detail, 5))


def too_old(what: str, age_s: float, max_age_s: float) -> ProblemError:
    """The data are older than the client takes. `what`: up to when they are.

    It is the client's condition that fails (RFC 9110, 15.5.13), not the service, whose errors are 5xx.
    """
    detail = f"{what}, {age_s:.0f} s ago; max_age is {max_age_s:g}"
    return ProblemError(
        Problem(412, "too_old", "The data are older than max_age allows", detail, 30)
    )


def version_gone() -> ProblemError:
    """What was asked for as of a version whose rows nobody has any more."""
    return ProblemError(
        Problem(
            410,
            "version_gone",
            "This version is gone",
            "the rows of this dataset_version are no longer kept; ask without as_of",
        )
    )


def query_failed(detail: str) -> ProblemError:
    return ProblemError(Problem(422, "query_failed", "The query failed", detail))


def query_too_large(detail: str) -> ProblemError:
    """Athena ended the query because of what it takes, and would again."""
    return ProblemError(
        Problem(
            422,
            "query_too_large",
            "The query takes too much",
            f"it needs more memory or time than Athena gives one query: {detail}",
        )
    )


def data_unreadable(detail: str) -> ProblemError:
    """The lake holds something that Athena cannot read; it stays so until somebody mends it."""
    return ProblemError(
        Problem(
            502,
            "data_unreadable",
            "The lake cannot be read",
            f"Athena cannot read a part of the lake, and trying again will not help: {detail}",
        )
    )


def scan_limit() -> ProblemError:
    return ProblemError(
        Problem(
            422,
            "scan_limit_exceeded",
            "The query would read too much",
            "the query reached the workgroup's limit on scanned bytes; narrow dt and hour",
        )
    )


def result_gone() -> ProblemError:
    detail = "the result of this query is no longer kept; run the query again"
    return ProblemError(Problem(410, "result_gone", "The result is gone", detail))


def result_damaged(detail: str) -> ProblemError:
    return ProblemError(
        Problem(
            502,
            "result_damaged",
            "The result cannot be read",
            f"the result that Athena left cannot be read ({detail}); run the query again",
        )
    )


def result_too_large(detail: str) -> ProblemError:
    return ProblemError(
        Problem(
            422,
            "result_too_large",
            "The result is too large",
            f"the result has {detail}; select fewer rows or columns",
        )
    )


def not_acceptable(offered: Sequence[str]) -> ProblemError:
    return ProblemError(
        Problem(
            406,
            "not_acceptable",
            "No such form of the answer",
            f"the forms of this answer are: {', '.join(offered)}",
        )
    )


def cancelled() -> ProblemError:
    return ProblemError(Problem(409, "cancelled", "Cancelled", "the query was cancelled"))


def internal() -> Problem:
    return Problem(
        500, "internal", "Internal error", "the service failed; its log has the reason"
    )


def over_budget(retry_after_s: int) -> ProblemError:
    """The key has spent its bytes; `RateLimit` in the answer says of which bucket."""
    return ProblemError(
        Problem(
            429,
            "over_budget",
            "The key's budget is spent",
            "this key has used up its budget of scanned bytes; try again later",
            retry_after_s,
        )
    )


def does_not_fit(estimated_bytes: int, left_bytes: int, retry_after_s: int) -> ProblemError:
    """A query whose bytes are known before it starts, and more than what is left."""
    detail = (
        f"the query would read {estimated_bytes} bytes, and {left_bytes} are left of the day's"
    )
    return ProblemError(
        Problem(429, "over_budget", "The key's budget is spent", detail, retry_after_s)
    )


def never_fits(estimated_bytes: int, most_bytes: int, whose: str) -> ProblemError:
    """A query that reads more than it ever may. `whose` limit it is: from a closed list."""
    detail = f"the query would read {estimated_bytes} bytes, more than {whose} of {most_bytes}"
    return ProblemError(
        Problem(422, "over_budget", "The query would read more than it may", detail)
    )
