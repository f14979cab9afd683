"""What the core asks of the outside world, in its own words."""

from dataclasses import dataclass
from typing import Literal, Protocol

from coinlake.errors import CoinlakeError

FailureKind = Literal[
    "unreachable", "timeout", "connection", "incomplete_body", "too_large", "key_echoed"
]


@dataclass(slots=True)
class Call:
    """What became of one call so far. `was_sent`: the API may have heard of it."""

    was_sent: bool = False
    was_idle: bool = False
    """Whether it went out on a connection that had been idle."""


@dataclass(frozen=True, slots=True)
class ApiAnswer:
    """An answer with its whole body after transfer decompression.

    `date_ms` is when the API says that it was sent.
    """

    status: int
    body: bytes
    retry_after: str | None
    date_ms: int | None = None


class NoAnswerError(CoinlakeError):
    """No complete body came; `kind` is from a closed list, for metrics."""

    def __init__(self, kind: FailureKind, said: str, decoded_bytes: int = 0) -> None:
        super().__init__(said)
        self.kind = kind
        self.decoded_bytes = decoded_bytes


class Api(Protocol):
    """The API: asks once, and again by itself only where it was not heard."""

    async def get(self, url: str, call: Call) -> ApiAnswer:
        """One GET. Raises NoAnswerError."""
        ...
