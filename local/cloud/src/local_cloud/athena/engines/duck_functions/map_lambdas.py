"""Functions of maps and lambdas: a map is a list of entries while they work on it."""

from typing import Any

from local_cloud.athena.engines.duck_functions.lambdas import body_of, lambda_of, part
from local_cloud.athena.engines.duck_functions.maps import Pairs, map_of
from local_cloud.athena.engines.duck_sql.registry import Signature, sql
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import not_supported
from local_cloud.athena.sql.ir import BoundCall
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import compare


def entries(pairs: str, text: Text) -> str:
    """A map as a list of rows of a key and a value; DuckDB's own have other names."""
    one = text.variable()
    return (
        f"list_transform(map_entries({pairs}), lambda {one}: "
        f"struct_pack(f0 := struct_extract({one}, 'key'), f1 := struct_extract({one}, 'value')))"
    )


def _entry(of: Type) -> Type:
    return t.row(of.args)


def _as_map(rows: str, to: Type) -> str:
    return cast(f"map_from_entries({rows})", to)


@sql("map_filter(map(k,v),function(k,v,boolean))")
def _filter(pairs: str, _: str, text: Text, call: BoundCall, types: Signature) -> str:
    entry, one = _entry(types.result), text.variable()
    test = body_of(text, lambda_of(call, 1), part(one, entry, 0), part(one, entry, 1))
    return _as_map(f"list_filter({entries(pairs, text)}, lambda {one}: {test})", types.result)


@sql("transform_values(map(k,v1),function(k,v1,v2))")
def _values(pairs: str, _: str, text: Text, call: BoundCall, types: Signature) -> str:
    entry, one = _entry(types.arguments[0]), text.variable()
    value = body_of(text, lambda_of(call, 1), part(one, entry, 0), part(one, entry, 1))
    made = f"struct_pack(f0 := struct_extract({one}, 'f0'), f1 := {value})"
    rows = f"list_transform({entries(pairs, text)}, lambda {one}: {made})"
    return _as_map(rows, types.result)


@sql("transform_keys(map(k1,v),function(k1,v,k2))")
def _keys(pairs: str, _: str, text: Text, call: BoundCall, types: Signature) -> str:
    entry, one = _entry(types.arguments[0]), text.variable()
    key = body_of(text, lambda_of(call, 1), part(one, entry, 0), part(one, entry, 1))
    made = f"struct_pack(f0 := {key}, f1 := struct_extract({one}, 'f1'))"
    rows = f"list_transform({entries(pairs, text)}, lambda {one}: {made})"
    of = types.result

    def as_map(found: Pairs) -> Pairs:
        return map_of(found, of.args[0])

    kinds = (t.array(_entry(of)),)
    return text.python(as_map, kinds, of, rows, key=("transformed keys", of))


@sql("map_zip_with(map(k,v1),map(k,v2),function(k,v1,v2,v3))")
def _zip_with(
    left: str, right: str, _: str, text: Text, call: BoundCall, types: Signature
) -> str:
    key, first = types.arguments[0].args
    second = types.arguments[1].args[1]
    triple, one = t.row((key, first, second)), text.variable()

    def matched(a: Pairs, b: Pairs) -> list[tuple[Any, Any, Any]]:
        return _matched(a, b, key)

    triples = text.python(
        matched, types.arguments[:2], t.array(triple), left, right, key=("matched", triple)
    )
    places = (part(one, triple, place) for place in range(3))
    value = body_of(text, lambda_of(call, 2), *places)
    made = f"struct_pack(f0 := struct_extract({one}, 'f0'), f1 := {value})"
    return _as_map(f"list_transform({triples}, lambda {one}: {made})", types.result)


def _matched(left: Pairs, right: Pairs, key: Type) -> list[tuple[Any, Any, Any]]:
    """Keys of the left map with the values of both, then those of the right map alone."""
    found, used = [], set()
    for k, value in left:
        place = compare.key_index(right, k, key)
        if place is not None:
            used.add(place)
        found.append((k, value, None if place is None else right[place][1]))
    found += [(k, None, value) for place, (k, value) in enumerate(right) if place not in used]
    if len({compare.hashable(k, key) for k, _, _ in found}) != len(found):
        raise not_supported("a map with the key NaN twice")
    return found
