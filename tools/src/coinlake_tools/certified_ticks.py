"""The ticks that were missed on a day, as the ingestor told them."""

import hashlib
from dataclasses import asdict

from coinlake.contracts.datasets import GAPS
from coinlake.contracts.hours import Hour
from coinlake.contracts.missed_ticks import MissedTicks, parse_missed_ticks
from coinlake.contracts.raw_codec import decode
from coinlake.contracts.raw_index import RawFormatError
from coinlake.contracts.raw_layout import topic_prefix
from coinlake.store import ObjectStore
from coinlake_tools.certificate import Json
from coinlake_tools.neighbours import day_beside


class TickReader:
    """Reads what was told on the day itself and on the day after: a tick is missed before it is told."""

    def __init__(self, store: ObjectStore) -> None:
        self._store = store

    async def read(self, dt: str, wrong: list[str]) -> Json:
        """What was told of ticks that were due on the day, and in which objects."""
        start_ms, end_ms = Hour(dt, "00").start_ms, Hour(dt, "23").end_ms
        objects, ticks = [], []
        for day in (dt, day_beside(dt, 1)):
            async for listed in self._store.list(f"{topic_prefix(GAPS.topic)}dt={day}/"):
                if listed.key.endswith("/"):
                    continue
                body = await self._store.get(listed.key)
                told = [
                    one
                    for one in _ticks(listed.key, body, wrong)
                    if one.to_ms >= start_ms and one.from_ms < end_ms
                ]
                ticks += told
                if told and body is not None:
                    digest = hashlib.sha256(body).hexdigest()
                    objects.append({"key": listed.key, "etag": listed.etag, "sha256": digest})
        ticks.sort(key=lambda one: (one.feed, one.page, one.from_ms, one.detected_ms))
        return {
            "topic": GAPS.topic,
            "objects": objects,
            "told": [asdict(one) for one in ticks],
            "count": sum(one.count for one in ticks),
        }


def _ticks(key: str, body: bytes | None, wrong: list[str]) -> list[MissedTicks]:
    found = []
    try:
        for record in decode(body or b"").records:
            if record.value is not None:
                one = parse_missed_ticks(record.value)
                if not all(type(value) in (int, str) for value in asdict(one).values()):
                    raise ValueError(f"offset {record.offset} has a value of another type")
                found.append(one)
    except (RawFormatError, ValueError) as error:
        wrong.append(f"missed ticks: {key}: {error}")
    return found
