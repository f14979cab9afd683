"""A record as aiokafka gives it, in the words of the contract."""

from typing import Any

from coinlake.contracts.raw_index import Record


def record_of(fetched: Any) -> Record:
    """Nothing is lost on the way: value and key stay bytes or null, headers keep their order."""
    return Record(
        fetched.offset, fetched.timestamp, fetched.key, fetched.value, tuple(fetched.headers)
    )
