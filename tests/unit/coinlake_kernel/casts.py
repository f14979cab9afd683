"""The cast rules of `cast_table`, and answers and hours in which each of them is met."""

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from decimal import Decimal
from typing import Any

import orjson

from coinlake.contracts.datasets import ELEMENTS
from coinlake.contracts.elements import Field, Kind
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake_kernel.records import RawSource

from .cast_table import TABLE
from .odd_hours import HOUR, SKEW_MS, Objects


@dataclass(frozen=True, slots=True)
class Cast:
    """A value's JSON text, and what a column makes of it.

    `value` is the column's (ms since the epoch for `millis`); `text` is what is in `extra`, if anything.
    """

    json: str
    value: Any
    text: str | None


def _told(kind: Kind, told: str) -> Any:
    if told == "null":
        return None
    if kind in ("amount", "ratio"):
        return Decimal(told)
    if kind == "text":
        return json.loads(told)
    return told == "true" if kind == "boolean" else int(told)


def _casts(kind: Kind, table: str) -> Iterator[Cast]:
    for line in filter(None, (line.strip() for line in table.splitlines())):
        written, _, told = line.partition(" -> ")
        text: str | None = None
        is_text = written.startswith('"')
        if told.startswith("unfit"):
            text = told.removeprefix("unfit").strip()
            text = text or (json.loads(written) if is_text else written)
        yield Cast(written, None if text is not None else _told(kind, told), text)
        # What is written with escapes is read by the rules: without them, by columns.
        if is_text and (canonical := plain(written)) not in (None, written):
            yield Cast(canonical, None if text is not None else _told(kind, told), text)


def plain(written: str) -> str | None:
    """A JSON text as orjson writes it; None for a lone surrogate, which it does not."""
    try:
        return orjson.dumps(json.loads(written)).decode()
    except orjson.JSONEncodeError:
        return None


CASTS: dict[Kind, tuple[Cast, ...]] = {
    kind: tuple(_casts(kind, table)) for kind, table in TABLE.items()
}


@dataclass(frozen=True, slots=True)
class Place:
    """A field of a feed that a row is not quarantined for."""

    feed: str
    field: Field

    def answer(self, *values: str) -> bytes:
        """An answer with an element for each value, which stands there as it is. Ids count from 0."""
        element = ELEMENTS[self.feed]
        items = []
        for number, value in enumerate(values):
            told = dict.fromkeys(element.identity_keys, f'"{number}"')
            told |= {one.key: '"1"' for one in element.fields if one.column in element.price}
            told[self.field.key] = value
            items.append("{" + ",".join(f'"{key}":{text}' for key, text in told.items()) + "}")
        return f'{{"timestamp":{HOUR.start_ms},"data":[{",".join(items)}]}}'.encode()

    def hour(self, casts: Sequence[Cast], partition: int = 0) -> Objects:
        """A raw object with an answer for each cast; its offset is the place of the cast."""
        records = [
            Record(place, HOUR.start_ms, b"%d" % place, self.answer(cast.json))
            for place, cast in enumerate(casts)
        ]
        key = str(RawKey(f"coincap.{self.feed}.v1", HOUR, 0, partition, 0))
        source = RawSource(self.feed, HOUR.dt, HOUR.hour, key, "etag", None, SKEW_MS)
        return [(source, encode(records).body)]


def places(kind: Kind) -> list[Place]:
    """Every field of this kind that is neither an identity nor a price."""
    return [
        Place(feed, one)
        for feed, element in ELEMENTS.items()
        for one in element.fields
        if one.kind == kind and one.column not in (*element.identity, *element.price)
    ]
