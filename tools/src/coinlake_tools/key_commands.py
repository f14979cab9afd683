"""`coinlake keys`: the API keys of the query service, an object for each in the lake's bucket."""

import argparse
import hashlib
import json
import secrets
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, replace
from datetime import UTC, datetime

from coinlake.contracts.hours import HOUR_MS
from coinlake.contracts.query_keys import (
    KEYS_PREFIX,
    MAX_SECRETS,
    KeyEntry,
    KeySecret,
    checked_name,
    entry_key,
    parse_key_entry,
    spending_key,
)
from coinlake.errors import ConfigError, PreconditionFailedError
from coinlake.s3 import open_store
from coinlake.store import ObjectStore
from coinlake_tools.settings import Settings

# So that a scanner of repositories and logs knows one when it sees it.
_PREFIX = "clk_"
_SECRET_BYTES = 32


@dataclass(frozen=True, slots=True)
class Keyring:
    """The keys in a bucket. `now_ms` and `new_secret` are given, so that tests can tell them."""

    store: ObjectStore
    now_ms: Callable[[], int]
    new_secret: Callable[[], str]

    async def make(
        self,
        name: str,
        scopes: list[str],
        expires_days: float | None,
        budget: tuple[int | None, int | None] = (None, None),
    ) -> str:
        """A new key's secret. Raises ConfigError where the name is taken, also by a revoked key."""
        now_ms, secret = self.now_ms(), self.new_secret()
        entry = KeyEntry(
            name,
            tuple(sorted(set(scopes))),
            (self._hashed(secret, now_ms, expires_days),),
            now_ms,
            None,
            *budget,
        )
        try:
            await self.store.put(
                _checked(name),
                _valid(entry).encode(),
                if_none_match=True,
                content_type="application/json",
            )
        except PreconditionFailedError:
            raise ConfigError(f"there is, or was, a key {name}: choose another name") from None
        return secret

    async def rotate(self, name: str, overlap_hours: float, expires_days: float | None) -> str:
        """A second secret for a key; the others end with the overlap. Raises ConfigError."""
        if overlap_hours < 0:
            raise ConfigError("an overlap of less than no time")
        now_ms, secret = self.now_ms(), self.new_secret()
        end_ms = now_ms + int(overlap_hours * HOUR_MS)
        etag, entry = await self._open(name)
        old = [
            replace(one, expires_at_ms=min(end_ms, one.expires_at_ms or end_ms))
            for one in entry.secrets
            if one.opens_at(now_ms)
        ]
        if len(old) >= MAX_SECRETS:
            raise ConfigError(
                f"{name} has {len(old)} secrets that still open: let one end first"
            )
        made = (*old, self._hashed(secret, now_ms, expires_days))
        await self._replace(replace(entry, secrets=made), etag)
        return secret

    async def revoke(self, name: str) -> None:
        """Let a key open nothing any more. Raises ConfigError where there is no such key."""
        etag, entry = await self._open(name)
        await self._replace(replace(entry, revoked_at_ms=self.now_ms()), etag)

    async def entries(self) -> list[tuple[KeyEntry | None, str, int | None]]:
        """(entry or None where it cannot be read, its name or the reason, last use) of each key."""
        found: list[tuple[KeyEntry | None, str, int | None]] = []
        async for one in self.store.list(KEYS_PREFIX):
            body = await self.store.get(one.key)
            if body is None:
                continue
            try:
                entry = parse_key_entry(body)
            except ValueError as error:
                found.append((None, f"{one.key}: {error}", None))
                continue
            found.append((entry, entry.name, await self._last_use(entry.name)))
        return found

    def _hashed(self, secret: str, now_ms: int, expires_days: float | None) -> KeySecret:
        if expires_days is not None and expires_days <= 0:
            raise ConfigError("a key that has ended before it begins")
        end_ms = None if expires_days is None else now_ms + int(expires_days * 24 * HOUR_MS)
        return KeySecret(hashlib.sha256(secret.encode()).hexdigest(), now_ms, end_ms)

    async def _open(self, name: str) -> tuple[str, KeyEntry]:
        key = _checked(name)
        head = await self.store.head(key)
        body = None if head is None else await self.store.get(key)
        if head is None or body is None:
            raise ConfigError(f"there is no key {name}")
        try:
            entry = parse_key_entry(body)
        except ValueError as error:
            raise ConfigError(f"the key {name} cannot be read: {error}") from None
        if entry.revoked_at_ms is not None:
            raise ConfigError(f"the key {name} was revoked at {_time(entry.revoked_at_ms)}")
        return head.etag, entry

    async def _replace(self, entry: KeyEntry, etag: str) -> None:
        try:
            await self.store.put(
                entry_key(entry.name),
                _valid(entry).encode(),
                if_match=etag,
                content_type="application/json",
            )
        except PreconditionFailedError:
            raise ConfigError(
                f"somebody else changed {entry.name} just now: look again"
            ) from None

    async def _last_use(self, name: str) -> int | None:
        body = await self.store.get(spending_key(name))
        try:
            told = None if body is None else json.loads(body)["last_used_ms"]
        except (ValueError, KeyError, TypeError):
            return None
        return told if isinstance(told, int) else None


