"""The page's files as one set under one version, in both forms, and who gets which."""

import gzip

import pytest

from query_api.adapters.page_files import FOLDER, read_page
from query_api.core.etag import matches
from query_api.core.negotiation import wanted_coding
from query_api.core.page_set import PLACE, page_set


def test_a_change_of_one_file_moves_the_address_of_all() -> None:
    one = page_set({"a.js": b"1", "b.css": b"2"})
    other = page_set({"a.js": b"1", "b.css": b"3"})

    assert one.version != other.version
    assert one.files["a.js"] == other.files["a.js"]


def test_where_one_file_ends_and_the_next_begins_is_part_of_the_version() -> None:
    assert (
        page_set({"a.js": b"12", "b.js": b""}).version
        != page_set({"a.js": b"1", "b.js": b"2"}).version
    )


def test_documents_name_the_folder_of_their_own_version() -> None:
    made = page_set({"index.html": f'<script src="{PLACE}/app.js">'.encode()})

    assert (
        made.files["index.html"].body == f'<script src="/page/{made.version}/app.js">'.encode()
    )


def test_both_forms_have_the_same_bytes_and_each_replica_the_same_tag() -> None:
    first, second = page_set({"a.js": b"x" * 999}), page_set({"a.js": b"x" * 999})

    assert gzip.decompress(first.files["a.js"].gzipped) == b"x" * 999
    assert first == second


def test_a_file_without_a_media_type_is_refused_at_the_start() -> None:
    with pytest.raises(KeyError):
        page_set({"a.exe": b""})


@pytest.mark.parametrize(
    ("given", "takes"),
    [
        (None, False),
        ("", False),
        ("gzip", True),
        ("br, GZIP;q=0.5", True),
        ("gzip;q=0", False),
        ("gzip;q=0.0, *", False),
        ("*", True),
        ("*;q=0", False),
        ("identity", False),
        ("gzip;q=x", False),
    ],
)
def test_gzip_is_sent_to_who_takes_it(given: str | None, takes: bool) -> None:
    assert (wanted_coding(given, ("gzip",)) == "gzip") is takes


@pytest.mark.parametrize(
    ("given", "known"),
    [
        (None, False),
        ('"a"', True),
        ('W/"a"', True),
        ('"b", "a"', True),
        ('"b"', False),
        ("*", True),
    ],
)
def test_a_tag_that_is_held_is_found_among_several(given: str | None, known: bool) -> None:
    assert matches(given, '"a"') is known


def test_what_is_served_holds_no_inline_script_or_style_and_no_other_host() -> None:
    for name, file in read_page().files.items():
        text = file.body.decode()
        if name.endswith(".html"):
            assert "<style" not in text
            assert "style=" not in text
            assert text.count("<script") == text.count('<script type="module" src=')
            assert "http" not in text
        if name.endswith((".js", ".css")) and not name.startswith("vendor/"):
            assert ".innerHTML" not in text
            assert "insertAdjacentHTML" not in text
            assert "@import" not in text


def test_all_of_it_is_at_most_300_kilobytes_compressed() -> None:
    sizes = {name: len(file.gzipped) for name, file in read_page().files.items()}

    assert sum(sizes.values()) <= 300_000, sizes


def test_no_module_of_the_page_is_higher_than_the_wall() -> None:
    own = [path for path in FOLDER.rglob("*.js") if path.parent.name != "vendor"]

    assert {p.name: n for p in own if (n := len(p.read_text().splitlines())) > 300} == {}
