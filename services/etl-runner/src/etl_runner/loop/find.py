"""Find the hours of a day: raw against ledger, ledger against what is published."""

from collections.abc import Mapping

from coinlake.contracts.cloud import CURATED_PREFIX
from coinlake.contracts.datasets import TABULAR
from coinlake.store import ObjectHead
from etl_runner.core.batch import FoundHour
from etl_runner.core.publication import BATCH_ID, VERSION
from etl_runner.loop.lake import LakeReader
from etl_runner.loop.parts import StepParts


async def find(
    parts: StepParts, feed: str, dt: str, *, promises: bool = True
) -> list[FoundHour]:
    """Every hour of a feed's day (`YYYY-MM-DD`) that has raw objects or a ledger, oldest first.

    Without `promises` the metadata of objects that a head was made from is not asked for: old ones
    promise nothing that newer ones do not, and an old day would cost a request for each of them.
    Raises TransientError where the store is away, InvariantError where a ledger entry is none.
    """
    lake = parts.lake
    heads = await lake.heads_of_day(feed, dt)
    made_from = {
        (item.key, item.etag)
        for head in (() if promises else heads.values())
        for item in head.inputs
    }
    raw = await lake.raw_of_day(feed, dt, made_from)
    # Where nothing was ever committed nothing is published that could be compared.
    etags = await _published_etags(lake, feed, dt) if heads else {}
    found = (
        FoundHour(hour, heads.get(hour), tuple(raw.get(hour, ())))
        for hour in sorted({*heads, *raw})
    )
    return [await _compared(lake, hour, etags) for hour in found]


async def _published_etags(lake: LakeReader, feed: str, dt: str) -> dict[str, str]:
    etags: dict[str, str] = {}
    for table in TABULAR[feed].published:
        async for found in lake.store.list(f"{CURATED_PREFIX}{table}/dt={dt}/"):
            etags[found.key] = found.etag
    return etags


async def _compared(lake: LakeReader, found: FoundHour, etags: Mapping[str, str]) -> FoundHour:
    """The hour with what differs between the ledger's head and what is published."""
    if found.head is None:
        return found
    wrong = tuple(out.key for out in found.head.outputs if etags.get(out.key) != out.etag)
    if not wrong:
        return found
    there = await lake.store.head(wrong[0])
    if there is not None and _is_of_version(there, found.head.version + 1):
        return FoundHour(found.hour, found.head, found.objects, underway=there.etag)
    return FoundHour(found.hour, found.head, found.objects, differing=wrong)


def _is_of_version(there: ObjectHead, version: int) -> bool:
    return bool(there.metadata.get(BATCH_ID)) and there.metadata.get(VERSION) == str(version)
