"""`coinlake keys`: what lies in the bucket afterwards, and what is refused."""

import hashlib
import itertools
import json
from dataclasses import replace

import pytest

from coinlake.contracts.query_keys import KEYS_PREFIX, entry_key, parse_key_entry, spending_key
from coinlake.errors import ConfigError
from coinlake_tools.key_commands import Keyring, new_secret
from tests.labs.bucket import BucketStore, store_in_memory

NOW_MS = 1_790_000_000_000
HOUR_MS = 3_600_000


class Clock:
    now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


def keyring(store: BucketStore, clock: Clock | None = None) -> Keyring:
    numbers = itertools.count(1)
    return Keyring(store, clock or Clock(), lambda: f"secret-{next(numbers)}")


def hashed(secret: str) -> str:
    return hashlib.sha256(secret.encode()).hexdigest()


async def test_what_is_kept_of_a_new_key_is_a_hash() -> None:
    store = store_in_memory()

    secret = await keyring(store).make("ann", ["sql", "read", "sql"], 1.5, (7, None))

    body = await store.get(entry_key("ann"))
    assert body is not None
    entry = parse_key_entry(body)
    assert secret.encode() not in body
    assert (entry.name, entry.scopes, entry.made_at_ms) == ("ann", ("read", "sql"), NOW_MS)
    assert (entry.day_bytes, entry.minute_bytes) == (7, None)
    assert [one.sha256 for one in entry.secrets] == [hashed(secret)]
    assert entry.secrets[0].expires_at_ms == NOW_MS + 36 * HOUR_MS


async def test_a_rotation_lets_the_old_secret_go_on_and_never_longer_than_it_would() -> None:
    store, clock = store_in_memory(), Clock()
    keys = keyring(store, clock)
    await keys.make("ann", ["read"], None)
    await keys.make("bob", ["read"], 1 / 24)

    for name in ("ann", "bob"):
        await keys.rotate(name, 2, None)

    ends = {}
    for name in ("ann", "bob"):
        body = await store.get(entry_key(name))
        assert body is not None
        ends[name] = [one.expires_at_ms for one in parse_key_entry(body).secrets]
    assert ends == {"ann": [NOW_MS + 2 * HOUR_MS, None], "bob": [NOW_MS + HOUR_MS, None]}


async def test_a_rotation_drops_what_has_ended() -> None:
    store, clock = store_in_memory(), Clock()
    keys = keyring(store, clock)
    await keys.make("ann", ["read"], None)

    for _ in range(6):
        await keys.rotate("ann", 1, None)
        clock.now_ms += HOUR_MS

    body = await store.get(entry_key("ann"))
    assert body is not None
    assert len(parse_key_entry(body).secrets) == 2


async def test_too_many_secrets_that_open_are_refused() -> None:
    keys = keyring(store_in_memory())
    await keys.make("ann", ["read"], None)
    for _ in range(3):
        await keys.rotate("ann", 1, None)

    with pytest.raises(ConfigError, match="4 secrets that still open"):
        await keys.rotate("ann", 1, None)


async def test_a_revoked_key_is_neither_rotated_nor_made_again() -> None:
    keys = keyring(store_in_memory())
    await keys.make("ann", ["read"], None)
    await keys.revoke("ann")

    with pytest.raises(ConfigError, match="was revoked at 2026"):
        await keys.rotate("ann", 1, None)
    with pytest.raises(ConfigError, match="there is, or was, a key ann"):
        await keys.make("ann", ["read"], None)


async def test_who_changed_a_key_meanwhile_is_not_overwritten() -> None:
    store = store_in_memory()
    keys = keyring(store)
    await keys.make("ann", ["read"], None)
    once = store.get

    async def somebody_else_comes_between(key: str) -> bytes | None:
        body = await once(key)
        assert body is not None
        changed = replace(parse_key_entry(body), day_bytes=5)
        await store.put(key, changed.encode())
        return body

    store.get = somebody_else_comes_between  # type: ignore[method-assign]

    with pytest.raises(ConfigError, match="somebody else changed ann"):
        await keys.revoke("ann")


@pytest.mark.parametrize("name", ["", "a/b", "..", ".x", "a b", "ä", "x" * 65, "anonymous"])
async def test_a_name_that_is_none_is_refused(name: str) -> None:
    keys = keyring(store_in_memory())

    with pytest.raises(ConfigError):
        await keys.make(name, ["read"], None)


@pytest.mark.parametrize(("days", "budget"), [(0, (None, None)), (None, (-1, None))])
async def test_a_key_that_opens_nothing_is_not_made(
    days: float | None, budget: tuple[int | None, int | None]
) -> None:
    keys = keyring(store_in_memory())

    with pytest.raises(ConfigError):
        await keys.make("ann", ["read"], days, budget)


async def test_the_list_tells_the_last_use_and_what_cannot_be_read() -> None:
    store = store_in_memory()
    keys = keyring(store)
    await keys.make("ann", ["read"], None)
    await keys.make("bob", ["read"], None)
    await store.put(spending_key("ann"), json.dumps({"last_used_ms": 5}).encode())
    await store.put(spending_key("bob"), b"no json")
    await store.put(f"{KEYS_PREFIX}carl.json", b"no json")

    found = await keys.entries()

    assert [(name, used) for _, name, used in found][:2] == [("ann", 5), ("bob", None)]
    assert found[2][0] is None
    assert "carl.json" in found[2][1]


def test_a_secret_has_256_bits_and_a_mark() -> None:
    made = {new_secret() for _ in range(100)}

    assert len(made) == 100
    assert {len(one) for one in made} == {47}
    assert {one[:4] for one in made} == {"clk_"}
