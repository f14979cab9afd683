"""Maps made, joined and taken apart (trino-main: io.trino.operator.scalar.Map*)."""

from typing import Any

from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql.failures import invalid_argument
from local_cloud.athena.sql.ir import BoundCall
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import compare

Pairs = list[tuple[Any, Any]]


@sql("map()")
def _empty(types: Signature) -> str:
    return cast("map([], [])", types.result)


@sql("cardinality(map(k,v))")
def _cardinality(pairs: str) -> str:
    return f"CAST(cardinality({pairs}) AS BIGINT)"


@sql("map_keys(map(k,v))")
def _keys(pairs: str, types: Signature) -> str:
    return cast(f"map_keys({pairs})", types.result)


@sql("map_values(map(k,v))")
def _values(pairs: str, types: Signature) -> str:
    return cast(f"map_values({pairs})", types.result)


@python("map_entries(map(k,v))")
def _entries(pairs: Pairs) -> Pairs:
    return pairs


def map_of(pairs: Pairs, key: Type) -> Pairs:
    """A map of these pairs. INVALID_FUNCTION_ARGUMENT for null keys and equal ones."""
    found: set[Any] = set()
    for one, _ in pairs:
        if one is None:
            raise invalid_argument("map key cannot be null")
        known = compare.hashable(one, key)
        if known in found:
            raise invalid_argument("Duplicate map keys are not allowed")
        found.add(known)
    return pairs


@python("map(array(k),array(v))")
def _map(keys: list[Any], values: list[Any], types: Signature) -> Pairs:
    if len(keys) != len(values):
        raise invalid_argument("Key and value arrays must be the same length")
    of = types.result.args[0]
    for one in keys:
        if one is None:
            raise invalid_argument("map key cannot be null")
        if compare.has_null_inside(one, of):
            raise invalid_argument("map key cannot be indeterminate")
    return map_of(list(zip(keys, values, strict=True)), of)


@python("map_from_entries(array(row(k,v)))")
def _from_entries(entries: list[Any], types: Signature) -> Pairs:
    if None in entries:
        raise invalid_argument("map entry cannot be null")
    return map_of(entries, types.result.args[0])


@python("multimap_from_entries(array(row(k,v)))")
def _multimap(entries: list[Any], types: Signature) -> Pairs:
    found: dict[Any, tuple[Any, list[Any]]] = {}
    for entry in entries:
        if entry is None:
            raise invalid_argument("map entry cannot be null")
        key, value = entry
        if key is None:
            raise invalid_argument("map key cannot be null")
        known = compare.hashable(key, types.result.args[0])
        found.setdefault(known, (key, []))[1].append(value)
    return list(found.values())


@sql("map_concat(map(k,v),...)")
def _concat(*maps: str, text: Text, call: BoundCall) -> str:
    """The last map's entries first, of equal keys the last map's (MapConcatFunction)."""
    if len(maps) < 2:
        raise invalid_argument(
            "There must be two or more concatenation arguments to map_concat"
        )
    of = call.type

    def joined(*values: Pairs) -> Pairs:
        found: dict[Any, tuple[Any, Any]] = {}
        for pairs in reversed(values):
            for key, value in pairs:
                found.setdefault(compare.hashable(key, of.args[0]), (key, value))
        return list(found.values())

    kinds = call.bound.arguments
    return text.python(joined, kinds, of, *maps, key=("map_concat", of))
