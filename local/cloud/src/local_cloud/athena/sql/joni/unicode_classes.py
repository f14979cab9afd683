"""Which characters are letters, signs and each other's cases, for Joni and for us.

Joni's tables are of Unicode 6.1, those of letters' cases even older (io.airlift.jcodings), and
Python's are of Unicode 14. Where the two differ nothing is matched: such a text is refused.
"""

import re
import unicodedata
from collections.abc import Iterable
from functools import cache, lru_cache
from itertools import groupby

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.joni.code_points import (
    LAST,
    Ranges,
    complement,
    holds,
    intersection,
    of_codes,
    union,
)

LETTERS, SIGNS, CASES = "letters", "signs", "cases"
# Where a property of LETTERS, or of SIGNS, is another one in Joni's tables, and what is between
# such places: found by comparing all code points.
_OTHER_LETTERS = """
2b0-2e4 345-37f 528-670 6d6-73f 7a6-7b0 7fd-d83 dcf-df3 e31-ecd f2a-f33 f71-fbc
102b-10ff 135f-13fd 16f1-1773 17b6-180f 1878-18a9 191d-1938 19b0-1c35 1c80-1dfb
2070-209c 2150-2189 2460-24ff 2776-2793 2c2f-2c7d 2cfd 2de0-2dff 312e-312f 3192-31bf
3220-32bf 4db6-4dbf 9fcd-9fff a674-a69f a770-a835 a880-abea fb1e fe27-fe2f
10107-10133 10175-1018b 102e0-1037a 104b0-105bc 10600-107ba 10858-1091b 109bc-10aef
10b58-10baf 10c80-10d39 10e60-10eb1 10f00-110c2 11100-1123e 11280-11374 11400-114d9
11580-11659 116ab-116b8 11700-11746 11800-1183a 118a0-11959 119a0-11af8 11c00-11cb6
11d00-11da9 11ee0-11ef6 11fb0-11fd4 1236f-12399 12463-12543 12f90-12ff0 14400-14646
16a40-16b8f 16e40-16e96 16f45-16f87 16fe0-18d08 1aff0-1b2fb 1bc00-1bc9e 1cf00-1cf46
1d2e0-1d2f3 1d360-1d378 1da00-1daaf 1df00-1df1e 1e000-1e02a 1e100-1e14e 1e290-1e2f9
1e7e0-1e959 1ec71-1ecb4 1ed01-1ed3d 1f100-1f10c 1fbf0-1fbf9 2a6d7-2a6df 2b735-2b738
2b820-2ebe0 30000-3134a"""
_OTHER_SIGNS = """
37f 528-58e 5ef-61d 7fd-7ff 860-8ff 978-980 9fc-9fe a76 af9-aff b55 c00-c84 cdd-d81
de6-def e86-eba 13f5-13fd 166d 16f1-171f 180e-180f 1878 191d-191e 1ab0-1ace
1b4c-1b7e 1c80-1cfa 1de7-1dfb 2066-2069 20ba-20c0 218a-218b 2308-230b 23f4-23ff 2700
2b4d-2c5f 2e3c-2e5d 312e-312f 31bb-31bf 32ff 4db6-4dbf 9fcd-9fff a698-a69e a78f-a82c
a8c5-a8ff a9e0-a9fe aa7c-aa7f ab30-abbf fbc2 fd40-fd4f fdcf-fe2f 1018b-101a0
102e0-1037a 104b0-105bc 10600-107ba 10860-108ff 109bc-10af6 10b80-10baf 10c80-10d39
10e80-10eb1 10f00-10ff6 11070-1107f 110c2-110cd 11144-11176 111c9-1123e 11280-11374
11400-114d9 11580-1166c 116b8-116b9 11700-11746 11800-1183b 118a0-11959 119a0-11af8
11c00-11cb6 11d00-11da9 11ee0-11ef8 11fb0-11fff 1236f-12399 12463-12543 12f90-12ff2
13430-13438 14400-14646 16a40-16b8f 16e40-16e9a 16f45-16f87 16fe0-18d08 1aff0-1b2fb
1bc00-1bca3 1cf00-1cfc3 1d1de-1d1ea 1d2e0-1d2f3 1d372-1d378 1d800-1daaf 1df00-1df1e
1e000-1e02a 1e100-1e14f 1e290-1e2ff 1e7e0-1e95f 1ec71-1ecb4 1ed01-1ed3d 1f0bf-1f1ad
1f23b-1f265 1f321-1f336 1f37d-1f3ff 1f43f-1f441 1f4f8-1f4ff 1f53e-1f5fa 1f641-1f67f
1f6c6-1f6fc 1f780-1f8b1 1f900-1fbf9 2a6d7-2a6df 2b735-2b738 2b820-2ebe0 30000-3134a"""


def _ranges(text: str) -> Ranges:
    pairs = (one.partition("-") for one in text.split())
    return tuple((int(low, 16), int(high or low, 16)) for low, _, high in pairs)


def written(codes: Iterable[tuple[int, int]]) -> str:
    """The inside of Python's `[…]`."""
    return "".join(f"\\U{low:08x}-\\U{high:08x}" for low, high in codes)


_OTHER = {
    name: re.compile(f"[{written(_ranges(text))}]")
    for name, text in ((LETTERS, _OTHER_LETTERS), (SIGNS, _OTHER_SIGNS))
}


def check_text(text: str, needs: Iterable[str]) -> None:
    """Refuse a text with characters that Joni's tables may know otherwise."""
    if text.isascii():
        return
    for name in needs:
        found = next(filter(_other_case, text), None) if name == CASES else None
        if name in _OTHER and (match := _OTHER[name].search(text)):
            found = match[0]
        if found is not None:
            raise not_supported(
                f"U+{ord(found):04X} where a regular expression depends on its {name}"
            )


