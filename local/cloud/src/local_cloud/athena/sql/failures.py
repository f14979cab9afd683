"""Why a query does not succeed, in Athena's words and numbers."""

from dataclasses import dataclass

USER, SYSTEM, OTHER = 2, 1, 3


@dataclass(slots=True)
class QueryError(Exception):
    """A query that FAILED. `name` is the Trino-style code in front of the reason."""

    name: str
    message: str
    category: int = USER
    error_type: int = 1001
    retryable: bool = False

    def __post_init__(self) -> None:
        self.args = (self.name, self.message)

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


@dataclass(slots=True)
class CutoffError(Exception):
    """The workgroup's limit of scanned bytes was passed; Athena calls this CANCELLED.

    (Its user guide, on the per-query data usage control; the sentence is ours.)
    """

    scanned: int
    limit: int

    def __str__(self) -> str:
        return "Bytes scanned limit was exceeded"


def not_supported(what: str) -> QueryError:
    """This engine could answer, but perhaps with another value than Athena: so it doesn't."""
    return QueryError("NOT_SUPPORTED", f"the local Athena does not support {what}")


def invalid_argument(message: str) -> QueryError:
    """A function was called on a value that it does not take."""
    return QueryError("INVALID_FUNCTION_ARGUMENT", message)


def type_mismatch(message: str) -> QueryError:
    return QueryError("TYPE_MISMATCH", message, error_type=1006)


def syntax_error(message: str) -> QueryError:
    return QueryError("SYNTAX_ERROR", message, error_type=1006)
