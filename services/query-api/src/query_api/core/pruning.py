"""Which partitions a condition can never keep, by their keys alone: three-valued logic over terms."""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from typing import Any

from query_api.core.terms import Term

_UNTOLD = object()
"""A value that only the engine can tell."""
_UNITS_S = {"second": 1, "minute": 60, "hour": 3600, "day": 86_400, "week": 604_800}
# MySQL's forms, those of which Python has the same (Trino 476, "MySQL date functions").
_FORMS = {"%Y": "%Y", "%m": "%m", "%d": "%d", "%H": "%H", "%i": "%M", "%s": "%S"}


def keeps(term: Term, keys: Mapping[str, str], now_ms: int) -> bool:
    """False only where no row of a partition with these keys can pass.

    Any column that is no key counts as unknown.
    """
    verdict = _value(term, keys, now_ms)
    return verdict is _UNTOLD or verdict is True


def _value(term: Term, keys: Mapping[str, str], now_ms: int) -> Any:
    kind = term[0]
    if kind == "value":
        return term[1]
    if kind == "column":
        return keys.get(term[1], _UNTOLD)
    if kind == "now":
        return datetime.fromtimestamp(now_ms / 1000, UTC).replace(tzinfo=None)
    if kind == "and" or kind == "or":
        return _joined(kind, [_value(one, keys, now_ms) for one in term[1:]])
    rule = _VALUES.get(kind)
    if rule is None:
        return _UNTOLD
    plain = [one for one in term[1:] if not isinstance(one, tuple)]
    values = [_value(one, keys, now_ms) for one in term[1:] if isinstance(one, tuple)]
    if any(one is _UNTOLD for one in values) and kind != "in":
        return _UNTOLD
    try:
        return rule(plain, values)
    except (TypeError, ValueError, OverflowError):
        # What fails is left for the engine to say.
        return _UNTOLD


def _joined(kind: str, parts: list[Any]) -> Any:
    """AND and OR of true, false, null (None) and untold."""
    decides = kind == "or"
    if any(one is decides for one in parts):
        return decides
    if any(one is _UNTOLD for one in parts):
        return _UNTOLD
    return None if any(one is None for one in parts) else not decides


def _not(_: list[Any], values: list[Any]) -> Any:
    return None if values[0] is None else not values[0]


def _compared(check: Callable[[Any, Any], bool]) -> Callable[[list[Any], list[Any]], Any]:
    def rule(_: list[Any], values: list[Any]) -> Any:
        left, right = values
        if left is None or right is None:
            return None
        if type(left) is not type(right):
            # Trino makes them one type first, or refuses them.
            return _UNTOLD
        if isinstance(left, tuple) and None in (*left, *right):
            return _UNTOLD
        return check(left, right)

    return rule


def _in(_: list[Any], values: list[Any]) -> Any:
    value, *items = values
    if value is _UNTOLD:
        return _UNTOLD
    equal = _compared(lambda a, b: bool(a == b))
    return _joined(
        "or", [_UNTOLD if one is _UNTOLD else equal([], [value, one]) for one in items]
    )


def _cast(plain: list[Any], values: list[Any]) -> Any:
    (kind,), (value,) = plain, values
    if value is None:
        return None
    if kind == "varchar":
        return _text(value)
    if kind == "date":
        return _day(value)
    if isinstance(value, (str, int)) and not isinstance(value, bool):
        return int(value)
    return _UNTOLD


def _day(value: Any) -> Any:
    if isinstance(value, datetime):
        return value.date()
    return value if isinstance(value, date) else date.fromisoformat(value)


def _text(value: Any) -> Any:
    if isinstance(value, (bool, datetime)):
        return _UNTOLD
    return value.isoformat() if isinstance(value, date) else str(value)


def _texts(_: list[Any], values: list[Any]) -> Any:
    if any(one is None for one in values):
        return None
    return "".join(values) if all(isinstance(one, str) for one in values) else _UNTOLD


def _shift(plain: list[Any], values: list[Any]) -> Any:
    (unit,), (count, moment) = plain, values
    step = timedelta(seconds=_UNITS_S.get(str(unit).lower(), 0)) * count
    if (not step and count) or not isinstance(moment, date):
        return _UNTOLD
    if not isinstance(moment, datetime) and step % timedelta(days=1):
        return _UNTOLD
    return moment + step


def _format(_: list[Any], values: list[Any]) -> Any:
    moment, form = values
    pieces = form.split("%")
    if not isinstance(moment, date) or any(f"%{one[:1]}" not in _FORMS for one in pieces[1:]):
        return _UNTOLD
    said = [pieces[0], *(f"{moment:{_FORMS[f'%{one[0]}']}}{one[1:]}" for one in pieces[1:])]
    return "".join(said)


_VALUES: dict[str, Callable[[list[Any], list[Any]], Any]] = {
    "not": _not,
    "null": lambda _, values: values[0] is None,
    "in": _in,
    "row": lambda _, values: tuple(values),
    "cast": _cast,
    "date": lambda plain, _: date.fromisoformat(plain[0]),
    "text": _texts,
    "shift": _shift,
    "format": _format,
    "=": _compared(lambda a, b: bool(a == b)),
    "<>": _compared(lambda a, b: bool(a != b)),
    "<": _compared(lambda a, b: bool(a < b)),
    "<=": _compared(lambda a, b: bool(a <= b)),
    ">": _compared(lambda a, b: bool(a > b)),
    ">=": _compared(lambda a, b: bool(a >= b)),
}
