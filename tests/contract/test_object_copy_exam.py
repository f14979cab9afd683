"""The exam of a copy within a store: whole, conditional, and of what was planned."""

import asyncio
import os

import pytest

from coinlake import s3_multipart
from coinlake.errors import NotFoundError, PreconditionFailedError, TransientError
from coinlake.store import ObjectStore
from tests.contract.stores import (
    VERSITYGW,
    cloud_endpoint,
    moto_endpoint,
    store,
    versitygw_endpoint,
)

__all__ = ["cloud_endpoint", "moto_endpoint", "store", "versitygw_endpoint"]
# moto by itself ignores conditions of an upload, but for If-None-Match (moto 5.2.5, s3/responses.py).
HONEST = pytest.mark.parametrize("store", ["memory", "cloud", VERSITYGW], indirect=True)


async def test_a_copy_has_the_bytes_and_metadata_of_its_own(store: ObjectStore) -> None:
    source = await store.put("from=1/a b", b"body", metadata={"link": "7"})

    etag = await store.copy(
        "from=1/a b", "to", source_etag=source, size=4, metadata={"next": "9"}
    )

    head = await store.head("to")
    assert head is not None
    assert (head.etag, head.size, dict(head.metadata)) == (etag, 4, {"next": "9"})
    assert (await store.get("to"), await store.get("from=1/a b")) == (b"body", b"body")


async def test_a_copy_in_parts_is_whole(
    store: ObjectStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    # The least that S3 takes of a part that is not the last.
    monkeypatch.setattr(s3_multipart, "PART_BYTES", 5 * 1024 * 1024)
    body = os.urandom(11 * 1024 * 1024 + 7)
    source = await store.put("large", body)

    await store.copy("large", "to", source_etag=source, size=len(body), if_none_match=True)

    assert await store.get("to") == body


@HONEST
async def test_conditions_of_a_copy_are_those_of_a_put(store: ObjectStore) -> None:
    source = await store.put("new", b"new")
    first = await store.put("there", b"old")

    with pytest.raises(PreconditionFailedError):
        await store.copy("new", "there", source_etag=source, size=3, if_none_match=True)
    with pytest.raises(PreconditionFailedError):
        await store.copy("new", "there", source_etag=source, size=3, if_match=source)
    assert await store.get("there") == b"old"
    with pytest.raises(NotFoundError):
        await store.copy("new", "gone", source_etag=source, size=3, if_match=source)
    assert await store.head("gone") is None

    second = await store.copy("new", "there", source_etag=source, size=3, if_match=first)

    assert await store.get("there") == b"new"
    with pytest.raises(PreconditionFailedError):
        await store.copy("new", "there", source_etag=source, size=3, if_match=first)
    # The copy's ETag is one that can be replaced by.
    await store.put("there", b"third", if_match=second)
    assert await store.get("there") == b"third"


async def test_only_one_of_many_copiers_wins(store: ObjectStore) -> None:
    tags = [await store.put(f"from-{n}", str(n).encode()) for n in range(8)]
    results = await asyncio.gather(
        *(
            store.copy(f"from-{n}", "one", source_etag=tag, size=1, if_none_match=True)
            for n, tag in enumerate(tags)
        ),
        return_exceptions=True,
    )

    winners = [n for n, result in enumerate(results) if isinstance(result, str)]
    losers = [result for result in results if not isinstance(result, str)]
    assert len(winners) == 1
    assert all(
        isinstance(result, PreconditionFailedError | TransientError) for result in losers
    )
    assert await store.get("one") == str(winners[0]).encode()


@HONEST
async def test_what_is_another_by_now_is_not_copied(store: ObjectStore) -> None:
    planned = await store.put("staged", b"planned")
    await store.put("staged", b"another")

    for source in ("staged", "nothing"):
        with pytest.raises(TransientError):
            await store.copy(source, "to", source_etag=planned, size=7, if_none_match=True)
    assert await store.head("to") is None
