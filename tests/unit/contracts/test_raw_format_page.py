"""The page about the raw format: its reader, run as printed, reads what the codec writes."""

import random
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from coinlake.contracts.raw_codec import encode
from coinlake.contracts.raw_index import Record

PAGE = Path(__file__).resolve().parents[3] / "docs" / "reference" / "raw-format.md"


def _printed_reader() -> Callable[[bytes], Iterator[tuple[int, bytes | None]]]:
    (code,) = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {}
    exec(code, names)
    reader: Callable[[bytes], Iterator[tuple[int, bytes | None]]] = names["offsets_and_values"]
    return reader


@pytest.mark.parametrize("key_bytes", [3, 3000], ids=["one member", "several members"])
def test_the_reader_on_the_page_reads_what_the_codec_writes(key_bytes: int) -> None:
    rng = random.Random(key_bytes)
    records = [
        Record(5 + n, n, rng.randbytes(key_bytes), None if n % 7 == 3 else b"x\n" * n)
        for n in range(90)
    ]

    read = list(_printed_reader()(encode(records).body))

    assert read == [(record.offset, record.value) for record in records]
