"""Arrays put together and taken apart (trino-main: io.trino.operator.scalar.Array*Function)."""

from itertools import zip_longest
from typing import Any

from local_cloud.athena.engines.duck_sql.registry import Signature, python, sql
from local_cloud.athena.engines.duck_sql.representation import cast
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.failures import QueryError, invalid_argument
from local_cloud.athena.sql.types import Type
from local_cloud.athena.sql.values.block_size import entry_bytes
from local_cloud.athena.sql.values.casts import caster
from local_cloud.athena.sql.values.combinations import combination_count, combinations


@sql("cardinality(array(e))")
def _cardinality(array: str) -> str:
    return f"len({array})"


@sql("concat(array(e),...)")
def _concat(*arrays: str, types: Signature) -> str:
    if len(arrays) < 2:
        raise invalid_argument("There must be two or more arguments to concat")
    # Null with a null; list_concat would take that for an empty list.
    return cast(f"({' || '.join(arrays)})", types.result)


@sql("concat(array(e),e)")
def _append(array: str, element: str, text: Text, types: Signature) -> str:
    return text.let(element, lambda e: _joined(array, f"[{e}]", e, types.result, (0, 1)))


@sql("concat(e,array(e))")
def _prepend(element: str, array: str, text: Text, types: Signature) -> str:
    return text.let(element, lambda e: _joined(array, f"[{e}]", e, types.result, (1, 0)))


def _joined(array: str, single: str, element: str, of: Type, order: tuple[int, int]) -> str:
    parts = (array, cast(single, of))
    joined = " || ".join(parts[place] for place in order)
    return cast(f"(CASE WHEN {element} IS NULL THEN NULL ELSE ({joined}) END)", of)


@sql("reverse(array(e))")
def _reverse(array: str, types: Signature) -> str:
    return cast(f"list_reverse({array})", types.result)


@sql("flatten(array(array(e)))")
def _flatten(arrays: str, types: Signature) -> str:
    return cast(f"flatten({arrays})", types.result)


@python("slice(array(e),bigint,bigint)")
def _slice(array: list[Any], start: int, length: int) -> list[Any]:
    if length < 0:
        raise invalid_argument("length must be greater than or equal to 0")
    if start == 0:
        raise invalid_argument("SQL array indices start at 1")
    size = len(array)
    first = size + start + 1 if start < 0 else start
    # A long that overflows is negative in Java.
    after = first + length if first + length < 2**63 else -1
    end = min(after, size + 1)
    return array[first - 1 : end - 1] if 1 <= first < end else []


@python("trim_array(array(e),bigint)")
def _trim(array: list[Any], size: int) -> list[Any]:
    if size < 0:
        raise invalid_argument(f"size must not be negative: {size}")
    if size > len(array):
        raise invalid_argument(f"size must not exceed array cardinality {len(array)}: {size}")
    return array[: len(array) - size]


MAX_REPEATED = 10_000
MAX_REPEATED_BYTES = 1_000_000


@python("repeat(t,bigint)")
def _repeat(element: Any, count: int | None, types: Signature) -> list[Any] | None:
    """The size counts where Trino holds the element as an object (RepeatFunction)."""
    if count is None:
        return None
    if count > MAX_REPEATED:
        raise invalid_argument(
            "count argument of repeat function must be less than or equal to 10000"
        )
    if count < 0:
        raise invalid_argument(
            "count argument of repeat function must be greater than or equal to 0"
        )
    if element is not None and count > 0:
        size = entry_bytes(element, types.arguments[0])
        if size is not None and size > (MAX_REPEATED_BYTES + count) // count:
            raise invalid_argument(
                "result of repeat function must not take more than 1000000 bytes"
            )
    return [element] * count


@python(
    "zip(array(t1),array(t2))",
    "zip(array(t1),array(t2),array(t3))",
    "zip(array(t1),array(t2),array(t3),array(t4))",
    "zip(array(t1),array(t2),array(t3),array(t4),array(t5))",
)
def _zip(*arrays: list[Any]) -> list[tuple[Any, ...]]:
    return list(zip_longest(*arrays))


@python("combinations(array(t),integer)")
def _combinations(array: list[Any], length: int) -> list[list[Any]]:
    if length < 0:
        raise invalid_argument(f"combination size must not be negative: {length}")
    if length > 5:
        raise invalid_argument(f"combination size must not exceed 5: {length}")
    if length > len(array):
        return []
    count = combination_count(len(array), length)
    if count is None:
        raise invalid_argument(
            f"Number of combinations too large for array of size {len(array)} and "
            f"combination length {length}"
        )
    if count * length > 100_000:
        raise invalid_argument("combinations exceed max size")
    return [[array[place] for place in places] for places in combinations(len(array), length)]


@python("ngrams(array(t),integer)")
def _ngrams(array: list[Any], length: int) -> list[list[Any]]:
    if length <= 0:
        raise invalid_argument("N must be positive")
    width = min(len(array), length)
    return [array[at : at + width] for at in range(len(array) - width + 1)]


@sql("array_join(array(e),varchar)", "array_join(array(e),varchar,varchar)")
def _join(array: str, *parts: str, types: Signature, text: Text) -> str:
    of = types.arguments[0].args[0]
    as_text = (lambda _: None) if of.name == "unknown" else caster(of, t.VARCHAR)

    def joined(elements: list[Any], delimiter: str, filler: str | None = None) -> str:
        found = (None if one is None else _cast(as_text, one) for one in elements)
        filled = (filler if one is None else one for one in found)
        return delimiter.join(one for one in filled if one is not None)

    key = ("array_join", of)
    return text.python(joined, types.arguments, types.result, array, *parts, key=key)


def _cast(as_text: Any, element: Any) -> Any:
    try:
        return as_text(element)
    except QueryError as error:
        if error.name == "NOT_SUPPORTED":
            raise
        said = "Error casting array element to VARCHAR"
        raise QueryError("GENERIC_INTERNAL_ERROR", said) from error