def new_secret() -> str:
    """256 random bits."""
    return _PREFIX + secrets.token_urlsafe(_SECRET_BYTES)


async def keys(args: argparse.Namespace, settings: Settings) -> None:
    """`coinlake keys make|list|rotate|revoke`. A secret is the only line on stdout."""
    async with open_store(settings.lake.bucket) as store:
        keyring = Keyring(store, lambda: time.time_ns() // 1_000_000, new_secret)
        await _ACTIONS[args.action](keyring, args)


async def _make(keyring: Keyring, args: argparse.Namespace) -> None:
    budget = args.day_bytes, args.minute_bytes
    secret = await keyring.make(args.name, args.scope, args.expires_days, budget)
    _tell(
        f"made {args.name} ({', '.join(sorted(set(args.scope)))}); its secret is shown only now:"
    )
    _say(secret)


async def _rotate(keyring: Keyring, args: argparse.Namespace) -> None:
    secret = await keyring.rotate(args.name, args.overlap_hours, args.expires_days)
    _tell(
        f"the old secret of {args.name} opens for {args.overlap_hours:g} hours more; the new one:"
    )
    _say(secret)


async def _revoke(keyring: Keyring, args: argparse.Namespace) -> None:
    await keyring.revoke(args.name)
    _tell(
        f"revoked {args.name}; services see it with their next look (QUERY_API_KEY_STORE__LOOK_S)"
    )


async def _list(keyring: Keyring, args: argparse.Namespace) -> None:
    found, now_ms = await keyring.entries(), keyring.now_ms()
    shown = [_row(entry, name, used, now_ms) for entry, name, used in found]
    if args.json:
        _say(json.dumps(shown, indent=2))
        return
    for one in shown:
        _say("  ".join(str(value) for value in one.values() if value is not None))


def _row(
    entry: KeyEntry | None, name: str, used_ms: int | None, now_ms: int
) -> dict[str, object]:
    """What is shown of a key: never a hash."""
    if entry is None:
        return {"name": name, "state": "unreadable"}
    ends = [one.expires_at_ms for one in entry.secrets if one.opens_at(now_ms)]
    last = None if None in ends else max((one for one in ends if one is not None), default=None)
    state = "open" if entry.is_open(now_ms) else "expired"
    return {
        "name": entry.name,
        "state": "revoked" if entry.revoked_at_ms is not None else state,
        "scopes": ",".join(entry.scopes),
        "secrets": len(ends),
        "made": _time(entry.made_at_ms),
        "expires": None if last is None else _time(last),
        "last_used": None if used_ms is None else _time(used_ms),
        "day_bytes": entry.day_bytes,
        "minute_bytes": entry.minute_bytes,
    }


_ACTIONS = {"make": _make, "rotate": _rotate, "revoke": _revoke, "list": _list}


def _checked(name: str) -> str:
    try:
        return entry_key(checked_name(name))
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _valid(entry: KeyEntry) -> KeyEntry:
    try:
        return parse_key_entry(entry.encode())
    except ValueError as error:
        raise ConfigError(str(error)) from None


def _time(at_ms: int) -> str:
    return f"{datetime.fromtimestamp(at_ms // 1000, UTC):%Y-%m-%dT%H:%M:%SZ}"


def _say(line: str) -> None:
    sys.stdout.write(f"{line}\n")


def _tell(line: str) -> None:
    sys.stderr.write(f"{line}\n")
