"""Every error we raise on purpose. What to do next is the class, not the text.

CoinlakeError
  TransientError           try again later; the caller backs off
    ConflictError          two writers met (409); try again
  PreconditionFailedError  somebody was there first (412); look before you decide
  NotFoundError            what was named is not there
  BadRecordError           this record will never work; put it aside with its reason
  InvariantError           a promise is broken; stop that part, alarm, touch nothing
  ConfigError              we cannot start; exit and say why
"""


class CoinlakeError(Exception):
    """The root of all errors raised on purpose."""


class TransientError(CoinlakeError):
    """A dependency is away or refuses for now; trying again later can work."""


class ConflictError(TransientError):
    """Two conditional writes met (HTTP 409); trying again decides it."""


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
