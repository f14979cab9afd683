"""Whole columns of parsed values to their types; what is odd is typed by the rules, one by one.

A column is cast by Arrow where its cast and `values.typed` agree on every text that can be in it:
where a digit would be lost both refuse (Arrow C++, Decimal128::Rescale). They do not agree on numbers
that are too large: Arrow's check misses a product that wraps around more than once, `1e20` becomes a
decimal(38,28) of 1896011491.09…. So texts are cast whose integers are known to be short. A column for
which that is not certain is halved until the odd values stand alone.
"""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
import orjson
import pyarrow as pa
import pyarrow.compute as pc

from coinlake.contracts.elements import TYPES, Kind
from coinlake.contracts.values import END_MS, parse_json, typed
from coinlake_kernel.schemas import arrow_type

_DECIMAL_TEXT = b"0123456789.+-eE"
_WHOLE_TEXT = b"0123456789"
# With an exponent of two digits that begins with 0, 1 or 2 the scale of a text stays below 38 + 18,
# so that Arrow's table of multipliers, which ends at 10^38, is not left.
_LONGEST = 40
_MINUS, _TWO, _E = ord("-"), ord("2"), (ord("e"), ord("E"))
# Fewer than these are typed one by one: a cast of a few costs as much.
_FEW = 16
_RANGE = {"int": (-(2**31), 2**31), "bigint": (-(2**63), 2**63), "millis": (0, END_MS)}


def as_parsed(value: Any) -> Any:
    """A value that orjson read, as `values.parse_json` reads its text: numbers as they were written.

    That holds where the whole body is what orjson writes for it.
    """
    return value if value is None or type(value) is str else parse_json(orjson.dumps(value))


def typed_column(values: Sequence[Any], kind: Kind) -> tuple[pa.Array, list[int]]:
    """The column in its Arrow type, and the places of values that did not fit and are null."""
    unfit: list[int] = []
    pieces = list(_pieces(values, 0, kind, _CASTS[kind], unfit))
    column = pieces[0] if len(pieces) == 1 else pa.concat_arrays(pieces)
    return column, unfit


def _pieces(
    values: Sequence[Any], start: int, kind: Kind, cast: "Cast", unfit: list[int]
) -> Iterator[pa.Array]:
    found = cast(values)
    if found is not None:
        yield found
        return
    if len(values) <= _FEW:
        fitted = [typed(as_parsed(value), kind) for value in values]
        unfit += [
            start + place
            for place, (value, one) in enumerate(zip(values, fitted, strict=True))
            if one is None and value is not None
        ]
        yield pa.array(fitted, arrow_type(TYPES[kind]))
        return
    half = len(values) // 2
    yield from _pieces(values[:half], start, kind, cast, unfit)
    yield from _pieces(values[half:], start + half, kind, cast, unfit)


Cast = Callable[[Sequence[Any]], pa.Array | None]


def _decimals(scale: int) -> Cast:
    to = pa.decimal128(38, scale)

    def cast(values: Sequence[Any]) -> pa.Array | None:
        texts = _texts(values, _DECIMAL_TEXT)
        if texts is None or not _are_short(texts, 38 - scale):
            return None
        try:
            return texts.cast(to)
        except pa.ArrowInvalid:
            return None

    return cast


def _integers(kind: Kind) -> Cast:
    low, end = _RANGE[kind]
    to = arrow_type(TYPES[kind])

    def cast(values: Sequence[Any]) -> pa.Array | None:
        if all(value is None or type(value) is int for value in values):
            if all(value is None or low <= value < end for value in values):
                return pa.array(values, pa.int64()).cast(to)
            return None
        texts = _texts(values, _WHOLE_TEXT)
        # The rules end at 200 characters, Arrow takes any number of zeros.
        if texts is None or (pc.max(pc.binary_length(texts)).as_py() or 0) > _LONGEST:
            return None
        try:
            whole = texts.cast(pa.int64())
            # Casts of timestamps are not checked against the year 10000.
            is_late = kind == "millis" and np.any(whole.fill_null(0).to_numpy() >= END_MS)
            return None if is_late else whole.cast(to)
        except pa.ArrowInvalid:
            return None

    return cast


def _booleans(values: Sequence[Any]) -> pa.Array | None:
    if all(value is None or type(value) is bool for value in values):
        return pa.array(values, pa.bool_())
    return None


def _strings(values: Sequence[Any]) -> pa.Array | None:
    if all(value is None or type(value) is str for value in values):
        return pa.array(values, pa.string())
    return None


def _texts(values: Sequence[Any], alphabet: bytes) -> pa.Array | None:
    """Texts of this alphabet, or None where one has another character or is no text."""
    try:
        texts = pa.array(values, pa.string())
    except (pa.ArrowInvalid, pa.ArrowTypeError):
        return None
    return None if bytes(_written(texts)).translate(None, alphabet) else texts


def _written(texts: pa.Array) -> pa.Buffer | bytes:
    """All texts of an array that was just made, one behind the other."""
    return texts.buffers()[2] or b""


def _are_short(texts: pa.Array, digits: int) -> bool:
    """Whether integers have at most so many characters, and exponents make numbers smaller."""
    lengths = pc.binary_length(texts).fill_null(0).to_numpy()
    if lengths.max(initial=0) > _LONGEST:
        return False
    points = pc.find_substring(texts, ".").fill_null(0).to_numpy()
    if np.where(points < 0, lengths, points).max(initial=0) > digits:
        return False
    written = np.frombuffer(_written(texts), np.uint8)
    at = np.flatnonzero((written == _E[0]) | (written == _E[1]))
    if not at.size:
        return True
    ends = np.cumsum(lengths)
    behind = ends[np.searchsorted(ends, at, side="right")] - at - 1
    if not np.isin(behind, (2, 3)).all():
        return False
    return bool(
        ((written[at + 1] == _MINUS) & ((behind == 2) | (written[at + 2] <= _TWO))).all()
    )


_CASTS: dict[Kind, Cast] = {
    "amount": _decimals(18),
    "ratio": _decimals(28),
    "int": _integers("int"),
    "bigint": _integers("bigint"),
    "millis": _integers("millis"),
    "boolean": _booleans,
    "text": _strings,
}
