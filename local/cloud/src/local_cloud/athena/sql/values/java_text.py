"""Bytes to text and back as Java's charsets do it: what has no meaning becomes U+FFFD, or `?`."""

import codecs
import re
import unicodedata

# Java's names for them in JsonInputFunctions: UTF_8, UTF_16LE and UTF-32LE.
UTF8, UTF16, UTF32 = "UTF8", "UTF16", "UTF32"
_UNKNOWN = "�"
_LONE = re.compile("[\ud800-\udfff]")


def decoded(raw: bytes, encoding: str) -> str:
    """What an InputStreamReader reads."""
    if encoding == UTF8:
        return raw.decode("utf-8", _UTF8_ERRORS)
    return _from_utf16(raw) if encoding == UTF16 else _from_utf32(raw)


def encoded(text: str, encoding: str) -> bytes:
    """String.getBytes of the charset."""
    if encoding == UTF8:
        return _LONE.sub("?", text).encode()
    return _LONE.sub(_UNKNOWN, text).encode("utf-16-le" if encoding == UTF16 else "utf-32-le")


def whole(text: str) -> str:
    """The text as UTF-8 can hold it (Slices.utf8Slice): half a pair becomes `?`."""
    return _LONE.sub("?", text)


def _utf8_error(error: UnicodeError) -> tuple[str, int]:
    """Python passes over one byte of an encoded surrogate, Java (sun.nio.cs.UTF_8) over all."""
    assert isinstance(error, UnicodeDecodeError)
    raw, at = error.object, error.start
    if raw[at] == 0xED and at + 1 < len(raw) and 0xA0 <= raw[at + 1] <= 0xBF:
        third = at + 2 < len(raw) and raw[at + 2] & 0xC0 == 0x80
        return _UNKNOWN, at + 2 + third
    return _UNKNOWN, error.end


_UTF8_ERRORS = "lake_java_utf8"
codecs.register_error(_UTF8_ERRORS, _utf8_error)


def _from_utf16(raw: bytes) -> str:
    """A high surrogate takes what follows it along, where that is no low one (UnicodeDecoder)."""
    made: list[str] = []
    at = 0
    while at < len(raw):
        unit = raw[at : at + 2]
        code = int.from_bytes(unit, "little")
        high = len(unit) == 2 and 0xD800 <= code < 0xDC00
        pair = raw[at : at + 4]
        if high and len(pair) == 4 and 0xDC00 <= int.from_bytes(pair[2:], "little") < 0xE000:
            made.append(pair.decode("utf-16-le"))
            at += 4
        elif high:
            made.append(_UNKNOWN)
            at += 4
        else:
            broken = len(unit) < 2 or 0xDC00 <= code < 0xE000
            made.append(_UNKNOWN if broken else chr(code))
            at += 2
    return "".join(made)


def _from_utf32(raw: bytes) -> str:
    """Surrogates are let through (UTF_32Coder); two halves that meet are a pair."""
    raw = raw.removeprefix(codecs.BOM_UTF32_LE)
    made: list[str] = []
    for at in range(0, len(raw), 4):
        unit = raw[at : at + 4]
        code = int.from_bytes(unit, "little")
        made.append(chr(code) if len(unit) == 4 and code <= 0x10FFFF else _UNKNOWN)
    return joined("".join(made))


def joined(text: str) -> str:
    """The text with each pair of surrogates as the one character that it means in Java."""
    if not _LONE.search(text):
        return text
    return text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "surrogatepass")


_NAMES = ("Lu", "Ll", "Lt", "Lm", "Lo", "Nl", "Sc", "Pc", "Nd", "Mn", "Mc", "Cf")


def is_identifier_part(char: str) -> bool:
    """Character.isJavaIdentifierPart of the first UTF-16 unit, from the digits on."""
    if not "0" <= char <= "\uffff":
        return False
    return unicodedata.category(char) in _NAMES or "\x7f" <= char <= "\x9f"
