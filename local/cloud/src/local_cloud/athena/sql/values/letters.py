"""Letters of other cases, white space and normal forms, as Java 24 and Unicode 16 have them.

io.airlift.slice.SliceUtf8 maps code point by code point with Java's Character.toUpperCase and
toLowerCase; Python knows Unicode 14 and the full mappings, where ß becomes SS.
"""

import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Literal

from local_cloud.athena.sql.failures import invalid_argument, not_supported

# Character.isWhitespace: no space that does not break.
SPACES = "\t\n\v\f\r\x1c\x1d\x1e\x1f \u1680" + "".join(
    map(chr, (*range(0x2000, 0x2007), 0x2008, 0x2009, 0x200A, 0x2028, 0x2029, 0x205F, 0x3000))
)
# Pairs that came with Unicode 15 and 16: (capital, small, how many follow).
_LATER = (
    (0x1C89, 0x1C8A, 1),
    (0xA7CB, 0x0264, 1),
    (0xA7CC, 0xA7CD, 1),
    (0xA7DA, 0xA7DB, 1),
    (0xA7DC, 0x019B, 1),
    (0x10D50, 0x10D70, 22),
)
_PAIRS = {a + i: b + i for a, b, count in _LATER for i in range(count)}
_LOWER = {**_PAIRS, 0x0130: 0x69}
_UPPER = {small: capital for capital, small in _PAIRS.items()}
# Greek letters with an iota below have a capital of one character, and a full mapping of two.
_UPPER.update({0x1FB3: 0x1FBC, 0x1FC3: 0x1FCC, 0x1FF3: 0x1FFC})
_UPPER.update({a + i: a + 8 + i for a in (0x1F80, 0x1F90, 0x1FA0) for i in range(8)})


def upper(text: str) -> str:
    """Capital letters, each for one: SliceUtf8.toUpperCase."""
    return text.upper() if text.isascii() else "".join(map(_upper, text))


def lower(text: str) -> str:
    """Small letters, each for one: SliceUtf8.toLowerCase."""
    return text.lower() if text.isascii() else "".join(map(_lower, text))


def _mapped(table: dict[int, int], full: Callable[[str], str]) -> Callable[[str], str]:
    @lru_cache(maxsize=4096)
    def of(char: str) -> str:
        known = table.get(ord(char))
        if known is not None:
            return chr(known)
        found = full(char)
        return found if len(found) == 1 else char

    return of


_upper, _lower = _mapped(_UPPER, str.upper), _mapped(_LOWER, str.lower)


def is_letter(char: str) -> bool:
    """Character.isLetter of a character that Unicode 14 knows."""
    return known(char).startswith("L")


def known(char: str) -> str:
    """The general category, which Unicode 16 may have given to a character that 14 has not."""
    found = unicodedata.category(char)
    if found == "Cn":
        raise not_supported(f"characters newer than Unicode 14 here (U+{ord(char):04X})")
    return found


Form = Literal["NFD", "NFC", "NFKD", "NFKC"]
_FORMS: dict[str, Form] = {"NFD": "NFD", "NFC": "NFC", "NFKD": "NFKD", "NFKC": "NFKC"}


def normal_form(text: str, form: str) -> str:
    """java.text.Normalizer.normalize."""
    known_form = _FORMS.get(form)
    if known_form is None:
        raise invalid_argument("Normalization form must be one of [NFD, NFC, NFKD, NFKC]")
    if text.isascii():
        return text
    for char in text:
        known(char)
    return unicodedata.normalize(known_form, text)
