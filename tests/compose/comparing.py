"""What must be equal: the simulator's books, Kafka, the raw zone and SQL.

Nothing here shares code with what it judges, but for the codec of raw objects, which gunzip and a
count of lines confirm.
"""

import hashlib
import json
from collections import Counter
from typing import Any

from coinlake.contracts.raw_codec import decode
from coinlake.contracts.topics import GAPS
from tests.compose.books import Books, hashes
from tests.compose.outside import Outside
from tests.compose.stack import ComposeStack
from tests.kafka_log import KafkaRecord

TABLES = ("quotes", "asset_tokens", "rates", "exchanges", "markets", "candles_1m")


def settle(stack: ComposeStack, outside: Outside) -> None:
    """No new answers; wait until all that is in Kafka is stored and published."""
    stack.compose("stop", "ingestor")

    def is_stored() -> bool:
        in_kafka = Counter(_hash(r.value) for r in outside.records() if r.value is not None)
        return not in_kafka - outside.raw_lines()

    stack.wait("every value of Kafka is in the raw zone", is_stored)
    stack.wait("every raw object is published", outside.published)


def compare_bytes(stack: ComposeStack, outside: Outside, books: Books) -> Counter[str]:
    """The raw zone against Kafka, record by record, and against the simulator's books.

    Returns the hashes of bodies that the simulator served and Kafka has not: they died with an
    ingestor that had not yet written them down, and must be missed by name.
    """
    records, served = outside.records(), books.entries()
    everything = {(r.topic, r.offset): r.value for r in records}
    values = {at: value for at, value in everything.items() if value is not None}
    _compare_with_raw(outside, everything)
    assert outside.raw_lines() == Counter(map(_hash, values.values()))

    polls = _polls(records)
    # Twice in Kafka is what the design allows after a kill: the same poll with the same bytes.
    asked = Counter(polls.values())
    assert asked - hashes(served) == Counter()
    lost = hashes(served, complete=True) - asked
    stack.say(
        f"served {len(served)} bodies, in Kafka {len(values)} values and {len(polls)} polls, in the raw "
        f"zone each record once; died with the ingestor {lost.total()}"
    )
    return lost


def compare_rows(stack: ComposeStack, outside: Outside) -> None:
    """The table of quotes against the answers in Kafka, counted with nothing but json."""
    answers = {
        record.headers["poll_id"]: record.value
        for record in outside.records(("coincap.assets.v1",))
        if record.value is not None
    }
    expected = {poll: len(json.loads(value)["data"]) for poll, value in answers.items()}

    counted = outside.sql("select poll_id, count(*) from quotes group by poll_id")

    assert {str(poll): int(str(rows)) for poll, rows in counted} == expected
    stack.say(f"{sum(expected.values())} rows of {len(expected)} polls, each once")


def everything(outside: Outside) -> dict[str, Any]:
    """All that must be the same after the containers were removed and made anew."""
    return {
        "Kafka": Counter((r.topic, r.offset, r.value) for r in outside.records()),
        "raw objects": outside.etags("raw/"),
        "ledger": outside.etags("ledger/"),
        "curated objects": outside.etags("curated/"),
        "tables and partitions": outside.catalog(),
        "row counts": {
            table: outside.sql(
                f"select dt, hour, count(*) from {table} group by 1, 2 order by 1, 2"
            )
            for table in TABLES
        },
        "quotes": sorted(
            outside.sql("select poll_id, asset_id, price_usd, source_ts from quotes"), key=str
        ),
        "coverage": outside.ask("/v1/coverage")["data"],
    }


def newest_offset(outside: Outside) -> int:
    assets = outside.records(("coincap.assets.v1",))
    return max((record.offset for record in assets if record.value is not None), default=-1)


def _compare_with_raw(
    outside: Outside, everything: dict[tuple[str, int], bytes | None]
) -> None:
    """Each record that has a value is in the raw zone once, with its bytes."""
    in_raw: Counter[tuple[str, int]] = Counter()
    for key in outside.etags("raw/"):
        topic = key.split("/")[1]
        for stored in decode(outside.get(key)).records:
            in_raw[topic, stored.offset] += 1
            assert everything[topic, stored.offset] == stored.value
    assert [at for at, times in in_raw.items() if times > 1] == []
    # Heartbeats have no value and are only indexed; the last ones wait for company.
    lacking = [at for at, value in everything.items() if value is not None and at not in in_raw]
    assert lacking == []


def _polls(records: list[KafkaRecord]) -> dict[str, str]:
    """Each poll of Kafka with the hash of its answer, which is the same each time it is there.

    What was missed is in Kafka and in raw too, and no poll.
    """
    polls: dict[str, str] = {}
    for record in records:
        if record.value is not None and record.topic != GAPS:
            found = _hash(record.value)
            assert polls.setdefault(record.headers["poll_id"], found) == found
    return polls


def _hash(value: bytes) -> str:
    return hashlib.sha256(value).hexdigest()
