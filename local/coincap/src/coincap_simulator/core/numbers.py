"""Number formats of CoinCap v3, digit for digit."""

from decimal import ROUND_HALF_UP, Context, Decimal

_EIGHTEEN = Decimal(1).scaleb(-18)
# 2**1023 has 309 digits before the point; the context must never round by itself.
_WIDE = Context(prec=400, rounding=ROUND_HALF_UP)


def amount(value: float) -> str:
    """A float64 printed like SQL's numeric(…,18): exact binary value, ties away from zero.

    (Seen by computing 20 amounts of recorded assets again.)
    """
    return f"{Decimal(value).quantize(_EIGHTEEN, context=_WIDE):f}"


def wide_amount(value: float) -> str:
    """`percentTotalVolume`: 36 decimals of which the last 18 are always zero."""
    return amount(value) + "0" * 18


def shortest(value: float, *, exponents: bool = True) -> str:
    """The shortest text that reads back as the same float64, in JavaScript's notation.

    JavaScript writes an exponent below 1e-6 and from 1e21 on (ECMA-262, Number::toString);
    `exponents=False` never does.
    """
    if value == 0:
        return "0"
    sign, digits, point = _digits(value)
    if exponents and not -6 < point <= 21:
        mantissa = digits[0] + ("." + digits[1:] if len(digits) > 1 else "")
        return f"{sign}{mantissa}e{point - 1:+d}"
    if point <= 0:
        return f"{sign}0.{'0' * -point}{digits}"
    if point >= len(digits):
        return f"{sign}{digits}{'0' * (point - len(digits))}"
    return f"{sign}{digits[:point]}.{digits[point:]}"


def significant(value: float, digits: int) -> float:
    """The value as a venue would quote it: so many significant digits."""
    return float(f"{value:.{digits}g}")


def _digits(value: float) -> tuple[str, str, int]:
    """Sign, significant digits, and where the point stands: 12.5 is ("", "125", 2)."""
    # repr gives the shortest digits that round-trip; only its notation is Python's.
    parts = Decimal(repr(value)).as_tuple()
    exponent = parts.exponent
    assert isinstance(exponent, int), "a price is a finite number"
    plain = "".join(map(str, parts.digits))
    point = len(plain) + exponent
    return ("-" if parts.sign else ""), plain.rstrip("0"), point
