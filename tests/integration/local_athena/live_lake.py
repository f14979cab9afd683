"""Tables, raw hours and live views of one dataset, made by the job's own kernel."""

import json
import time
from collections import Counter
from collections.abc import Sequence
from random import Random
from typing import Any

from coinlake.contracts.datasets import ELEMENTS, TABULAR
from coinlake.contracts.elements import Field
from coinlake.contracts.hours import HOUR_MS, Hour, hour_of
from coinlake.contracts.ledger import curated_key
from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record
from coinlake.contracts.raw_layout import RawKey
from coinlake.views.candles import candles
from coinlake.views.definition import View
from coinlake.views.definition import table_input as view_table
from coinlake.views.live import live_views
from coinlake.views.raw_tables import raw_table
from coinlake_kernel.hour import HourKernel
from coinlake_kernel.parquet import parquet_bytes, without_rows
from coinlake_kernel.records import RawSource
from coinlake_tools.catalog_tables import table_creation
from tests.integration.local_athena.conftest import World

SKEW_MS = 60_000
# Recent, as a boundary is: Athena lists every hour behind it.
HOUR = hour_of(int(time.time() * 1000) - HOUR_MS)
BEFORE = hour_of(HOUR.start_ms - HOUR_MS)
ODD_TEXTS = (
    *("", "0", "-0", "-1", "+5", ".5", "5.", "1e-7", "1.5e-9", "1.5E+3", "2e20", "1e38"),
    *(
        "abc",
        "nan",
        "Infinity",
        " 7",
        "7 ",
        "\uff11",
        "0x1f",
        "1_000",
        "1,5",
        "1e",
        "e5",
        "--1",
    ),
    *("9" * 20, "9" * 21, "9" * 40, "0.1234567890123456789", "1.10000000000000000000000"),
    *("-1.2345678901234567e-12", "1.234567890123456789012345678e-1", "0" * 30 + "7.5"),
    *("true", "false", "TRUE", "1e400", "4.9e-324", "12345678901234567890123456789012345678.5"),
)
ODD_IDS = (
    "",
    " ",
    "\u2003",
    "a\u0000b",
    "tab\tid",
    "x" * 256,
    "x" * 257,
    "\u00e9" * 129,
    "\u4e2d",
)

Object = tuple[RawSource, bytes]


def objects_by_chance(feed: str, seed: int) -> list[Object]:
    """Raw objects of the hour: answers as CoinCap writes them, with odd values, some sent twice."""
    random = Random(seed)
    sent: list[tuple[int, bytes]] = []
    objects = []
    for number in range(3):
        records = []
        for place in range(random.randint(1, 5)):
            at_ms = HOUR.start_ms + random.randint(0, 3_500_000)
            if sent and random.random() < 0.2:
                at_ms, value = random.choice(sent)
            else:
                value = _body(random, feed, at_ms)
                sent.append((at_ms, value))
            records.append(Record(number * 10 + place, at_ms, b"page", value, ()))
        key = RawKey(TABULAR[feed].topic, HOUR, 0, 0, number * 10)
        source = RawSource(feed, HOUR.dt, HOUR.hour, str(key), "etag", None, SKEW_MS)
        objects.append((source, encode(records).body))
    return objects


def _body(random: Random, feed: str, at_ms: int) -> bytes:
    said: Any = random.choice([at_ms, at_ms - 40_000, f"{at_ms}", f"{at_ms}.0", "soon", None])
    if random.random() < 0.05:
        said = at_ms - 4 * HOUR_MS
    elements = [_element(random, feed, index) for index in range(random.randint(0, 8))]
    envelope = {"data": elements, "timestamp": said if random.random() < 0.3 else at_ms}
    return json.dumps(envelope, separators=(",", ":"), ensure_ascii=False).encode()


