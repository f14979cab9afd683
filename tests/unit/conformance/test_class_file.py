"""String constants come out of a class file, whatever else its constant pool holds."""

import struct

import pytest

from tests.conformance.class_file import ClassFileError, decoded, string_constants


def _class(*entries: bytes, places: int) -> bytes:
    return struct.pack(">IHHH", 0xCAFEBABE, 0, 65, places + 1) + b"".join(entries) + b"rest"


def _utf8(text: bytes) -> bytes:
    return b"\x01" + struct.pack(">H", len(text)) + text


def _string(index: int) -> bytes:
    return b"\x08" + struct.pack(">H", index)


def test_only_what_a_string_constant_names_is_a_string() -> None:
    data = _class(_utf8(b"SELECT 1"), _utf8(b"aName"), _string(1), places=3)

    assert string_constants(data) == ["SELECT 1"]


def test_a_long_takes_two_places_of_the_pool() -> None:
    data = _class(b"\x05" + bytes(8), _utf8(b"x"), _string(3), places=4)

    assert string_constants(data) == ["x"]


def test_every_kind_of_entry_is_passed_over_by_its_size() -> None:
    sizes = {
        3: 4,
        4: 4,
        7: 2,
        9: 4,
        10: 4,
        11: 4,
        12: 4,
        15: 3,
        16: 2,
        17: 4,
        18: 4,
        19: 2,
        20: 2,
    }
    entries = [bytes([tag]) + bytes(size) for tag, size in sizes.items()]

    data = _class(*entries, _utf8(b"last"), _string(len(sizes) + 1), places=len(sizes) + 2)

    assert string_constants(data) == ["last"]


def test_what_is_no_class_file_is_refused() -> None:
    with pytest.raises(ClassFileError):
        string_constants(b"PK\x03\x04 and so on")
    with pytest.raises(ClassFileError):
        string_constants(_class(b"\x02\x00\x00", places=1))


def test_java_writes_nul_and_high_characters_in_its_own_way() -> None:
    assert decoded(b"a\xc0\x80b") == "a\0b"
    assert decoded(b"\xed\xa0\xbd\xed\xb8\x80") == "\U0001f600"
    assert decoded("é日".encode()) == "é日"
