"""Numbers as java.util.Formatter writes them: half up from their shortest digits."""

import math
import struct
from decimal import ROUND_HALF_UP, Context, Decimal

from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.values import numbers

_EXACT = Context(prec=2000, rounding=ROUND_HALF_UP)


def signed(digits: str, negative: bool, flags: str, width: int | None, suffix: str) -> str:
    """Sign, grouping and zeros around plain digits (localizedMagnitude); `suffix` follows them."""
    before, after = "", ""
    if negative:
        before, after = ("(", ")") if "(" in flags else ("-", "")
    elif "+" in flags:
        before = "+"
    elif " " in flags:
        before = " "
    whole, point, fraction = digits.partition(".")
    if "," in flags:
        whole = f"{int(whole):,}"
    body = whole + point + fraction
    if "0" in flags and width is not None:
        body = body.rjust(width - len(before) - len(after) - len(suffix), "0")
    return before + body + suffix + after


def unsigned(value: int, conversion: str, flags: str, width: int | None) -> str:
    """Octal or hexadecimal digits of 64 bits."""
    digits = f"{value & 2**64 - 1:{conversion}}"
    before = {"o": "0", "x": "0x"}[conversion] if "#" in flags else ""
    if "0" in flags and width is not None:
        digits = digits.rjust(width - len(before), "0")
    return before + digits


def double(
    value: float, conversion: str, flags: str, width: int | None, precision: int | None
) -> str:
    if value != value:
        return "NaN"
    negative = math.copysign(1.0, value) < 0
    if math.isinf(value):
        return signed_word("Infinity", negative, flags)
    if conversion == "a":
        return _hexadecimal(abs(value), negative, flags, width, precision)
    if value == 0:
        exact = Decimal(0)
    else:
        exact = Decimal(numbers.double_digits(abs(value))).normalize(_EXACT)
    if conversion == "g":
        return _general(exact, negative, flags, width, precision)
    places = 6 if precision is None else precision
    if conversion == "f":
        return signed(_plain(exact, places, flags), negative, flags, width, "")
    return _scientific(exact, negative, flags, width, places)


def signed_word(word: str, negative: bool, flags: str) -> str:
    return signed(word, negative, flags.replace(",", ""), None, "")


def _plain(exact: Decimal, places: int, flags: str) -> str:
    text = f"{exact.quantize(Decimal(1).scaleb(-places), ROUND_HALF_UP, _EXACT):f}"
    return text + "." if places == 0 and "#" in flags else text


def _significant(exact: Decimal, digits: int) -> Decimal:
    return Context(prec=digits, rounding=ROUND_HALF_UP).plus(exact)


def _scientific(
    exact: Decimal, negative: bool, flags: str, width: int | None, places: int
) -> str:
    rounded = _significant(exact, places + 1)
    power = rounded.adjusted() if rounded else 0
    digits = "".join(map(str, rounded.as_tuple().digits)).ljust(places + 1, "0")
    return _with_exponent(digits[: places + 1], power, negative, flags, width)


def _with_exponent(
    digits: str, power: int, negative: bool, flags: str, width: int | None
) -> str:
    mantissa = digits[0] + ("." if len(digits) > 1 or "#" in flags else "") + digits[1:]
    suffix = f"e{'-' if power < 0 else '+'}{abs(power):02d}"
    return signed(mantissa, negative, flags, width, suffix)


def _general(
    exact: Decimal, negative: bool, flags: str, width: int | None, precision: int | None
) -> str:
    places = 6 if precision is None else precision or 1
    rounded = _significant(exact, places)
    power = rounded.adjusted() if rounded else 0
    if -4 <= power < places:
        text = _plain(rounded, places - power - 1, "")
        return signed(text, negative, flags, width, "")
    return _scientific(rounded, negative, flags, width, places - 1)


