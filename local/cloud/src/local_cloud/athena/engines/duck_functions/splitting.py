"""Text split by a delimiter: arrays, parts and maps (StringFunctions, SplitTo*MapFunction)."""

from local_cloud.athena.engines.duck_sql.registry import python, sql
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.ir import BoundCall, Constant
from local_cloud.athena.sql.values import strings
from local_cloud.athena.sql.values.java_hash import hash_order


def _splits(call: BoundCall) -> bool:
    """Whether the delimiter is known not to be empty."""
    delimiter = call.arguments[1]
    return isinstance(delimiter, Constant) and bool(delimiter.value)


@sql("split(varchar(x),varchar(y))")
def _split(value: str, delimiter: str, text: Text, call: BoundCall) -> str:
    if _splits(call):
        return f"string_split({value}, {delimiter})"
    kinds = call.bound.arguments
    return text.python(_parts, kinds, call.type, value, delimiter)


def _parts(value: str, delimiter: str) -> list[str]:
    return strings.split(value, delimiter, strings.MAX_INT)


@python("split(varchar(x),varchar(y),bigint)")
def _split_limited(value: str, delimiter: str, limit: int) -> list[str]:
    return strings.split(value, delimiter, limit)


@python("split_part(varchar(x),varchar(y),bigint)")
def _split_part(value: str, delimiter: str, index: int) -> str | None:
    return strings.part_of(value, delimiter, index)


@python("split_to_map(varchar,varchar,varchar)")
def _split_to_map(value: str, entry: str, key_value: str) -> list[tuple[str, str]]:
    found: dict[str, str] = {}
    for key, one in strings.pairs(value, entry, key_value):
        if key in found:
            raise invalid_argument(f"Duplicate keys ({key}) are not allowed")
        found[key] = one
    return [(key, found[key]) for key in hash_order(found)]


@python("split_to_multimap(varchar,varchar,varchar)")
def _split_to_multimap(value: str, entry: str, key_value: str) -> list[tuple[str, list[str]]]:
    found: dict[str, list[str]] = {}
    for key, one in strings.pairs(value, entry, key_value):
        found.setdefault(key, []).append(one)
    return [(key, found[key]) for key in hash_order(found)]
