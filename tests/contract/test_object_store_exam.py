"""One exam for the bucket in memory and for real ones: moto and versitygw over HTTP."""

import asyncio
import hashlib

import pytest

from coinlake.errors import (
    ConflictError,
    NotFoundError,
    PreconditionFailedError,
    TransientError,
)
from coinlake.s3 import open_store
from coinlake.store import ObjectStore
from coinlake_tools.lake_chain import LAST_CHARACTER
from tests.contract.stores import (
    cloud_endpoint,
    moto_endpoint,
    store,
    versitygw_endpoint,
)
from tests.labs.bucket import Bucket, BucketStore, Faults

__all__ = ["cloud_endpoint", "moto_endpoint", "store", "versitygw_endpoint"]


async def test_what_was_put_comes_back(store: ObjectStore) -> None:
    etag = await store.put("a/b", b"\x00\xff", metadata={"link": "7"})

    head = await store.head("a/b")
    assert await store.get("a/b") == b"\x00\xff"
    assert head is not None
    assert (head.etag, head.size, dict(head.metadata)) == (etag, 2, {"link": "7"})


async def test_what_is_not_there_is_none(store: ObjectStore) -> None:
    assert await store.head("nothing") is None
    assert await store.get("nothing") is None
    await store.delete("nothing")


async def test_only_one_of_many_creators_wins(store: ObjectStore) -> None:
    results = await asyncio.gather(
        *(store.put("one", str(n).encode(), if_none_match=True) for n in range(8)),
        return_exceptions=True,
    )

    winners = [n for n, result in enumerate(results) if isinstance(result, str)]
    losers = [result for result in results if not isinstance(result, str)]
    assert len(winners) == 1
    assert all(
        isinstance(result, PreconditionFailedError | TransientError) for result in losers
    )
    assert await store.get("one") == str(winners[0]).encode()


async def test_a_replacement_needs_the_etag_it_was_planned_with(store: ObjectStore) -> None:
    first = await store.put("head", b"1")
    second = await store.put("head", b"2", if_match=first)

    with pytest.raises(PreconditionFailedError):
        await store.put("head", b"3", if_match=first)

    assert await store.get("head") == b"2"
    assert second != first


async def test_a_replacement_of_nothing_says_that_it_is_gone(store: ObjectStore) -> None:
    with pytest.raises(NotFoundError):
        await store.put("gone", b"1", if_match="0123456789abcdef0123456789abcdef")


async def test_a_listing_is_in_key_order_and_can_start_after_a_key(store: ObjectStore) -> None:
    for key in ("x/c", "x/a", "x/b", "y/a"):
        await store.put(key, key.encode())

    assert [item.key async for item in store.list("x/")] == ["x/a", "x/b", "x/c"]
    assert [item.key async for item in store.list("x/", start_after="x/a")] == ["x/b", "x/c"]
    head = await store.head("x/a")
    listed = [item async for item in store.list("x/a")]
    assert head is not None
    assert (listed[0].etag, listed[0].size) == (head.etag, 3)


async def test_a_listing_can_start_behind_all_of_a_folder(store: ObjectStore) -> None:
    for key in ("z/t/a", "z/t/é/\U0001f600", "z/t-2/a", "z/t.txt", "z/u/a", "z/v.txt"):
        await store.put(key, b"")

    behind = [item.key async for item in store.list("z/", f"z/t/{LAST_CHARACTER}")]

    assert behind == ["z/u/a", "z/v.txt"]


async def test_folders_are_listed_one_level_down(store: ObjectStore) -> None:
    for key in ("t/dt=1/h=0/a", "t/dt=1/h=1/a", "t/dt=2/h=0/a", "t/file"):
        await store.put(key, b"")

    assert [folder async for folder in store.list_folders("t/")] == ["t/dt=1/", "t/dt=2/"]


async def test_a_creation_where_something_is_leaves_it_as_it_was(store: ObjectStore) -> None:
    etag = await store.put("one", b"1", metadata={"link": "7"}, if_none_match=True)

    with pytest.raises(PreconditionFailedError):
        await store.put("one", b"2", metadata={"link": "8"}, if_none_match=True)

    head = await store.head("one")
    assert head is not None
    assert (head.etag, dict(head.metadata)) == (etag, {"link": "7"})
    assert await store.get("one") == b"1"


