"""Casts to JSON and from it (JsonUtil of trino-main 476)."""

from decimal import Decimal, InvalidOperation
from typing import Any

from local_cloud.athena.failures import QueryError, not_supported
from local_cloud.athena.types import INTEGERS, Type
from local_cloud.athena.values import compare, json_text, numbers, texts


def to_json(value: Any, of: Type) -> str:
    """CAST(value AS json): the JSON type's text."""
    if value is None:
        return "null"
    if of.name == "array":
        return f"[{','.join(to_json(one, of.args[0]) for one in value)}]"
    if of.name == "row":
        members = (
            f"{json_text.quoted(name or '')}:{to_json(one, kind)}"
            for name, one, kind in zip(of.fields, value, of.args, strict=True)
        )
        return f"{{{','.join(members)}}}"
    if of.name == "map":
        pairs = [(_key(key, of.args[0]), to_json(one, of.args[1])) for key, one in value]
        pairs.sort(key=lambda pair: pair[0].encode("utf-16-be"))
        return "{" + ",".join(f"{json_text.quoted(k)}:{v}" for k, v in pairs) + "}"
    return _scalar(value, of)


def _key(value: Any, of: Type) -> str:
    if of.name in ("varchar", "boolean", "decimal", "double", "real", *INTEGERS):
        return texts.to_text(value, of)
    raise not_supported(f"maps with keys of type {of} as JSON")


def _scalar(value: Any, of: Type) -> str:
    if of.name == "json":
        return str(value)
    if of.name == "boolean":
        return "true" if value else "false"
    if of.name in ("double", "real"):
        if of.name == "real" and value == value and abs(value) != float("inf"):
            return numbers.java_float(value)
        return json_text.number(value)
    if of.name == "decimal" or of.name in INTEGERS:
        return texts.to_text(value, of)
    if of.name in ("varchar", "char", "date", "timestamp"):
        return json_text.quoted(texts.to_text(value, of))
    raise not_supported(f"cast({of} as json)")


def from_json(text: str, to: Type) -> Any:
    """CAST(json AS to). Raises INVALID_CAST_ARGUMENT."""
    try:
        return _value(json_text.read(text), to)
    except (ValueError, InvalidOperation, OverflowError) as error:
        raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast to {to}: {text[:100]}") from error
    except QueryError as error:
        if error.name == "NUMERIC_VALUE_OUT_OF_RANGE":
            # JsonOperators lets it through for scalars, and wraps it inside of containers.
            if not to.args:
                raise
            raise QueryError("INVALID_CAST_ARGUMENT", f"Cannot cast to {to}") from error
        raise


def _value(value: Any, to: Type) -> Any:
    if to.name == "json":
        return json_text.written(value)
    if value is None:
        return None
    if to.name == "array":
        if isinstance(value, json_text.JsonObject) or not isinstance(value, list):
            raise ValueError("not an array")
        return [_value(one, to.args[0]) for one in value]
    if to.name == "map":
        return _map(value, to)
    if to.name == "row":
        return _row(value, to)
    if isinstance(value, list):
        raise ValueError("a container where a scalar is wanted")
    return _SCALARS[_family(to)](value, to)


def _map(value: Any, to: Type) -> list[tuple[Any, Any]]:
    if not isinstance(value, json_text.JsonObject):
        raise ValueError("not an object")
    made = [(_value(key, to.args[0]), _value(one, to.args[1])) for key, one in value]
    if len({compare.hashable(key, to.args[0]) for key, _ in made}) != len(made):
        raise ValueError("duplicate keys")
    return made


def _row(value: Any, to: Type) -> tuple[Any, ...]:
    if isinstance(value, json_text.JsonObject):
        names = [(name or "").lower() for name in to.fields]
        found: dict[str, Any] = {}
        for key, one in value:
            if key.lower() in names:
                if key.lower() in found:
                    raise ValueError(f"duplicate field {key}")
                found[key.lower()] = one
        return tuple(
            _value(found.get(name), kind) for name, kind in zip(names, to.args, strict=True)
        )
    if not isinstance(value, list) or len(value) != len(to.args):
        raise ValueError("not a row")
    return tuple(_value(one, kind) for one, kind in zip(value, to.args, strict=True))


def _family(of: Type) -> str:
    return "integer" if of.name in INTEGERS else of.name


def _text(value: Any, to: Type) -> str:
    if isinstance(value, bool):
        text = "true" if value else "false"
    elif isinstance(value, float):
        text = numbers.double_text(value)
    else:
        text = value if isinstance(value, str) else str(int(value))
    if to.precision is not None and len(text) > to.precision:
        raise ValueError(text)
    return text


def _integer(value: Any, to: Type) -> int:
    if isinstance(value, str):
        found: int = texts.from_text(value, to)
        return found
    if isinstance(value, float):
        return numbers.in_range(numbers.round_double(value), to.name)
    return numbers.in_range(int(value), to.name)


def _floating(value: Any, to: Type) -> float:
    found = texts.double_value(value) if isinstance(value, str) else float(value)
    return numbers.single(found) if to.name == "real" else found


def _decimal(value: Any, to: Type) -> Decimal:
    text = value if isinstance(value, str) else getattr(value, "text", str(int(value)))
    found = numbers.fitted(Decimal(text), to.precision or 0, to.scale)
    if found is None:
        raise ValueError(text)
    return found


def _boolean(value: Any, to: Type) -> bool:
    if isinstance(value, str):
        found: bool = texts.from_text(value, to)
        return found
    return bool(value != 0)


def _moment(value: Any, to: Type) -> Any:
    if not isinstance(value, str):
        raise ValueError(value)
    return texts.from_text(value, to)


_SCALARS: dict[str, Any] = {
    "varchar": _text,
    "integer": _integer,
    "double": _floating,
    "real": _floating,
    "decimal": _decimal,
    "boolean": _boolean,
    "date": _moment,
    "timestamp": _moment,
}
