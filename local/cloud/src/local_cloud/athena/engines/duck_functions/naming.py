"""typeof: a type's name (io.trino.operator.scalar.TypeOfFunction)."""

from local_cloud.athena.engines.duck_sql.failing import can_fail
from local_cloud.athena.engines.duck_sql.registry import Signature, sql
from local_cloud.athena.engines.duck_sql.representation import quoted
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.ir import BoundCall


@sql("typeof(t)")
def _typeof(value: str, text: Text, call: BoundCall, types: Signature) -> str:
    (of,) = types.arguments
    name = t.trino_name(of)
    if not can_fail(call.arguments[0]):
        return quoted(name)
    # Trino evaluates the value, which may fail.
    return text.python(
        lambda _: name, (of,), t.VARCHAR, value, key=("typeof", of), nullable=True
    )
