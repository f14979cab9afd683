"""The credit count on disk: written before each call, so no crash can forget a spent credit."""

from dataclasses import asdict
from pathlib import Path

import orjson

from coinlake.errors import ConfigError
from ingestor.adapters.files import replace
from ingestor.core.credits import Balance


def read_balance(path: Path, month: str) -> Balance:
    """The count as it was left; a fresh one where there is none.

    Raises ConfigError for a file that cannot be read: guessing would spend real credits.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return Balance(month)
    try:
        balance = Balance(**orjson.loads(content))
    except (ValueError, TypeError) as error:
        raise ConfigError(
            f"the credit count {path} cannot be read ({error}): correct it, or delete it to "
            "start counting at 0"
        ) from error
    return balance.recovered()


def write_balance(path: Path, balance: Balance) -> None:
    """Replace the count, synced. Raises OSError."""
    replace(path, orjson.dumps(asdict(balance)))