def _hexadecimal(
    value: float, negative: bool, flags: str, width: int | None, precision: int | None
) -> str:
    places = 0 if precision is None else precision or 1
    mantissa, _, power = _hex(value, places).partition("p")
    if places:
        digits = len(mantissa.partition(".")[2])
        mantissa += "0" * (places - digits)
    before = "-" if negative else "+" if "+" in flags else " " if " " in flags else ""
    if "0" in flags and width is not None:
        # Java counts the digits before it appends the precision's zeros.
        shown = len(_hex(value, places))
        lead = 3 if before else 2
        mantissa = "0" * (width - shown - lead) + mantissa
    return f"{before}0x{mantissa}p{power}"


def _hex(value: float, places: int) -> str:
    """Double.toHexString without its 0x, rounded half to even at 1 to 12 digits."""
    if value == 0 or places == 0 or places >= 13:
        return _hex_text(value)
    subnormal = value < 2.0**-1022
    scaled = value * 2.0**54 if subnormal else value
    bits = struct.unpack(">Q", struct.pack(">d", scaled))[0]
    shift = 52 - 4 * places
    kept, rest = bits >> shift, bits & (1 << shift) - 1
    half = 1 << shift - 1
    kept += rest > half or (rest == half and kept & 1)
    rounded = struct.unpack(">d", struct.pack(">Q", kept << shift))[0]
    if math.isinf(rounded):
        return "1.0p1024"
    mantissa, _, power = _hex_text(rounded).partition("p")
    return f"{mantissa}p{int(power) - 54}" if subnormal else f"{mantissa}p{power}"


def _hex_text(value: float) -> str:
    mantissa, _, power = value.hex()[2:].partition("p")
    whole, _, digits = mantissa.partition(".")
    return f"{whole}.{digits.rstrip('0') or '0'}p{int(power)}"


# ---- BigDecimal -------------------------------------------------------------------------------


def decimal(
    value: Decimal, conversion: str, flags: str, width: int | None, precision: int | None
) -> str:
    negative, exact = value < 0, value.copy_abs()
    if conversion == "g":
        return _general_decimal(exact, negative, flags, width, precision)
    places = 6 if precision is None else precision
    if conversion == "f":
        return signed(_plain(exact, places, flags), negative, flags, width, "")
    return _scientific_decimal(exact, negative, flags, width, places)


def _scientific_decimal(
    exact: Decimal, negative: bool, flags: str, width: int | None, places: int
) -> str:
    """Unlike a double's, a zero keeps the exponent of its scale."""
    rounded = exact
    if places < len(exact.as_tuple().digits) - 1:
        rounded = _significant(exact, places + 1)
    _, found, exponent = rounded.as_tuple()
    assert isinstance(exponent, int)
    digits = "".join(map(str, found))
    power = exponent + len(digits) - 1
    made = _with_exponent(digits.ljust(places + 1, "0"), power, negative, flags, width)
    if exponent == 0 and len(digits) >= 10:
        # Formatter pads the exponent of a whole number by how many digits that has.
        raise not_supported("format() of a whole decimal with ten digits or more by %e")
    return made


def _general_decimal(
    exact: Decimal, negative: bool, flags: str, width: int | None, precision: int | None
) -> str:
    places = 6 if precision is None else precision or 1
    rounded = _significant(exact, places)
    _, digits, exponent = rounded.as_tuple()
    assert isinstance(exponent, int)
    is_zero = rounded == 0 and exponent == 0
    if is_zero or (rounded >= Decimal("0.0001") and rounded < Decimal(10) ** places):
        power = exponent + len(digits) - 1
        text = _plain(rounded, places - power - 1, flags)
        return signed(text, negative, flags, width, "")
    return _scientific_decimal(rounded, negative, flags, width, places - 1)


# ---- hash codes -------------------------------------------------------------------------------


def hash_code(value: object) -> int:
    """Object.hashCode."""
    if isinstance(value, bool):
        return 1231 if value else 1237
    if isinstance(value, int):
        return value & 2**64 - 1 ^ (value & 2**64 - 1) >> 32
    if isinstance(value, str):
        found = 0
        for unit in struct.iter_unpack("<H", value.encode("utf-16-le", "surrogatepass")):
            found = (31 * found + unit[0]) & 0xFFFFFFFF
        return found
    raise not_supported("format() of a hash code of this type")
