"""Why a text is no query: it breaks the grammar, or it is a form that nobody here reads."""

from dataclasses import dataclass

SYNTAX_ERROR, NOT_SUPPORTED = "SYNTAX_ERROR", "NOT_SUPPORTED"


@dataclass(slots=True)
class SqlError(Exception):
    """`name` is Trino's (io.trino.spi.StandardErrorCode)."""

    name: str
    message: str

    def __post_init__(self) -> None:
        self.args = (self.name, self.message)

    def __str__(self) -> str:
        return f"{self.name}: {self.message}"


class TooDeepError(SqlError):
    """The text is nested deeper than this parser goes."""


def syntax_error(message: str) -> SqlError:
    return SqlError(SYNTAX_ERROR, message)


def not_supported(what: str) -> SqlError:
    """The grammar has it, this parser does not read it."""
    return SqlError(NOT_SUPPORTED, f"{what} is not supported")


def too_deep() -> TooDeepError:
    return TooDeepError(NOT_SUPPORTED, "SQL that is nested so deeply is not supported")
