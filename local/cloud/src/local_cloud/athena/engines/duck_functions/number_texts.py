"""Numbers as short texts, and sizes of data from texts."""

from decimal import ROUND_HALF_UP, Context, Decimal, InvalidOperation

from local_cloud.athena.engines.duck_sql.registry import python
from local_cloud.athena.sql.failures import QueryError, invalid_argument
from local_cloud.athena.sql.values.java_math import to_long

_UNITS = ("", "K", "M", "B", "T", "Q")


@python("format_number(bigint)")
def _format_number(value: int) -> str:
    """Three digits or more, and a unit (FormatNumberFunction)."""
    scaled, unit = float(value), 0
    while abs(scaled) >= 1000 and unit < len(_UNITS) - 1:
        scaled /= 1000
        unit += 1
    # A negative number always has two places: Trino compares without its sign's removal.
    places = 2 if scaled < 10 else 1 if scaled < 100 else 0
    # DecimalFormat rounds the double's exact value half up, and leaves out zeros.
    exact = Decimal(scaled).quantize(
        Decimal(1).scaleb(-places), ROUND_HALF_UP, Context(prec=60)
    )
    text = f"{exact:f}"
    if "." in text:
        text = text.rstrip("0").rstrip(".")
    return text + _UNITS[unit]


@python("format_number(double)")
def _format_number_of_double(value: float) -> str:
    return _format_number(to_long(value))


_SIZES = ("B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB")


@python("parse_data_size(varchar(x))", "parse_presto_data_size(varchar(x))")
def _parse_data_size(text: str) -> Decimal:
    """Bytes of a size such as 2.5MB, cut off (DataSizeFunctions)."""
    length = next((i for i, c in enumerate(text) if not (c.isdigit() or c == ".")), len(text))
    wrong = invalid_argument(f"Invalid data size: '{text}'")
    if text[length:] not in _SIZES or length == 0:
        raise wrong
    try:
        exact = Decimal(text[:length])
    except InvalidOperation as error:
        raise wrong from error
    factor = 1024 ** _SIZES.index(text[length:])
    above, below = exact.as_integer_ratio()
    found = above * factor // below
    if found >= 10**38:
        # DataSizeFunctions catches another exception than Decimals.valueOf throws.
        raise QueryError("GENERIC_INTERNAL_ERROR", "Decimal overflow")
    return Decimal(found)
