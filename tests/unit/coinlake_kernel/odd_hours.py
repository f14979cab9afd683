"""Hours by chance: answers as they should be, and with everything odd that a body may hold."""

import json
import re
from random import Random
from typing import Any

from coinlake.contracts.datasets import ELEMENTS, TABULAR
from coinlake.contracts.elements import Field
from coinlake.contracts.headers import AnswerHeaders
from coinlake.contracts.hours import Hour
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake_kernel.records import RawSource

HOUR = Hour("2026-09-21", "10")
SKEW_MS = 60_000
ODD: tuple[Any, ...] = (
    *("", None, "0", "-1", "1e-7", "1.5e-9", "1e20", "abc", "9" * 40, "0.1234567890123456789"),
    *(
        "nan",
        "12.50",
        " 7",
        "\uff11",
        1,
        1.5,
        True,
        [],
        {},
        2**60,
        -1,
        "+5",
        ".5",
        "5.",
        "1e-00007",
    ),
)

TIMES = (0, 1, 1_795_341_600, 253_402_300_799_999, 253_402_300_800_000)

Objects = list[tuple[RawSource, bytes]]


def hour_by_chance(seed: int) -> tuple[str, Objects]:
    """A feed, and raw objects of one hour of it."""
    random = Random(seed)
    feed = random.choice(list(TABULAR))
    sent: list[bytes] = []
    objects: Objects = []
    for number in range(random.randint(1, 3)):
        link = number * 10
        records = [
            _record(random, feed, link + place, sent) for place in range(random.randint(1, 6))
        ]
        body = encode(records).body
        if random.random() < 0.03:
            body = body[:-4]
        key = RawKey(f"coincap.{feed}.v1", HOUR, 0, random.randint(0, 1), link)
        told = random.choice([None, len(records), len(records), len(records) + 2, 0])
        source = RawSource(feed, HOUR.dt, HOUR.hour, str(key), "etag", None, SKEW_MS, told)
        objects.append((source, body))
    return feed, objects


def _record(random: Random, feed: str, offset: int, sent: list[bytes]) -> Record:
    at_ms = HOUR.start_ms + random.randint(0, 100) * 1000
    value: bytes | None
    if random.random() < 0.1:
        value = None
    elif sent and random.random() < 0.1:
        value = random.choice(sent)
    else:
        value = body_by_chance(random, feed, at_ms - random.randint(0, 500))
        sent.append(value)
    told = AnswerHeaders(f"p{offset}", 1, at_ms, 200, "u", "s", "coincap", "t", tick_id="t1")
    return Record(
        offset,
        at_ms if random.random() > 0.03 else -1,
        random.choice([b"a", None]),
        value,
        tuple(told.encode()) if random.random() < 0.8 else (),
    )


def body_by_chance(random: Random, feed: str, at_ms: int) -> bytes:
    """A body; two of three are as CoinCap writes them, whatever is in them."""
    data: Any = [
        _element(random, feed, index if random.random() > 0.01 else 0)
        for index in range(random.randint(0, 6))
    ]
    envelope = {
        "timestamp": at_ms if random.random() > 0.05 else random.choice(ODD),
        "data": data if random.random() > 0.03 else random.choice(ODD),
    }
    if random.random() < 0.05:
        envelope["more"] = random.choice(ODD)
    if random.random() < 0.5:
        envelope = dict(reversed(envelope.items()))
    compact = json.dumps(envelope, separators=(",", ":"), ensure_ascii=False).encode()
    return _damaged(random, envelope, compact)


def _damaged(random: Random, envelope: dict[str, Any], body: bytes) -> bytes:
    damages = (
        b"\xef\xbb\xbf" + body,
        body[:-3],
        body.replace(b'"data":', b'"data":[1],"data":', 1),
        b"  " + body + b"\n",
        body.replace(b'":"', b'":"\\ud800', 1),
        body.replace(b'":"', b'":NaN,"z":"', 1),
        body.replace(b'"id":', b'"id":"twice","id":'),
        re.sub(rb'"timestamp":[0-9]+', b'"timestamp":%d' % random.choice(TIMES), body),
        re.sub(rb":([0-9]+)([,}])", rb":\1.00\2", body),
        b"",
        json.dumps(envelope).encode(),
        json.dumps(envelope, indent=1).encode(),
    )
    return random.choice(damages) if random.random() < 0.25 else body


def _element(random: Random, feed: str, index: int) -> Any:
    if random.random() < 0.01:
        return random.choice(ODD)
    element = ELEMENTS[feed]
    item = {
        one.key: _value(random, one, str(index) if one.column in element.identity else "")
        for one in element.fields
    }
    if element.tokens:
        item[element.tokens] = _tokens(random)
    while random.random() < 0.15:
        item[random.choice(list(item))] = random.choice(ODD)
    if random.random() < 0.05:
        item[random.choice(["new", "price_usd", "x y"])] = random.choice(ODD)
    if random.random() < 0.05:
        item.pop(random.choice(list(item)))
    return item


def _value(random: Random, one: Field, identity: str) -> Any:
    if one.kind == "text":
        return f"{one.key}{identity or random.randint(0, 3)}"
    if one.kind == "boolean":
        return random.random() < 0.5
    if one.kind == "millis":
        return HOUR.start_ms + random.choice(
            [random.randint(0, 3_600_000), -86_390_000, -(10**10)]
        )
    if one.kind in ("int", "bigint"):
        return str(random.randint(1, 3000))
    if random.random() < 0.1:
        return str(random.uniform(0, 1e-6))
    return f"{random.uniform(0, 1e6):.{random.randint(0, 18)}f}"


def _tokens(random: Random) -> Any:
    if random.random() < 0.2:
        return random.choice([None, {}, [], {"1": None}, {"1": ["a", None]}, "x"])
    return {
        str(chain): [f"0x{chain}{place}" for place in range(random.randint(0, 2))]
        for chain in range(random.randint(0, 2))
    }
