"""Which form and which coding a client gets, by what it accepts."""

import zlib

import pytest
import zstandard

from query_api.core.codings import CODINGS, coding_of
from query_api.core.negotiation import Format, wanted_coding, wanted_offer


@pytest.mark.parametrize(
    ("accept", "form"),
    [
        (None, Format.JSON),
        ("", Format.JSON),
        ("*/*", Format.JSON),
        ("application/json", Format.JSON),
        ("APPLICATION/JSON; charset=UTF-8", Format.JSON),
        ("text/csv", Format.CSV),
        ("text/*", Format.CSV),
        ("text/csv; header=present", Format.CSV),
        ("application/x-ndjson", Format.NDJSON),
        ("application/jsonl", Format.NDJSON),
        ("application/vnd.apache.arrow.stream", Format.ARROW),
        ("application/vnd.apache.parquet", Format.PARQUET),
        ("application/json;q=0.5, text/csv;q=0.6", Format.CSV),
        ("application/*;q=0.5, text/csv;q=0.4", Format.JSON),
        # The most specific range decides, whatever a wider one says.
        ("application/json;q=0, */*", Format.NDJSON),
        ("*/*;q=0.9, application/json;q=0.1", Format.NDJSON),
        ("text/csv, */*", Format.CSV),
        ("text/html, application/xhtml+xml, */*;q=0.8", Format.JSON),
        ("nonsense, text/csv", Format.CSV),
        ("text/csv;q=1.000", Format.CSV),
        ("text/html", None),
        ("text/csv;q=0", None),
        ("*/*;q=0", None),
        ("text/csv;header=absent", None),
        ("text/csv;q=2", None),
        ("text/csv;q=high", None),
        ("nonsense", None),
    ],
)
def test_the_form_that_is_wanted_most(accept: str | None, form: Format | None) -> None:
    offer = wanted_offer(accept)

    assert (None if offer is None else offer.format) == form


def test_the_answer_has_the_name_that_was_asked_for() -> None:
    offer = wanted_offer("application/jsonl")

    assert offer is not None
    assert offer.media_type == "application/jsonl"


@pytest.mark.parametrize(
    ("accepted", "coding"),
    [
        (None, "identity"),
        ("", "identity"),
        ("gzip", "gzip"),
        ("gzip, deflate, br", "gzip"),
        ("deflate", "deflate"),
        ("br", "identity"),
        ("gzip, zstd", "zstd"),
        ("zstd;q=0.5, gzip", "gzip"),
        ("*", "zstd"),
        ("*, zstd;q=0", "gzip"),
        ("gzip;q=0", "identity"),
        ("identity", "identity"),
        ("gzip;q=0.5, identity", "identity"),
        ("gzip;q=0.5, identity;q=0.5", "gzip"),
        ("identity;q=0", "identity"),
        ("identity;q=0, deflate", "deflate"),
    ],
)
def test_the_coding_that_is_wanted_most(accepted: str | None, coding: str) -> None:
    assert wanted_coding(accepted, CODINGS) == coding


@pytest.mark.parametrize("name", [*CODINGS, "identity"])
def test_each_coding_gives_the_bytes_back(name: str) -> None:
    coding = coding_of(name)
    packed = coding.compress(b"a" * 5000) + coding.compress(memoryview(b"b")) + coding.flush()

    decoders = {
        "gzip": lambda: zlib.decompress(packed, 31),
        "deflate": lambda: zlib.decompress(packed),
        "zstd": lambda: zstandard.ZstdDecompressor().decompressobj().decompress(packed),
        "identity": lambda: packed,
    }
    assert decoders[name]() == b"a" * 5000 + b"b"
