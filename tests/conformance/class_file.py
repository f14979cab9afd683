"""The string constants of a Java class file, read from its constant pool.

The format is of the Java Virtual Machine Specification, chapter 4.4, "The Constant Pool".
"""

import struct

_MAGIC = 0xCAFEBABE
_UTF8, _STRING = 1, 8
_WIDE = (5, 6)  # Long and Double take two places of the pool (section 4.4.5)
# Bytes of an entry behind its tag; a Utf8 has a length of its own.
_SIZES = {
    3: 4,
    4: 4,
    5: 8,
    6: 8,
    7: 2,
    8: 2,
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


class ClassFileError(Exception):
    """The bytes are no class file that this reader knows."""


def string_constants(data: bytes) -> list[str]:
    """Each CONSTANT_String of the class, in the pool's order."""
    if len(data) < 10 or struct.unpack_from(">I", data)[0] != _MAGIC:
        raise ClassFileError("not a class file")
    (count,) = struct.unpack_from(">H", data, 8)
    texts: dict[int, bytes] = {}
    strings: list[int] = []
    at, index = 10, 1
    while index < count:
        tag = data[at]
        if tag == _UTF8:
            (length,) = struct.unpack_from(">H", data, at + 1)
            texts[index] = data[at + 3 : at + 3 + length]
            at += 3 + length
        elif tag in _SIZES:
            if tag == _STRING:
                strings.append(struct.unpack_from(">H", data, at + 1)[0])
            at += 1 + _SIZES[tag]
        else:
            raise ClassFileError(f"constant pool tag {tag}")
        index += 2 if tag in _WIDE else 1
    return [decoded(texts[one]) for one in strings]


def decoded(text: bytes) -> str:
    """Java's modified UTF-8 (section 4.4.7): NUL in two bytes, high characters as surrogates."""
    loose = text.replace(b"\xc0\x80", b"\0").decode("utf-8", "surrogatepass")
    return loose.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