# ---- properties -------------------------------------------------------------------------------

ASCII: Ranges = ((0, 0x7F),)
# \d, \s and \w know ASCII only (Joni's Config.NON_UNICODE_SDW), POSIX's brackets do not.
SHORT: dict[str, Ranges] = {
    "d": ((0x30, 0x39),),
    "s": ((9, 13), (32, 32)),
    "w": ((0x30, 0x39), (0x41, 0x5A), (0x5F, 0x5F), (0x61, 0x7A)),
}
_PROPERTIES = {
    "l": "L",
    "lu": "Lu",
    "ll": "Ll",
    "lt": "Lt",
    "lm": "Lm",
    "lo": "Lo",
    "m": "M",
    "mn": "Mn",
    "n": "N",
    "nd": "Nd",
    "nl": "Nl",
    "no": "No",
    "p": "P",
    "s": "S",
    "sc": "Sc",
    "z": "Z",
    "zs": "Zs",
    "cc": "Cc",
    "alpha": "L Nl",
    "alnum": "L Nl Nd",
    "digit": "Nd",
    "upper": "Lu",
    "lower": "Ll",
    "punct": "P",
    "word": "L M Nd Nl Pc",
    "space": "Z",
    "blank": "Zs",
    "cntrl": "Cc",
    "graph": "L M N P S Cf Co",
    "print": "L M N P S Cf Co Zs",
}
_MORE: dict[str, Ranges] = {
    "lower": ((0xAA, 0xAA), (0xBA, 0xBA)),
    "space": ((9, 13), (0x85, 0x85)),
    "blank": ((9, 9),),
}
_PLAIN: dict[str, Ranges] = {
    "ascii": ASCII,
    "xdigit": ((0x30, 0x39), (0x41, 0x46), (0x61, 0x66)),
}
BRACKETS = (
    "alnum",
    "alpha",
    "blank",
    "cntrl",
    "digit",
    "graph",
    "lower",
    "print",
    "punct",
    "space",
    "upper",
    "xdigit",
    "ascii",
    "word",
)


@cache
def _categories() -> dict[str, Ranges]:
    """The code points of each general category."""
    found: dict[str, list[tuple[int, int]]] = {}
    start = 0
    for name, some in groupby(map(unicodedata.category, map(chr, range(LAST + 1)))):
        count = sum(1 for _ in some)
        found.setdefault(name, []).append((start, start + count - 1))
        start += count
    return {name: tuple(ranges) for name, ranges in found.items()}


def _in_categories(*prefixes: str) -> Ranges:
    return union(*(codes for name, codes in _categories().items() if name.startswith(prefixes)))


@cache
def property_codes(name: str) -> tuple[Ranges, str | None]:
    """(the code points of \\p{name}, which table that depends on)."""
    name = name.lower()
    if name in _PLAIN:
        return _PLAIN[name], None
    if name not in _PROPERTIES:
        raise not_supported(f"\\p{{{name}}} in regular expressions")
    wanted = _PROPERTIES[name].split()
    letters = wanted[0][0] in "LMN" and name not in ("graph", "print")
    codes = union(_in_categories(*wanted), _MORE.get(name, ()))
    return codes, LETTERS if letters else SIGNS


@cache
def word() -> str:
    """A class of Python's for what \\b and \\B take for a part of a word: letters, marks, numbers.

    Other than Joni's \\w these are all of Unicode. Python's \\w are letters and numbers.
    """
    certain = complement(_ranges(_OTHER_LETTERS))
    return f"[\\w{written(intersection(_in_categories('M', 'Pc'), certain))}]"


# ---- cases ------------------------------------------------------------------------------------

# Letters with one other case and no relation to any further character, but for the two below.
_CASED: Ranges = (
    (0x41, 0x5A),
    (0x61, 0x7A),
    (0xC0, 0xC4),
    (0xC6, 0xD6),
    (0xD8, 0xDE),
    (0xE0, 0xE4),
    (0xE6, 0xF6),
    (0xF8, 0xFE),
    (0x100, 0x12F),
    (0x132, 0x137),
    (0x139, 0x148),
    (0x14A, 0x177),
    (0x400, 0x45F),
)
# The Kelvin sign and the long s are cases of letters of ASCII.
_OUTSIDE = {0x212A: "k", 0x17F: "s"}


@lru_cache(maxsize=4096)
def _other_case(char: str) -> bool:
    return _has_case(char) and not holds(_CASED, ord(char))


def _has_case(char: str) -> bool:
    return not char == char.lower() == char.upper() == char.casefold()


def same_letter(char: str) -> Ranges:
    """The character in all its cases, for a pattern that ignores case."""
    if not _has_case(char):
        return of_codes([ord(char)])
    if _other_case(char):
        raise not_supported(f"(?i) with {char} in regular expressions")
    return of_codes(sorted({ord(char.lower()), ord(char.upper())}))


def in_all_cases(codes: Ranges, negated: bool) -> tuple[Ranges, bool]:
    """(a class with the other cases of what is in it, whether that depends on CASES).

    Joni (ApplyCaseFold) gives one that is not negated strings as well, such as ss for ß.
    """
    found = [codes]
    for low, high in intersection(codes, _CASED):
        found += [same_letter(chr(code)) for code in range(low, high + 1)]
    for code, letter in _OUTSIDE.items():
        if holds(codes, code):
            found.append(same_letter(letter))
    beyond = intersection(codes, complement(union(_CASED, ASCII)))
    strange = any(_has_case(chr(code)) for low, high in beyond for code in range(low, high + 1))
    if strange and not negated:
        raise not_supported("(?i) with such a character class in regular expressions")
    return union(*found), strange or len(found) > 1
