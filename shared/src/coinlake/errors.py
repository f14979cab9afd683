"""Every error we raise on purpose. What to do next is the class, not the text.

CoinlakeError
  TransientError           try again later; the caller backs off
    ConflictError          two writers met (409); try again
    ArchivedError          the object's bytes lie in an archive (403 InvalidObjectState)
  PreconditionFailedError  somebody was there first (412); look before you decide
  NotFoundError            what was named is not there
  BadRecordError           this record will never work; put it aside with its reason
  InvariantError           a promise is broken; stop that part, alarm, touch nothing
  ConfigError              we cannot start; exit and say why
"""

from enum import StrEnum


class Trouble(StrEnum):
    """What a dependency that could not help was in, for people and metrics: never to decide by."""

    THROTTLED = "throttled"
    """It asks for fewer requests."""
    SERVER = "server"
    """It failed by itself: 5xx."""
    CONFLICT = "conflict"
    """Two conditional writes met."""
    DENIED = "denied"
    """It does not let us: keys, rights, clocks."""
    CONNECTION = "connection"
    """It gave no answer: refused, reset, too late."""
    ANSWER = "answer"
    """It gave an answer that nobody knows: a page of a gateway, a field that is missing."""
    OTHER = "other"


class CoinlakeError(Exception):
    """The root of all errors raised on purpose."""


class TransientError(CoinlakeError):
    """A dependency is away or refuses for now; trying again later can work."""

    def __init__(self, said: str = "", trouble: Trouble = Trouble.OTHER) -> None:
        super().__init__(said)
        self.trouble = trouble


class ConflictError(TransientError):
    """Two conditional writes met (HTTP 409); trying again decides it."""

    def __init__(self, said: str = "") -> None:
        super().__init__(said, Trouble.CONFLICT)


class ArchivedError(TransientError):
    """The bytes of an object lie in an archive class: they can be read once somebody restores it."""

    def __init__(self, said: str = "") -> None:
        super().__init__(said, Trouble.DENIED)


class PreconditionFailedError(CoinlakeError):
    """A conditional write found something else there (HTTP 412)."""


class NotFoundError(CoinlakeError):
    """What was named does not exist."""


class BadRecordError(CoinlakeError):
    """This record will never work."""


class InvariantError(CoinlakeError):
    """A promise of the protocol is broken; going on would make it worse."""


class ConfigError(CoinlakeError):
    """The service cannot start as it is configured."""
