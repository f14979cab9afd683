"""Functions of bytes as of text: length, parts and pads (trino-main: VarbinaryFunctions)."""

from local_cloud.athena.engines.duck_sql.registry import python, sql
from local_cloud.athena.sql.failures import invalid_argument, not_supported
from local_cloud.athena.sql.values.strings import MAX_INT, limited, saturated


@sql("length(varbinary)")
def _length(value: str) -> str:
    return f"octet_length({value})"


@python("reverse(varbinary)")
def _reverse(value: bytes) -> bytes:
    return value[::-1]


@python("substr(varbinary,bigint,bigint)")
def _substr(value: bytes, start: int, length: int) -> bytes:
    if start == 0 or length <= 0 or not value:
        return b""
    at, count = saturated(start), saturated(length)
    at += len(value) if at < 0 else -1
    if not 0 <= at < len(value):
        return b""
    if at + count > MAX_INT:
        # Trino's sum overflows, and its slice then fails.
        raise not_supported(f"substr of bytes with length {length}")
    return value[at : at + count]


@python("substr(varbinary,bigint)")
def _suffix(value: bytes, start: int) -> bytes:
    return _substr(value, start, len(value) or 1)


def _padding(value: bytes, length: int, pad: bytes) -> tuple[bytes, bytes]:
    if not 0 <= length <= MAX_INT:
        raise invalid_argument(f"Target length must be in the range [0..{MAX_INT}]")
    if not pad:
        raise invalid_argument("Padding bytes must not be empty")
    missing = length - len(value)
    if missing <= 0:
        return value[:length], b""
    limited(length)
    return value, (pad * (missing // len(pad) + 1))[:missing]


@python("lpad(varbinary,bigint,varbinary)")
def _lpad(value: bytes, length: int, pad: bytes) -> bytes:
    kept, added = _padding(value, length, pad)
    return added + kept


@python("rpad(varbinary,bigint,varbinary)")
def _rpad(value: bytes, length: int, pad: bytes) -> bytes:
    kept, added = _padding(value, length, pad)
    return kept + added
