"""API keys: kept as hashes, compared in constant time, each with its end and its budget."""

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from coinlake.contracts.query_keys import ANONYMOUS_NAME, KeyEntry
from query_api.core.budget import NO_BUDGET, Budget

READ = "read"
SQL = "sql"
SCOPES = frozenset({READ, SQL})
_KEY = re.compile(r"([A-Za-z0-9_.-]{1,64}):([a-z,]+):([0-9a-fA-F]{64})")
# Ours have 47 characters; nobody needs longer ones, and what is hashed has an end.
_MAX_PRESENTED = 512
# A key that no request can present, for those that present nothing that can be read.
_NO_KEY = ""


@dataclass(frozen=True, slots=True)
class Caller:
    """Who asks, and what they may do. `name` is the key's, never the key.

    `budget` is the key's own; where it says nothing the service's holds.
    """

    name: str
    scopes: frozenset[str]
    budget: Budget = NO_BUDGET


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A secret's hash. It opens until `until_ms`, in ms since the epoch; None is for ever."""

    caller: Caller
    sha256: bytes
    until_ms: int | None = None

    def opens_at(self, now_ms: int) -> bool:
        return self.until_ms is None or now_ms < self.until_ms


ANONYMOUS = Caller(ANONYMOUS_NAME, frozenset({READ}))


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
    if match.group(1) == ANONYMOUS_NAME:
        raise ValueError(f"key {number} is called {ANONYMOUS_NAME}: that is who has no key")
    return ApiKey(Caller(match.group(1), scopes), bytes.fromhex(match.group(3)))


def keys_of(entry: KeyEntry) -> tuple[ApiKey, ...]:
    """The keys of an entry in the bucket; none where it was revoked."""
    if entry.revoked_at_ms is not None:
        return ()
    budget = Budget(entry.day_bytes, entry.minute_bytes)
    caller = Caller(entry.name, frozenset(entry.scopes), budget)
    return tuple(
        ApiKey(caller, bytes.fromhex(one.sha256), one.expires_at_ms) for one in entry.secrets
    )


def caller_of(keys: Iterable[ApiKey], presented: str, now_ms: int) -> Caller | None:
    """Whose key this is. Compares with every key, so that time tells nothing.

    Bytes of a header that are no UTF-8 come as lone surrogates (aiohttp 3.14, http_parser.py:
    HeadersParser.parse_headers); they are no key, and no reason to break.
    """
    digest = hashlib.sha256(presented.encode("utf-8", "surrogatepass")).digest()
    found: Caller | None = None
    for key in keys:
        if hmac.compare_digest(key.sha256, digest) and key.opens_at(now_ms):
            found = key.caller
    return found


def presented_key(authorization: Sequence[str], x_api_key: Sequence[str]) -> str | None:
    """The key in `Authorization: Bearer` or `X-API-Key`; None where there is none.

    What cannot be one key is the empty one, which opens nothing: a header twice, another scheme,
    hundreds of characters. It is an answer that fails, not a reason to fall back to anonymous.
    """
    given = authorization or x_api_key
    if not given:
        return None
    if len(given) > 1:
        return _NO_KEY
    key = given[0].strip()
    if authorization:
        scheme, _, token = key.partition(" ")
        key = token.strip() if scheme.lower() == "bearer" else _NO_KEY
    return key if len(key) <= _MAX_PRESENTED else _NO_KEY
