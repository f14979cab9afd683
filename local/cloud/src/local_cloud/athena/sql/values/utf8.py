"""UTF-8 that may be wrong, as airlift's SliceUtf8 and Java's decoder read it."""

import re


def repaired(value: bytes, replacement: str) -> str:
    """The text, with `replacement` for each piece that is no character."""
    try:
        return value.decode()
    except UnicodeDecodeError:
        pass
    made, at = [], 0
    while at < len(value):
        size, valid = _piece(value, at)
        made.append(value[at : at + size].decode() if valid else replacement)
        at += size
    return "".join(made)


def _announced(first: int) -> int:
    """How many bytes a first byte announces, six at most; 0 if it starts no character."""
    if first < 0x80:
        return 1
    ones = 8 - (first ^ 0xFF).bit_length()
    return ones if 2 <= ones <= 6 else 0


def _piece(value: bytes, at: int) -> tuple[int, bool]:
    """(size, whether it is a character) of what starts at `at`."""
    announced = _announced(value[at])
    if announced == 0:
        return 1, False
    for place in range(1, announced):
        if at + place >= len(value) or value[at + place] >> 6 != 0b10:
            return place, False
    try:
        value[at : at + announced].decode()
    except UnicodeDecodeError:
        # Overlong, a surrogate, or beyond Unicode.
        return announced, False
    return announced, True


_SURROGATE = re.compile(b"\xed[\xa0-\xbf][\x80-\xbf]")


def java_decoded(value: bytes) -> str:
    """As Java's decoder reads it with REPLACE: a surrogate is one piece, not three."""
    return _SURROGATE.sub("\ufffd".encode(), value).decode(errors="replace")
