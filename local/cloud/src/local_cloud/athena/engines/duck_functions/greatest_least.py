"""greatest and least (AbstractGreatestLeast): null if any is, and NaN only if all are."""

from typing import Any

from local_cloud.athena.engines.duck_sql import comparing
from local_cloud.athena.engines.duck_sql.registry import Signature, sql
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import BoundCall, ColumnRef, Constant
from local_cloud.athena.sql.values import compare


@sql("greatest(e,...)")
def _greatest(*arguments: str, types: Signature, call: BoundCall, text: Text) -> str:
    return _extreme("greatest", arguments, types, call, text)


@sql("least(e,...)")
def _least(*arguments: str, types: Signature, call: BoundCall, text: Text) -> str:
    return _extreme("least", arguments, types, call, text)


def _extreme(
    name: str, arguments: tuple[str, ...], types: Signature, call: BoundCall, text: Text
) -> str:
    of = types.result
    if len(arguments) > 127:
        # Java's limit on a method's parameters, which Trino knows of.
        raise QueryError("NOT_SUPPORTED", f"Too many arguments for function call {name}()")
    if comparing.is_plain(of) and all(
        isinstance(one, (ColumnRef, Constant)) for one in call.arguments
    ):
        missing = " OR ".join(f"{one} IS NULL" for one in arguments)
        return f"(CASE WHEN {missing} THEN NULL ELSE {name}({', '.join(arguments)}) END)"
    # NaN loses: it is the smallest for greatest, the largest for least.
    wanted, nan = (1, -1) if name == "greatest" else (-1, 1)

    def chosen(*values: Any) -> Any:
        found = None
        for value in values:
            if value is None:
                return None
            if found is None or compare.ordering(value, found, of, nan) == wanted:
                found = value
        return found

    kinds = (of,) * len(arguments)
    key = (name, of, len(arguments))
    return text.python(chosen, kinds, of, *arguments, key=key, nullable=True)
