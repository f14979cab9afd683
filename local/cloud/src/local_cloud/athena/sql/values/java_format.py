"""java.util.Formatter: a format's text read, checked and filled in, as String.format does it."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from decimal import Decimal
from functools import lru_cache
from typing import Any

from local_cloud.athena.sql.failures import invalid_argument, not_supported
from local_cloud.athena.sql.values import java_format_numbers, java_format_times
from local_cloud.athena.sql.values.java_format_times import Moment

# Java would fill its memory with the spaces of a wider one.
MAX_WIDTH = 1_000_000


@dataclass(frozen=True, slots=True)
class Directive:
    """%[index$][flags][width][.precision]conversion.

    `index` 0 is the next argument, -1 the one before; `conversion` of a date has a t in front.
    """

    conversion: str
    index: int = 0
    flags: str = ""
    width: int | None = None
    precision: int | None = None
    upper: bool = False


@dataclass(frozen=True, slots=True)
class Argument:
    """A value as Java has it: None, bool, int, float, Decimal, str or a Moment.

    `text` is what its toString gives.
    """

    value: Any
    text: str


class FormatError(ValueError):
    """An IllegalFormatException."""


_DIRECTIVE = re.compile(
    r"%(?:(\d+)\$)?([-#+ 0,(<]*)(\d+)?(?:\.(\d+))?([tT])?([a-zA-Z%])", re.ASCII
)
_CONVERSIONS = frozenset("bBhHsScCdoxXeEfgGaAn%")
_INT = 2**31


@lru_cache(maxsize=1024)
def parsed(text: str) -> tuple[str | Directive, ...]:
    """Raises FormatError."""
    made: list[str | Directive] = []
    at = 0
    while at < len(text):
        start = text.find("%", at)
        if start < 0:
            made.append(text[at:])
            break
        if start > at:
            made.append(text[at:start])
        found = _DIRECTIVE.match(text, start)
        if found is None:
            raise FormatError(text[start:])
        made.append(_checked(_directive(found)))
        at = found.end()
    return tuple(made)


def _directive(found: re.Match[str]) -> Directive:
    index, flags, width, precision, time, conversion = found.groups()
    if len(set(flags)) < len(flags):
        raise FormatError(f"duplicate flags {flags}")
    numbers = [None if one is None else int(one) for one in (index, width, precision)]
    if numbers[0] == 0 or any(one is not None and one >= _INT for one in numbers):
        raise FormatError(found[0])
    if not time and conversion not in _CONVERSIONS:
        raise FormatError(conversion)
    upper = time == "T" or (not time and conversion.isupper())
    name = f"t{conversion}" if time else conversion.lower()
    place = -1 if "<" in flags else numbers[0] or 0
    return Directive(name, place, flags.replace("<", ""), numbers[1], numbers[2], upper)


_ALLOWED = {
    "d": "-+ 0,(",
    "o": "-#+ 0(",
    "x": "-#+ 0(",
    "e": "-#+ 0(",
    "f": "-#+ 0,(",
    "g": "-+ 0,(",
    "a": "-#+ 0",
    "s": "-#",
    "%": "-",
    "n": "",
}


def _checked(of: Directive) -> Directive:
    """FormatSpecifier.check."""
    name, flags = of.conversion, set(of.flags)
    if flags - set(_ALLOWED.get(name, "-")):
        raise FormatError(f"flags {of.flags} of {name}")
    if of.precision is not None and (name[0] in "tcdox%n"):
        raise FormatError(f"precision of {name}")
    if of.width is None and flags & {"-", "0"}:
        raise FormatError("missing width")
    if {"+", " "} <= flags or {"-", "0"} <= flags:
        raise FormatError(f"flags {of.flags}")
    if name == "n" and of.width is not None:
        raise FormatError("width of n")
    if name[0] == "t" and name[1] not in java_format_times.CONVERSIONS:
        raise FormatError(name)
    if (of.width or 0) > MAX_WIDTH or (of.precision or 0) > MAX_WIDTH:
        raise not_supported("format() with a width or precision so large")
    return of


def formatted(text: str, arguments: Sequence[Argument]) -> str:
    """Raises INVALID_FUNCTION_ARGUMENT."""
    try:
        return _filled(parsed(text), arguments)
    except FormatError as error:
        raise invalid_argument(f"Invalid format string: {text} ({error})") from error


def _filled(parts: Sequence[str | Directive], arguments: Sequence[Argument]) -> str:
    made: list[str] = []
    last, ordinary = -1, -1
    for part in parts:
        if isinstance(part, str):
            made.append(part)
        elif part.conversion in "%n":
            made.append("\n" if part.conversion == "n" else _text("%", part))
        else:
            if part.index > 0:
                last = part.index - 1
            elif part.index == 0:
                last = ordinary = ordinary + 1
            if not 0 <= last < len(arguments):
                raise FormatError("missing argument")
            made.append(_written(part, arguments[last]))
    return "".join(made)


def justified(text: str, of: Directive) -> str:
    # Java counts UTF-16 units.
    missing = (of.width or 0) - len(text.encode("utf-16-le", "surrogatepass")) // 2
    if missing <= 0:
        return text
    return text + " " * missing if "-" in of.flags else " " * missing + text


def _text(text: str, of: Directive) -> str:
    if of.precision is not None:
        units = text.encode("utf-16-le", "surrogatepass")[: 2 * of.precision]
        try:
            text = units.decode("utf-16-le")
        except UnicodeDecodeError as error:
            raise not_supported("format() that cuts a character in half") from error
    if of.upper:
        text = text.upper()
    return justified(text, of)


def _written(of: Directive, argument: Argument) -> str:
    name, value = of.conversion, argument.value
    if name == "b":
        return _text("false" if value is None or value is False else "true", of)
    if value is None:
        if name == "s" and "#" in of.flags:
            raise FormatError("flag # of s")
        return _text("null", of)
    return _WRITERS[name[0]](of, argument)


def _string(of: Directive, argument: Argument) -> str:
    if "#" in of.flags:
        raise FormatError("flag # of s")
    return _text(argument.text, of)


def _hash(of: Directive, argument: Argument) -> str:
    return _text(f"{java_format_numbers.hash_code(argument.value) & 0xFFFFFFFF:x}", of)


def _character(of: Directive, argument: Argument) -> str:
    # Trino's whole numbers are Longs, which are no code points for Java.
    raise FormatError("conversion c")


def _integer(of: Directive, argument: Argument) -> str:
    value = argument.value
    if not isinstance(value, int) or isinstance(value, bool):
        raise FormatError(f"conversion {of.conversion}")
    if of.conversion == "d":
        made = java_format_numbers.signed(
            str(abs(value)), value < 0, of.flags, of.width, suffix=""
        )
    else:
        if set(of.flags) & set("+ ("):
            raise FormatError(f"flags {of.flags} of {of.conversion}")
        made = java_format_numbers.unsigned(value, of.conversion, of.flags, of.width)
    return justified(made.upper() if of.upper else made, of)


def _floating(of: Directive, argument: Argument) -> str:
    value = argument.value
    if isinstance(value, float):
        made = java_format_numbers.double(
            value, of.conversion, of.flags, of.width, of.precision
        )
    elif isinstance(value, Decimal) and of.conversion != "a":
        made = java_format_numbers.decimal(
            value, of.conversion, of.flags, of.width, of.precision
        )
    else:
        raise FormatError(f"conversion {of.conversion}")
    return justified(made.upper() if of.upper else made, of)


def _time(of: Directive, argument: Argument) -> str:
    value = argument.value
    if isinstance(value, int) and not isinstance(value, bool):
        value = java_format_times.of_millis(value)
    if not isinstance(value, Moment):
        raise FormatError(f"conversion {of.conversion}")
    try:
        made = java_format_times.written(value, of.conversion[1])
    except java_format_times.NoSuchFieldError as error:
        raise FormatError(f"conversion {of.conversion}") from error
    return justified(made.upper() if of.upper else made, of)


_WRITERS: dict[str, Callable[[Directive, Argument], str]] = {
    "s": _string,
    "h": _hash,
    "c": _character,
    **dict.fromkeys("dox", _integer),
    **dict.fromkeys("efga", _floating),
    "t": _time,
}
