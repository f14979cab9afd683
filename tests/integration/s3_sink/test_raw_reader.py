"""A stranger's reader, written from the page alone, reads what the real sink wrote."""

import ast
import re
import sys
from pathlib import Path
from types import ModuleType
from typing import Any

from coinlake.contracts.headers import heartbeat_headers
from coinlake.contracts.raw_index import Record
from tests import raw_reader
from tests.labs.cluster.lab import Lab

ROOT = Path(__file__).resolve().parents[3]
PAGE = ROOT / "docs" / "reference" / "raw-format.md"
NOON_MS = 1_790_000_000_000


def _records() -> list[Record]:
    beat = tuple(heartbeat_headers(NOON_MS, "me"))
    odd: list[tuple[bytes | None, bytes | None, Any]] = [
        (b"k", b'{"data":[]}', ()),
        (None, b"two\nlines\n", (("a", b"1"), ("a", None), ("\u00fc", b""))),
        (b"", b"", ()),
        (b"beat", None, beat),
        (b"k", b"\xff\x00" * 5000, (("b", b"\xff"),)),
    ]
    return [
        Record(0, NOON_MS + number, key, value, headers)
        for number, (key, value, headers) in enumerate(odd * 3)
    ]


def test_the_stranger_has_nothing_but_the_standard_library() -> None:
    tree = ast.parse(Path(raw_reader.__file__).read_text())

    imported = {
        name.name if isinstance(node, ast.Import) else node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.Import | ast.ImportFrom)
        for name in node.names
    }
    assert {str(name).split(".")[0] for name in imported} <= set(sys.stdlib_module_names)


async def test_it_reads_everything_that_kafka_had(lab: Lab) -> None:
    sent = _records()
    await lab.create()
    await lab.produce(sent)
    sink = lab.sink(S3_SINK_OBJECT__MAX_RECORDS="6")
    await sink.until(lambda: sink.partition(f"{lab.topic}-0").get("chain_end") == len(sent))
    assert sink.end() == 0
    kafka = await lab.consume(lab.topic, len(sent))

    objects = lab.objects()
    files = [raw_reader.read(one.body) for one in objects]

    rows = sorted((row for file in files for row in file.rows), key=lambda row: row.offset)
    assert [(r.offset, r.timestamp_ms, r.key, r.value, r.headers) for r in rows] == [
        (r.offset, r.timestamp_ms, r.key, r.value, r.headers) for r in kafka
    ]
    for one, file in zip(objects, files, strict=True):
        told, offsets = one.metadata, [row.offset for row in file.rows]
        values = [row.value for row in file.rows if row.value is not None]
        assert told["sha256"] == file.sha256
        assert told["coinlake-format"] == "1"
        assert (int(told["first"]), int(told["next"])) == (offsets[0], offsets[-1] + 1)
        assert (int(told["records"]), int(told["values"])) == (len(offsets), len(values))
    # The few lines that the page itself shows read the same.
    page = _shown_on_the_page()
    assert sorted(pair for one in objects for pair in page.offsets_and_values(one.body)) == [
        (row.offset, row.value) for row in rows
    ]


def _shown_on_the_page() -> Any:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    module = ModuleType("page")
    exec(code, module.__dict__)
    return module
