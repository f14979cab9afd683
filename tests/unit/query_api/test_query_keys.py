"""API keys: what opens, what is refused, and what the bucket's entries may hold."""

import hashlib
import json
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client import CollectorRegistry

from coinlake.contracts.query_keys import (
    KEYS_PREFIX,
    KeyEntry,
    KeySecret,
    entry_key,
    parse_key_entry,
)
from query_api.adapters.key_reader import KeyPace, KeyReader
from query_api.core.budget import Budget
from query_api.core.keys import caller_of, keys_of, parse_keys, presented_key
from query_api.core.problems import ProblemError
from query_api.metrics import QueryApiMetrics
from tests.labs.bucket import Bucket, BucketStore, Faults, store_in_memory

NOW_MS = 1_790_000_000_000
HASH = hashlib.sha256(b"secret").hexdigest()
OTHER = hashlib.sha256(b"other").hexdigest()
ENTRY = KeyEntry("ann", ("read", "sql"), (KeySecret(HASH, NOW_MS),), NOW_MS)


def test_a_key_is_known_by_its_hash_alone() -> None:
    keys = parse_keys([f"demo:read,sql:{HASH}"])

    caller = caller_of(keys, "secret", NOW_MS)

    assert caller is not None
    assert (caller.name, caller.scopes) == ("demo", frozenset({"read", "sql"}))
    assert caller_of(keys, "other", NOW_MS) is None
    assert caller_of(keys, HASH, NOW_MS) is None


@pytest.mark.parametrize(
    "items",
    [
        ["demo"],
        ["demo:read:abc"],
        [f"demo:admin:{HASH}"],
        [f"a:read:{HASH}", f"b:read:{HASH}"],
        [f"anonymous:read:{HASH}"],
    ],
)
def test_a_wrong_key_setting_is_refused_without_its_hash(items: list[str]) -> None:
    with pytest.raises(ValueError, match="key") as refused:
        parse_keys(items)

    assert HASH not in str(refused.value)


@pytest.mark.parametrize(
    ("authorization", "x_api_key", "presented"),
    [
        (["Bearer abc"], [], "abc"),
        (["bearer abc"], ["other"], "abc"),
        (["BEARER   abc "], [], "abc"),
        ([], ["abc"], "abc"),
        ([], [" abc "], "abc"),
        ([], [], None),
        (["Basic abc"], [], ""),
        (["Bearer"], [], ""),
        ([""], ["abc"], ""),
        (["Bearer abc", "Bearer abc"], [], ""),
        ([], ["abc", "abc"], ""),
        (["Bearer " + "a" * 513], [], ""),
    ],
)
def test_where_a_key_is_looked_for(
    authorization: list[str], x_api_key: list[str], presented: str | None
) -> None:
    assert presented_key(authorization, x_api_key) == presented


@given(st.lists(st.text(alphabet=st.characters(), max_size=40), min_size=1, max_size=3))
def test_whatever_is_presented_opens_nothing_and_breaks_nothing(given: list[str]) -> None:
    presented = presented_key(given, []) or presented_key([], given)

    # Also lone surrogates, which is what bytes are that are no UTF-8.
    assert caller_of(parse_keys([f"demo:read:{HASH}"]), presented or "", NOW_MS) is None


def test_two_secrets_of_a_name_open_until_the_end_of_each() -> None:
    rotated = replace(
        ENTRY, secrets=(KeySecret(HASH, NOW_MS, NOW_MS + 10), KeySecret(OTHER, NOW_MS))
    )
    keys = keys_of(rotated)

    opening = [
        [caller_of(keys, secret, at) is not None for secret in ("secret", "other")]
        for at in (NOW_MS, NOW_MS + 9, NOW_MS + 10)
    ]

    assert opening == [[True, True], [True, True], [False, True]]


def test_a_revoked_entry_has_no_keys() -> None:
    assert keys_of(replace(ENTRY, revoked_at_ms=NOW_MS)) == ()


def test_an_entry_tells_the_budget_of_its_key() -> None:
    (key,) = keys_of(replace(ENTRY, day_bytes=7))

    assert key.caller.budget.over(Budget(1, 2)) == Budget(7, 2)


def test_an_entry_reads_back_as_it_was() -> None:
    full = replace(ENTRY, revoked_at_ms=5, day_bytes=6, minute_bytes=7)

    assert parse_key_entry(full.encode()) == full