async def test_what_was_deleted_can_be_created_again(store: ObjectStore) -> None:
    await store.put("one", b"1", if_none_match=True)

    await store.delete("one")
    gone = await store.get("one")
    await store.put("one", b"2", if_none_match=True)

    assert (gone, await store.get("one")) == (None, b"2")


async def test_a_put_without_a_condition_replaces_bytes_and_metadata(
    store: ObjectStore,
) -> None:
    await store.put("one", b"1", metadata={"link": "7"})
    etag = await store.put("one", b"22", metadata={"next": "9"})

    head = await store.head("one")
    assert head is not None
    assert (head.etag, head.size, dict(head.metadata)) == (etag, 2, {"next": "9"})


async def test_equal_bytes_have_an_equal_etag_and_it_is_their_md5(store: ObjectStore) -> None:
    first = await store.put("a", b"same", metadata={"link": "7"})

    assert await store.put("b", b"same") == first
    assert first == hashlib.md5(b"same", usedforsecurity=False).hexdigest()


async def test_names_of_metadata_come_back_in_lower_case(store: ObjectStore) -> None:
    await store.put("a", b"1", metadata={"Complete-To": "Seven"})

    head = await store.head("a")
    assert head is not None
    assert dict(head.metadata) == {"complete-to": "Seven"}


async def test_keys_are_in_byte_order_whatever_they_are_made_of(store: ObjectStore) -> None:
    keys = [
        "x/a",
        "x/a!",
        "x/a-1",
        "x/a.1",
        "x/a0",
        "x/B",
        "x/b/1",
        "x/b-1",
        "x/é",
        "x/𝄞",
        "x/豈",
    ]
    for key in keys:
        await store.put(key, b"1")

    found = [item.key async for item in store.list("x/")]

    assert found == sorted(keys, key=str.encode)


async def test_a_prefix_is_no_folder_and_a_start_may_be_no_key(store: ObjectStore) -> None:
    for key in ("day=1/a", "day=10/a", "day=2/a"):
        await store.put(key, b"1")

    assert [item.key async for item in store.list("day=1")] == ["day=1/a", "day=10/a"]
    assert [item.key async for item in store.list("day=", "day=1~")] == ["day=2/a"]
    assert [item.key async for item in store.list("day=9")] == []


async def test_a_listing_goes_on_over_its_pages(store: ObjectStore) -> None:
    keys = [f"p/{number:04}" for number in range(1003)]
    for start in range(0, len(keys), 59):
        await asyncio.gather(*(store.put(key, b"") for key in keys[start : start + 59]))

    assert [item.key async for item in store.list("p/")] == keys
    assert [item.key async for item in store.list("p/", "p/0000")] == keys[1:]


async def test_folders_go_on_over_small_pages_too() -> None:
    store = BucketStore(Bucket(page=2), Faults())
    for key in ("t/a", "t/b/1", "t/b/2", "t/b/3", "t/c/", "t/c/1", "t/d/1", "t/e"):
        await store.put(key, b"")

    assert [folder async for folder in store.list_folders("t/")] == ["t/b/", "t/c/", "t/d/"]
    assert len([item async for item in store.list("t/")]) == 8


async def test_the_bucket_in_memory_fails_as_it_is_told() -> None:
    network = Faults()
    store = BucketStore(Bucket(), network)

    network.lost_answers = 1
    with pytest.raises(TransientError):
        await store.put("one", b"1", if_none_match=True)
    assert await store.get("one") == b"1"
    network.failures.append(ConflictError("409"))
    with pytest.raises(ConflictError):
        await store.put("two", b"2")
    assert await store.get("two") is None
    network.is_down = True
    with pytest.raises(TransientError):
        await store.get("one")


async def test_a_store_that_is_away_is_a_transient_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:1")
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "exam")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "exam-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    async with open_store("lake") as store:
        with pytest.raises(TransientError):
            await store.get("a")


async def test_a_bucket_that_is_not_there_is_no_missing_object(
    moto_endpoint: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", moto_endpoint)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "exam")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "exam-secret")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")

    async with open_store("no-such-bucket") as store:
        with pytest.raises(TransientError, match="bucket"):
            await store.get("a")
