"""Parts, places and pads of text, which counts code points (trino-main: StringFunctions)."""

from local_cloud.athena.sql.failures import invalid_argument, not_supported
from local_cloud.athena.sql.types import Type

MAX_INT = 2**31 - 1
# Results of more characters than this are refused instead of held in memory.
MAX_CHARACTERS = 100_000_000


def spaced(text: str, of: Type) -> str:
    """A char, which is held without its trailing spaces, with them."""
    return text.ljust(of.precision or 0)


def saturated(value: int) -> int:
    """A bigint as an integer: Guava's Ints.saturatedCast."""
    return max(-(2**31), min(value, MAX_INT))


def substring(text: str, start: int, length: int) -> str:
    """The first character is 1 and the last -1; nothing where `start` lies outside."""
    if start == 0 or length <= 0 or not text:
        return ""
    at, count = saturated(start), saturated(length)
    if at > 0:
        return text[at - 1 : at - 1 + count]
    at += len(text)
    if at < 0:
        return ""
    if at + count > MAX_INT:
        # Trino's sum overflows, and its slice then fails.
        raise not_supported(f"substr with a negative start and length {length}")
    return text[at : at + count]


def suffix(text: str, start: int) -> str:
    """The text from `start` on."""
    return substring(text, start, len(text))


def position(text: str, part: str, instance: int) -> int:
    """Where `part` begins for the `instance`th time, counted from the end if negative; or 0."""
    # The absolute value of the smallest bigint is negative in Java.
    if instance in (0, -(2**63)):
        raise invalid_argument("'instance' must be a positive or negative number.")
    if not part:
        return 1
    return (
        _from_start(text, part, instance) if instance > 0 else _from_end(text, part, -instance)
    )


def _from_start(text: str, part: str, instance: int) -> int:
    at = -1
    for _ in range(instance):
        at = text.find(part, at + 1)
        if at < 0:
            return 0
    return at + 1


def _from_end(text: str, part: str, instance: int) -> int:
    at = len(text)
    for _ in range(instance):
        at = text.rfind(part, 0, max(0, at - 1 + len(part)))
        if at < 0:
            return 0
    # Here, and only here, Trino counts UTF-16's units: Java's String.lastIndexOf.
    return utf16_length(text[:at]) + 1


def utf16_length(text: str) -> int:
    return len(text) if text.isascii() else len(text.encode("utf-16-le")) // 2


def replaced(text: str, search: str, replacement: str) -> str:
    """An empty `search` is found before every character and at the end."""
    times = text.count(search) if search else len(text) + 1
    limited(len(text) + times * len(replacement))
    return text.replace(search, replacement)


def limited(characters: int) -> None:
    if characters > MAX_CHARACTERS:
        raise not_supported(f"texts of more than {MAX_CHARACTERS} characters")


def padding(text: str, length: int, pad: str) -> tuple[str, str]:
    """(what stays of `text`, what is missing to `length` characters, in repeated `pad`)."""
    if not 0 <= length <= MAX_INT:
        raise invalid_argument(f"Target length must be in the range [0..{MAX_INT}]")
    if not pad:
        raise invalid_argument("Padding string must not be empty")
    missing = length - len(text)
    if missing <= 0:
        return text[:length], ""
    limited(length)
    return text, (pad * (missing // len(pad) + 1))[:missing]


def translated(text: str, source: str, target: str) -> str:
    """Each character of `source` becomes that of `target`, or nothing; the first one counts."""
    table: dict[int, str] = {}
    for index, char in enumerate(source):
        table.setdefault(ord(char), target[index : index + 1])
    return text.translate(table)


# ---- splitting --------------------------------------------------------------------------------


def split(text: str, delimiter: str, limit: int) -> list[str]:
    """At most `limit` parts; the last one is the rest."""
    if limit <= 0:
        raise invalid_argument("Limit must be positive")
    if limit > MAX_INT:
        raise invalid_argument("Limit is too large")
    if not delimiter:
        raise invalid_argument("The delimiter may not be the empty string")
    return text.split(delimiter, limit - 1)


def part_of(text: str, delimiter: str, index: int) -> str | None:
    """One part, counted from 1; an empty delimiter splits into characters."""
    if index <= 0:
        raise invalid_argument("Index must be greater than zero")
    if not delimiter and index > MAX_INT:
        raise not_supported(f"split_part into characters at index {index}")
    parts: str | list[str] = text.split(delimiter) if delimiter else text
    return parts[index - 1] if index <= len(parts) else None


def pairs(text: str, entry: str, key_value: str) -> list[tuple[str, str]]:
    """`k=v;k=v` in order; every entry has the key-value delimiter exactly once."""
    if not entry:
        raise invalid_argument("entryDelimiter is empty")
    if not key_value:
        raise invalid_argument("keyValueDelimiter is empty")
    if entry == key_value:
        raise invalid_argument("entryDelimiter and keyValueDelimiter must not be the same")
    entries = text.split(entry)
    if not entries[-1]:
        # Neither an empty text nor what follows the last delimiter is an entry.
        entries.pop()
    return [_pair(one, key_value) for one in entries]


def _pair(entry: str, delimiter: str) -> tuple[str, str]:
    key, found, value = entry.partition(delimiter)
    if not found or delimiter in value:
        raise invalid_argument(
            f"Key-value delimiter must appear exactly once in each entry. Bad input: '{entry}'"
        )
    return key, value