@pytest.mark.parametrize(
    "change",
    [
        {"version": 2, "more": 1},
        {"version": 0},
        {"name": "../x"},
        {"name": "anonymous"},
        {"scopes": []},
        {"scopes": ["admin"]},
        {"secrets": []},
        {"secrets": [{"sha256": "abc", "made_at_ms": 1}]},
        {"secrets": [{"sha256": HASH, "made_at_ms": "1"}]},
        {"secrets": [{"sha256": HASH, "made_at_ms": 1, "expires_at_ms": 1.5}]},
        {"secrets": [{"sha256": HASH, "made_at_ms": 1}] * 5},
        {"day_bytes": -1},
        {"minute_bytes": True},
        {"revoked_at_ms": "yes"},
        {"unknown": 1},
    ],
)
def test_an_odd_entry_is_refused_without_its_hash(change: dict[str, object]) -> None:
    body = json.dumps({**json.loads(ENTRY.encode()), **change}).encode()

    with pytest.raises(
        ValueError, match=r"entry|key|version|secret|scopes|name|number|anonymous"
    ) as refused:
        parse_key_entry(body)

    assert HASH not in str(refused.value)


@pytest.mark.parametrize("body", [b"", b"[]", b"1", b"{", b"\xff", b"null"])
def test_what_is_no_entry_is_refused(body: bytes) -> None:
    with pytest.raises(ValueError, match="not an entry"):
        parse_key_entry(body)


def test_an_entry_of_a_newer_version_says_so() -> None:
    body = json.dumps({**json.loads(ENTRY.encode()), "version": 2}).encode()

    with pytest.raises(ValueError, match="version 2"):
        parse_key_entry(body)


# ---- reading them from the bucket -------------------------------------------------------------


class Clock:
    now_ms = NOW_MS

    def __call__(self) -> int:
        return self.now_ms


def reader(
    store: BucketStore, clock: Clock, *settings: str
) -> tuple[KeyReader, CollectorRegistry]:
    registry = CollectorRegistry()
    pace = KeyPace(look_s=15, keep_s=300)
    return KeyReader(
        store, QueryApiMetrics(registry), clock, parse_keys(settings), pace
    ), registry


async def test_a_revoked_key_opens_until_the_next_look_and_no_longer() -> None:
    store, clock = store_in_memory(), Clock()
    await store.put(entry_key("ann"), ENTRY.encode())
    keys, _ = reader(store, clock)
    await keys.look()

    before = keys.caller("secret")
    await store.put(entry_key("ann"), replace(ENTRY, revoked_at_ms=NOW_MS).encode())
    meanwhile = keys.caller("secret")
    await keys.look()

    assert before is not None
    assert meanwhile == before
    assert keys.caller("secret") is None


async def test_a_deleted_entry_opens_nothing() -> None:
    store, clock = store_in_memory(), Clock()
    await store.put(entry_key("ann"), ENTRY.encode())
    keys, _ = reader(store, clock)
    await keys.look()

    await store.delete(entry_key("ann"))
    await keys.look()

    assert keys.caller("secret") is None


async def test_one_odd_entry_stops_only_itself() -> None:
    store, clock = store_in_memory(), Clock()
    await store.put(entry_key("ann"), ENTRY.encode())
    await store.put(f"{KEYS_PREFIX}bob.json", b"no json")
    stranger = replace(ENTRY, name="eve", secrets=(KeySecret(OTHER, NOW_MS),))
    await store.put(f"{KEYS_PREFIX}carl.json", stranger.encode())
    keys, registry = reader(store, clock)

    await keys.look()

    failures = registry.get_sample_value(
        "query_api_key_read_failures_total", {"reason": "entry"}
    )
    assert keys.caller("secret") is not None
    assert keys.caller("other") is None
    assert keys.reason is None
    assert failures == 2


async def test_while_the_bucket_is_away_the_last_keys_hold_for_a_bounded_time() -> None:
    faults, clock = Faults(), Clock()
    store = BucketStore(Bucket(), faults)
    await store.put(entry_key("ann"), ENTRY.encode())
    keys, registry = reader(store, clock, f"kept:read:{OTHER}")
    await keys.look()

    faults.is_down = True
    clock.now_ms += 300_000
    await keys.look()
    within = keys.caller("secret")
    clock.now_ms += 1
    with pytest.raises(ProblemError) as late:
        keys.caller("secret")

    assert within is not None
    assert late.value.problem.status == 503
    # The settings need no bucket.
    kept = keys.caller("other")
    assert kept is not None
    assert kept.name == "kept"
    assert keys.reason is not None
    assert "cannot be read" in keys.reason
    assert keys.age_s() == 300.001
    assert (
        registry.get_sample_value("query_api_key_read_failures_total", {"reason": "store"}) == 1
    )


async def test_an_entry_is_read_again_only_where_it_changed() -> None:
    store, clock = store_in_memory(), Clock()
    await store.put(entry_key("ann"), ENTRY.encode())
    keys, _ = reader(store, clock)
    await keys.look()
    read: list[str] = []
    once = store.get

    async def counted(key: str) -> bytes | None:
        read.append(key)
        return await once(key)

    store.get = counted  # type: ignore[method-assign]
    await keys.look()
    await store.put(entry_key("ann"), replace(ENTRY, scopes=("read",)).encode())
    await keys.look()

    assert read == [entry_key("ann")]
