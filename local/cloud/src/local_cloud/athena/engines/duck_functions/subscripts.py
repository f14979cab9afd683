"""array[i], map[key] and element_at (ArraySubscriptOperator, MapSubscriptOperator, …ElementAt)."""

from typing import Any

from local_cloud.athena.engines.duck_sql import comparing
from local_cloud.athena.engines.duck_sql.registry import Signature, sql
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError, invalid_argument
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values import compare

_SMALLEST = -(2**63)


def _bad_index(index: int, length: int) -> Any:
    if index == 0:
        said = "SQL array indices start at 1"
    elif index < 0:
        said = f"Array subscript is negative: {index}"
    else:
        said = f"Array subscript must be less than or equal to array length: {index} > {length}"
    raise invalid_argument(said)


@sql("$operator$subscript(array(e),bigint)")
def _array_subscript(array: str, index: str, types: Signature, text: Text) -> str:
    def found(a: str) -> str:
        return text.let(index, lambda i: _checked(text, a, i, types.result))

    return text.let(array, found)


def _checked(text: Text, array: str, index: str, of: Type) -> str:
    failing = text.python(
        _bad_index, (t.BIGINT, t.BIGINT), of, index, f"len({array})", key="bad index"
    )
    return (
        f"(CASE WHEN {index} < 1 OR {index} > len({array}) THEN {failing} "
        f"ELSE list_extract({array}, {index}) END)"
    )


def _bad_place(index: int, array: list[Any]) -> Any:
    del array
    if index == 0:
        raise invalid_argument("SQL array indices start at 1")
    # Its absolute value is negative in Java.
    raise QueryError("GENERIC_INTERNAL_ERROR", "integer overflow")


@sql("element_at(array(e),bigint)")
def _array_element_at(array: str, index: str, types: Signature, text: Text) -> str:
    """A negative index counts from the end, in DuckDB too."""

    def found(i: str) -> str:
        # The array comes along, so that what fails in it fails first.
        kinds = (t.BIGINT, types.arguments[0])
        failing = text.python(_bad_place, kinds, types.result, i, array, key="bad place")
        odd = f"{i} = 0 OR {i} = {_SMALLEST}"
        return f"(CASE WHEN {odd} THEN {failing} ELSE list_extract({array}, {i}) END)"

    return text.let(index, found)


# ---- maps -------------------------------------------------------------------------------------


def _looked_up(
    text: Text, of: Type, result: Type, pairs: str, key: str, absent: QueryError | None
) -> str:
    """The value found by Python, which knows what equals what in Trino."""

    def value(given: list[tuple[Any, Any]], wanted: Any) -> Any:
        place = compare.key_index(given, wanted, of.args[0])
        if place is None and absent is not None:
            raise absent
        return None if place is None else given[place][1]

    return text.python(
        value, (of, of.args[0]), result, pairs, key, key=("map value", of, absent is None)
    )


@sql("element_at(map(k,v),k)")
def _map_element_at(pairs: str, key: str, types: Signature, text: Text) -> str:
    of = types.arguments[0]
    if comparing.is_plain(of.args[0]):
        return f"map_extract_value({pairs}, {key})"
    return _looked_up(text, of, types.result, pairs, key, None)


MISSING = invalid_argument("Key not present in map")


@sql("$operator$subscript(map(k,v),k)")
def _map_subscript(pairs: str, key: str, types: Signature, text: Text) -> str:
    of, result = types.arguments[0], types.result
    if not comparing.is_plain(of.args[0]):
        return _looked_up(text, of, result, pairs, key, MISSING)

    def found(m: str, k: str) -> str:
        failing = text.raised(MISSING, result)
        return (
            f"(CASE WHEN NOT map_contains({m}, {k}) THEN {failing} "
            f"ELSE map_extract_value({m}, {k}) END)"
        )

    return text.let(pairs, lambda m: text.let(key, lambda k: found(m, k)))
