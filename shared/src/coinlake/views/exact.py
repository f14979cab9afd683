"""SQL that types a JSON text as the job does: exactly, or not at all.

Trino's casts of texts to decimals round (Trino, DecimalCasts.varcharToDecimal: RoundingMode.HALF_UP), and
the job's rules do not: a digit that would be lost leaves null. So a text is cast if its form alone shows
that nothing is lost. The job also takes forms that nobody writes, as `100e-19`; they are null here.
"""

from functools import cache

from coinlake.contracts.elements import Kind
from coinlake.contracts.values import END_MS

_SCALES: dict[Kind, int] = {"amount": 18, "ratio": 28}
_SIGN = "[+-]?"
_TEN = "[eE]"
_TENS = 38


def typed(text: str, kind: Kind) -> str:
    """SQL of the value of a text in the type of the kind's column; null where it does not fit."""
    if kind == "text":
        return text
    if kind == "boolean":
        return f"CASE {text} WHEN 'true' THEN true WHEN 'false' THEN false END"
    if kind in _SCALES:
        scale = _SCALES[kind]
        return _where(text, decimal_pattern(scale), f"TRY_CAST({text} AS decimal(38,{scale}))")
    whole = f"TRY_CAST({text} AS decimal(38,0))"
    if kind == "millis":
        bounded = f"CASE WHEN {whole} BETWEEN 0 AND {END_MS - 1} THEN {whole} END"
        return _where(text, decimal_pattern(0), _moment(bounded))
    to = "integer" if kind == "int" else "bigint"
    return _where(text, decimal_pattern(0), f"TRY_CAST({whole} AS {to})")


@cache
def decimal_pattern(scale: int) -> str:
    """The texts of numbers that need at most `scale` digits behind the point, by their form."""
    forms = [_mantissa(scale)]
    # An exponent moves the point: each has its own number of digits that are kept.
    forms += [
        f"{_mantissa(scale + ten)}{_TEN}{_sign_of(ten)}0*{abs(ten)}"
        for ten in range(-scale, _TENS)
    ]
    return f"^{_SIGN}(?:{'|'.join(forms)})$"


def _sign_of(ten: int) -> str:
    return "-" if ten < 0 else "[+]?" if ten else _SIGN


def _mantissa(digits: int) -> str:
    behind = f"[0-9]{{0,{digits}}}0*" if digits else "0*"
    leading = f"|[.][0-9]{{1,{digits}}}0*" if digits else ""
    return f"(?:0*[0-9]{{1,38}}(?:[.]{behind})?{leading})"


def _where(text: str, pattern: str, value: str) -> str:
    return f"CASE WHEN regexp_like({text}, '{pattern}') THEN {value} END"


def _moment(millis: str) -> str:
    """SQL of the timestamp of ms since the epoch, UTC; date_add takes no count above 2^31."""
    seconds = f"from_unixtime(CAST({millis} AS double) / 1000)"
    return f"CAST({seconds} AT TIME ZONE 'UTC' AS timestamp(3))"
