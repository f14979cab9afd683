"""API keys of the query service as the bucket holds them: one object for each name.

Secrets are never in it, only their SHA-256. Nothing slower is needed: a secret is 256 random bits,
which nobody guesses at any speed (NIST SP 800-63B, 5.1.2: hashing that slows down is for secrets that
people choose).
"""

import json
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from coinlake.contracts.compact_json import compact_json

KEYS_PREFIX = "query/keys/"
SPENDING_PREFIX = "query/spending/"
VERSION = 1
SCOPES = ("read", "sql")
ANONYMOUS_NAME = "anonymous"
"""Who asks without a key, in logs and budgets: no key may be called so."""
MAX_SECRETS = 4
_NAME = re.compile(r"[A-Za-z0-9_-][A-Za-z0-9_.-]{0,63}")
_SHA256 = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, slots=True)
class KeySecret:
    """One secret of a key. It opens until `expires_at_ms` (ms since the epoch, UTC), or for ever."""

    sha256: str
    made_at_ms: int
    expires_at_ms: int | None = None

    def opens_at(self, now_ms: int) -> bool:
        return self.expires_at_ms is None or now_ms < self.expires_at_ms


@dataclass(frozen=True, slots=True)
class KeyEntry:
    """A key: a name, what it may do, and its secrets, of which two are a rotation with overlap.

    `day_bytes` and `minute_bytes` are a budget of its own; None where the service's holds.
    """

    name: str
    scopes: tuple[str, ...]
    secrets: tuple[KeySecret, ...]
    made_at_ms: int
    revoked_at_ms: int | None = None
    day_bytes: int | None = None
    minute_bytes: int | None = None
    version: int = VERSION

    def encode(self) -> bytes:
        return compact_json(self)

    def is_open(self, now_ms: int) -> bool:
        """Whether any secret of it opens."""
        return self.revoked_at_ms is None and any(one.opens_at(now_ms) for one in self.secrets)


def entry_key(name: str) -> str:
    """The object of a key. Raises ValueError for what is no name."""
    return f"{KEYS_PREFIX}{checked_name(name)}.json"


def spending_key(name: str) -> str:
    """The object that says what a key has spent and when it was last used."""
    return f"{SPENDING_PREFIX}{name}.json"


def checked_name(name: str) -> str:
    """The name. Raises ValueError where a key cannot be called so."""
    if not _NAME.fullmatch(name):
        raise ValueError("a key's name has 1 to 64 letters, digits, dots, dashes, underscores")
    if name == ANONYMOUS_NAME:
        raise ValueError(f"{ANONYMOUS_NAME} is who asks without a key")
    return name


def parse_key_entry(body: bytes) -> KeyEntry:
    """Read an entry back. Raises ValueError for what is none, also for one of a newer version.

    Its text holds nothing of the entry.
    """
    try:
        raw: dict[str, Any] = json.loads(body)
        entry = KeyEntry(
            **{
                **raw,
                "scopes": tuple(raw["scopes"]),
                "secrets": tuple(KeySecret(**one) for one in raw["secrets"]),
            }
        )
    except (KeyError, TypeError, ValueError) as error:
        newer = _newer(body)
        raise ValueError(newer or f"not an entry of a key: {type(error).__name__}") from None
    _check(entry)
    return entry


def _newer(body: bytes) -> str | None:
    try:
        raw = json.loads(body)
    except ValueError:
        return None
    version = raw.get("version") if isinstance(raw, Mapping) else None
    if isinstance(version, int) and version > VERSION:
        return f"an entry of version {version}, of which {VERSION} is the newest known"
    return None


def _check(entry: KeyEntry) -> None:
    if entry.version != VERSION:
        raise ValueError(f"an entry of version {entry.version!r:.20}: {VERSION} is known")
    checked_name(entry.name)
    if not entry.scopes or not set(entry.scopes) <= set(SCOPES):
        raise ValueError(f"the scopes of a key are {' and '.join(SCOPES)}")
    if not 1 <= len(entry.secrets) <= MAX_SECRETS:
        raise ValueError(f"a key has 1 to {MAX_SECRETS} secrets")
    if not all(
        isinstance(one.sha256, str) and _SHA256.fullmatch(one.sha256) for one in entry.secrets
    ):
        raise ValueError("a secret's hash is not SHA-256 in hex")
    times = [(one.made_at_ms, one.expires_at_ms) for one in entry.secrets]
    if not all(_is_whole(made) and _is_whole_or_none(end) for made, end in times):
        raise ValueError("a secret's times are not in whole milliseconds")
    others = (entry.revoked_at_ms, entry.day_bytes, entry.minute_bytes)
    if not _is_whole(entry.made_at_ms) or not all(map(_is_whole_or_none, others)):
        raise ValueError("a time or a budget is not a whole number")


def _is_whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value >= 0


def _is_whole_or_none(value: object) -> bool:
    return value is None or _is_whole(value)
