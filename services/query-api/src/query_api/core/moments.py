"""How many values a `sequence` between literals has, where the statement alone tells it."""

from datetime import UTC, datetime

from trino_sql import tree
from trino_sql.tree import Expression

_UNIT_S = {"SECOND": 1, "MINUTE": 60, "HOUR": 3600, "DAY": 86_400, "MONTH": 28 * 86_400}
_UNIT_S["YEAR"] = 12 * _UNIT_S["MONTH"]
_DAY_S = _UNIT_S["DAY"]
_NOW = ("now", "current_timestamp", "current_date")


def literal_integer(node: Expression) -> int | None:
    """The whole number that a literal is, its sign included."""
    if isinstance(node, tree.IntegerLiteral):
        return node.value
    if isinstance(node, tree.Signed):
        inner = literal_integer(node.value)
        return None if inner is None else (-inner if node.negative else inner)
    return None


def values_between(arguments: tuple[Expression, ...]) -> int | None:
    """How many values at most `sequence(start, stop[, step])` gives; None where nobody can say."""
    if len(arguments) not in (2, 3):
        return None
    start, stop = arguments[:2]
    first, last = literal_integer(start), literal_integer(stop)
    if first is not None and last is not None:
        step = literal_integer(arguments[2]) if len(arguments) == 3 else 1
        return None if not step else abs(last - first) // abs(step) + 1
    began, ended = _moment(start), _moment(stop)
    step_s = _interval_s(arguments[2]) if len(arguments) == 3 else _DAY_S
    if began is None or ended is None or not step_s:
        return None
    if began[0] != ended[0]:
        # One counts from now, which no literal knows.
        return None
    return int(abs(ended[1] - began[1]) // abs(step_s)) + 2


def _moment(node: Expression) -> tuple[str, float] | None:
    """What a moment counts from, and the seconds from there; None for what is no literal."""
    if isinstance(node, tree.Arithmetic) and node.operator in ("+", "-"):
        base, moved = _moment(node.left), _interval_s(node.right)
        if base is None or moved is None:
            return None
        return base[0], base[1] + (moved if node.operator == "+" else -moved)
    if isinstance(node, tree.CurrentTime):
        return "now", 0.0
    if isinstance(node, tree.FunctionCall):
        return _called(node)
    text = _text_of_time(node)
    return None if text is None else _seconds(text)


def _called(node: tree.FunctionCall) -> tuple[str, float] | None:
    if node.name.text in _NOW and not node.arguments:
        return "now", 0.0
    if node.name.text in ("date", "from_iso8601_date", "from_iso8601_timestamp"):
        given = node.arguments[0] if len(node.arguments) == 1 else None
        if isinstance(given, tree.StringLiteral):
            return _seconds(given.value)
        return None if given is None else _moment(given)
    return None


def _text_of_time(node: Expression) -> str | None:
    if isinstance(node, tree.TypedLiteral) and node.type.lower() in ("date", "timestamp"):
        return node.value
    if isinstance(node, tree.Cast) and isinstance(node.value, tree.StringLiteral):
        return node.value.value if _is_time(node.type) else None
    return None


def _is_time(kind: tree.DataType) -> bool:
    if isinstance(kind, tree.DateTimeType):
        return kind.kind == "timestamp"
    return isinstance(kind, tree.GenericType) and kind.name.name.lower() == "date"


def _seconds(text: str) -> tuple[str, float] | None:
    try:
        moment = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    # A zone moves it by hours, which the caller's bound of values does not notice.
    return "epoch", moment.replace(tzinfo=UTC).timestamp()


def _interval_s(node: Expression) -> float | None:
    """The seconds of an interval: of months the fewest, so that more values are counted."""
    if isinstance(node, tree.Signed):
        inner = _interval_s(node.value)
        return None if inner is None else (-inner if node.negative else inner)
    if not isinstance(node, tree.IntervalLiteral) or node.end is not None:
        return None
    try:
        count = float(node.value)
    except ValueError:
        return None
    return count * _UNIT_S[node.start] * (-1 if node.negative else 1)
