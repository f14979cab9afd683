"""The digits that java.text.DecimalFormat makes of a double: not always the fewest.

It asks `jdk.internal.math.FloatingDecimal` (BinaryToASCIIBuffer.dtoa), whose digits mean the same
number but may be more of them, or other ones, than Double.toString's since JDK 19.
"""

import math
import struct

_FRACTION_BITS = 52
# Beyond these the whole number does not fit a long.
_MAX_WHOLE_BITS = 62


def digits(value: float) -> tuple[str, int]:
    """The digits of a positive finite number, and the exponent of the first of them."""
    (bits,) = struct.unpack("<Q", struct.pack("<d", value))
    fraction, exponent = bits & (1 << _FRACTION_BITS) - 1, bits >> _FRACTION_BITS
    if exponent == 0:
        significant = fraction.bit_length()
        fraction <<= _FRACTION_BITS + 1 - significant
        exponent = significant - _FRACTION_BITS
    else:
        significant = _FRACTION_BITS + 1
        fraction |= 1 << _FRACTION_BITS
    exponent -= 1023
    if value.is_integer() and exponent <= _MAX_WHOLE_BITS:
        return _whole(int(value), exponent - significant - 1)
    return _developed(fraction, exponent, significant)


def _whole(value: int, spare_bits: int) -> tuple[str, int]:
    """All digits of a long, but for those that the double cannot tell apart."""
    dropped = int(spare_bits * math.log10(2)) if spare_bits > 1 else 0
    unit: int = 10**dropped
    text = str(value // unit + (value % unit >= unit // 2 if dropped else 0))
    return text.rstrip("0"), len(text) - 1 + dropped


def _estimate(fraction: int, exponent: int) -> int:
    """floor(log10), at times one too high."""
    mantissa = fraction / (1 << _FRACTION_BITS)
    guess = (mantissa - 1.5) * 0.289529654 + 0.176091259 + exponent * 0.301029995663981
    return math.floor(guess)


def _developed(fraction: int, exponent: int, significant: int) -> tuple[str, int]:
    """Digit by digit, until what is left is less than half the distance to the next double."""
    power = _estimate(fraction, exponent)
    zeros = (fraction & -fraction).bit_length() - 1
    fraction >>= zeros
    width = _FRACTION_BITS + 1 - zeros
    # number = 10^power * (above / below), and `half` is the half of that distance like `above`.
    twos = max(0, -power) + max(0, width - exponent - 1) + exponent
    half_twos = twos - significant - (width == 1)
    above_twos = twos - width + 1
    below_twos = max(0, power) + max(0, width - exponent - 1)
    shift = -min(above_twos, below_twos, half_twos)
    above_twos, below_twos, half_twos = (
        one + shift for one in (above_twos, below_twos, half_twos)
    )
    up, down = max(0, -power), max(0, power)
    above = fraction * 5**up << above_twos
    below = 5**down << below_twos
    half = 5**up << half_twos
    bits = max(width + above_twos + _bits(up), below_twos + 1 + _bits(down + 1))
    return _picked(above, below, half, power, next((n for n in (31, 63) if bits <= n), None))


def _bits(fives: int) -> int:
    """N_5_BITS: about how many bits 5^n takes."""
    return (5**fives).bit_length() if 0 < fives < 27 else 3 * fives


def _picked(above: int, below: int, half: int, power: int, word: int | None) -> tuple[str, int]:
    """`word` is of how many bits Java's numbers are here, None where they have no limit."""
    found: list[int] = []
    low = high = False
    while not (low or high):
        digit, rest = divmod(above, below)
        above, half = 10 * rest, 10 * half
        low, high = above < half, _is_high(above, half, 10 * below, word)
        if not found and digit == 0 and not high:
            power -= 1
        else:
            found.append(digit)
        if len(found) <= 1 and not -3 <= power < 8:
            # With an exponent, Java writes at least two digits.
            low = high = False
    tie = 2 * above - 10 * below
    if high and (not low or tie > 0 or (tie == 0 and found[-1] % 2)):
        whole = str(int("".join(map(str, found))) + 1)
        return whole.rstrip("0"), power + len(whole) - len(found)
    return "".join(map(str, found)).rstrip("0"), power


def _is_high(above: int, half: int, limit: int, word: int | None) -> bool:
    """Words overflow, and are compared by `>` where unlimited numbers are by `>=`."""
    if word is None:
        return above + half >= limit
    # Java sees that `half` overflows, but not that the sum does.
    return half >> word > 0 or limit < above + half < 1 << word