def _element(random: Random, feed: str, index: int) -> dict[str, Any]:
    element = ELEMENTS[feed]
    item = {one.key: _value(random, one) for one in element.fields}
    for column, key in zip(element.identity, element.identity_keys, strict=True):
        odd = random.random() < 0.15
        item[key] = random.choice(ODD_IDS) if odd else f"{column}-{index % 3}"
    if element.tokens:
        item[element.tokens] = {"1": ["0xa"]}
    if random.random() < 0.2:
        item.pop(random.choice(list(item)))
    return item


def _value(random: Random, one: Field) -> Any:
    if random.random() < 0.08:
        return None
    if one.kind == "text":
        return random.choice(["text", "\u20ac", "", '"quoted"'])
    if random.random() < 0.3:
        return random.choice(ODD_TEXTS)
    if one.kind == "boolean":
        return random.random() < 0.5
    if one.kind == "millis":
        return HOUR.start_ms + random.randint(-1000, 1000)
    if one.kind in ("int", "bigint"):
        return random.choice([random.randint(-5, 3000), "2147483647", "2147483648", "-1"])
    return f"{random.uniform(0, 1e6):.{random.randint(0, 18)}f}"


class LiveLake:
    """What the runner does to a lake, step by step."""

    def __init__(self, world: World, feed: str) -> None:
        self.world, self.dataset = world, TABULAR[feed]
        self.element = ELEMENTS[feed]
        world.rows("CREATE DATABASE live")
        self.put_table(raw_table(self.dataset, "lake"))
        for name in self.dataset.published:
            world.clients.glue.create_table(**table_creation("live", name, "lake"))
        self.put_view(candles("1m"))

    def put_table(self, table: dict[str, Any]) -> None:
        glue = self.world.clients.glue
        try:
            glue.create_table(DatabaseName="live", TableInput=table)
        except glue.exceptions.AlreadyExistsException:
            glue.update_table(DatabaseName="live", TableInput=table)

    def put_view(self, view: View) -> None:
        self.put_table(view_table(view, "live"))

    def boundary(self, hour: Hour) -> None:
        for view in live_views(self.dataset, hour, SKEW_MS):
            self.put_view(view)

    def land(self, objects: Sequence[Object]) -> None:
        for source, body in objects:
            self.world.put(source.key, body)

    def publish(self, objects: Sequence[Object]) -> None:
        kernel = HourKernel(self.dataset.name, SKEW_MS)
        for source, body in objects:
            kernel.add(source, body)
        typed = kernel.finish()
        for name in self.dataset.published:
            rows = typed.tables.get(name) or without_rows(name)
            self.world.put(curated_key(name, HOUR), parquet_bytes(name, rows, {}))
            location = f"s3://lake/{curated_key(name, HOUR).rpartition('/')[0]}/"
            self.world.rows(
                f"ALTER TABLE live.{name} ADD IF NOT EXISTS PARTITION"
                f" (dt='{HOUR.dt}', hour='{HOUR.hour}') LOCATION '{location}'"
            )

    def rows(self, name: str) -> Counter[tuple[str | None, ...]]:
        """The rows of a table or view, by what the raw zone can say of them."""
        columns = [field.column for field in self.element.fields]
        compared = ", ".join(f'"{one}"' for one in [*columns, "source_ts", "element_index"])
        return Counter(map(tuple, self.all_rows(f"SELECT {compared} FROM live.{name}")))

    def all_rows(self, sql: str) -> list[list[str | None]]:
        """Every page of an answer."""
        execution = self.world.run(sql)
        assert execution["Status"]["State"] == "SUCCEEDED", execution["Status"]
        pages = self.world.athena
        found: list[list[str | None]] = []
        token: dict[str, str] = {}
        while True:
            asked = {"QueryExecutionId": execution["QueryExecutionId"], **token}
            answer = pages.handle("GetQueryResults", asked)
            found += [
                [cell.get("VarCharValue") for cell in row["Data"]]
                for row in answer["ResultSet"]["Rows"]
            ]
            if "NextToken" not in answer:
                return found[1:]
            token = {"NextToken": answer["NextToken"]}
