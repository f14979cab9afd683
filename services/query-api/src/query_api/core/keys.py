"""API keys: kept as hashes, compared in constant time."""

import hashlib
import hmac
import re
from collections.abc import Iterable
from dataclasses import dataclass

READ = "read"
SQL = "sql"
SCOPES = frozenset({READ, SQL})
_KEY = re.compile(r"([A-Za-z0-9_.-]{1,64}):([a-z,]+):([0-9a-fA-F]{64})")


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what they may do. `name` is the key's, never the key."""

    name: str
    scopes: frozenset[str]


@dataclass(frozen=True, slots=True)
class ApiKey:
    caller: Caller
    sha256: bytes


ANONYMOUS = Caller("anonymous", frozenset({READ}))


def parse_keys(items: Iterable[str]) -> tuple[ApiKey, ...]:
    """Read `name:scopes:sha256hex` items. Raises ValueError, without the hash in its text."""
    keys = tuple(_parse(number, item) for number, item in enumerate(items, 1))
    names = [key.caller.name for key in keys]
    # Two keys of one name are a rotation with overlap; one hash twice is a mistake.
    if len({key.sha256 for key in keys}) != len(names):
        raise ValueError("a key is listed twice")
    return keys


def _parse(number: int, item: str) -> ApiKey:
    match = _KEY.fullmatch(item.strip())
    if match is None:
        raise ValueError(f"key {number} does not have the form name:scopes:sha256hex")
    scopes = frozenset(match.group(2).split(","))
    if not scopes <= SCOPES:
        raise ValueError(f"key {number} has an unknown scope; valid scopes are read and sql")
    return ApiKey(Caller(match.group(1), scopes), bytes.fromhex(match.group(3)))


def caller_of(keys: Iterable[ApiKey], presented: str) -> Caller | None:
    """Whose key this is. Compares with every key, so that time tells nothing."""
    digest = hashlib.sha256(presented.encode()).digest()
    found: Caller | None = None
    for key in keys:
        if hmac.compare_digest(key.sha256, digest):
            found = key.caller
    return found


def presented_key(authorization: str | None, x_api_key: str | None) -> str | None:
    """The key in `Authorization: Bearer` or `X-API-Key`; None where there is none."""
    if authorization is not None:
        scheme, _, token = authorization.partition(" ")
        # Another scheme is an answer that fails, not a reason to fall back to anonymous.
        return token.strip() if scheme.lower() == "bearer" else ""
    return x_api_key
