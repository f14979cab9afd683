"""typeof: a type's name (io.trino.operator.scalar.TypeOfFunction)."""

from local_cloud.athena import types as t
from local_cloud.athena.duck_sql.representation import quoted
from local_cloud.athena.duck_sql.text import Text, can_fail
from local_cloud.athena.functions.registry import Signature, sql
from local_cloud.athena.ir import Call


@sql("typeof(t)")
def _typeof(value: str, text: Text, call: Call, types: Signature) -> str:
    (of,) = types.arguments
    name = t.trino_name(of)
    if not can_fail(call.arguments[0]):
        return quoted(name)
    # Trino evaluates the value, which may fail.
    return text.python(
        lambda _: name, (of,), t.VARCHAR, value, key=("typeof", of), nullable=True
    )
