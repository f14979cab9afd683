"""The SQL standard's JSON functions, and FORMAT: forms with a grammar of their own."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type
from tests.conformance.generate import kinds, texts
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.node import Node, listed, operand, value
from tests.conformance.generate.pools import pairs, pool
from tests.conformance.generate.scope import Scope
from tests.conformance.generate.values import expression, producer

_PATHS, _FORMATS = pool("json_paths"), pairs("formats")
_ON_ERROR = ("", "", " null on error", " error on error")


def _document(draw: Draw, scope: Scope, depth: int) -> Node:
    if draw.maybe(0.6):
        return texts.varchar(draw, (*texts.DOCUMENTS, "{not json", "", "[1"))
    kind = t.JSON if draw.maybe(0.2) else t.VARCHAR
    return expression(draw, scope, kind, depth - 1)


@producer(1, "boolean")
def json_exists(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node:
    """`json_exists(…, '…' … on error)`."""
    inner = _document(draw, scope, depth)
    handled = draw.pick(("", "", " false on error", " unknown on error", " error on error"))
    parts = ("json_exists(", operand(inner), f", '{draw.pick(_PATHS)}'{handled})")
    return value(kind, *parts, uses=("JSON_EXISTS",), atom=True)


@producer(0.7)
def json_value(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node | None:
    """`json_value(…, '…' returning … on empty … on error)`."""
    if kind.args or kind.name in ("json", "uuid", "varbinary", "unknown", "function"):
        return None
    returning = (
        "" if kind == t.VARCHAR and draw.maybe(0.6) else f" returning {kinds.spelled(kind)}"
    )
    handled = draw.pick(("", "", " null on empty", " error on empty")) + draw.pick(_ON_ERROR)
    inner = _document(draw, scope, depth)
    parts = ("json_value(", operand(inner), f", '{draw.pick(_PATHS)}'{returning}{handled})")
    return value(kind, *parts, uses=("JSON_VALUE",), atom=True)


@producer(2, "varchar")
def json_query(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node:
    """`json_query(…, '…' with wrapper)`."""
    del kind
    wrapper = draw.pick(
        (
            "",
            "",
            " without wrapper",
            " with wrapper",
            " with conditional wrapper",
            " with array wrapper",
            " omit quotes on scalar string",
            " keep quotes",
        )
    )
    handled = draw.pick(("", " empty array on empty", " null on empty")) + draw.pick(_ON_ERROR)
    inner = _document(draw, scope, depth)
    parts = ("json_query(", operand(inner), f", '{draw.pick(_PATHS)}'{wrapper}{handled})")
    return value(t.VARCHAR, *parts, uses=("JSON_QUERY",), atom=True)


@producer(2, "varchar")
def json_made(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node:
    """`json_object('a' : …)`, `json_array(…)`."""
    del kind
    items = [
        expression(draw, scope, kinds.scalar(draw), depth - 2)
        for _ in range(draw.between(0, 3))
    ]
    nulls = draw.pick(("", "", " null on null", " absent on null")) if items else ""
    if draw.maybe(0.5):
        parts = ("json_array(", listed(items, least=0), f"{nulls})")
        return value(t.VARCHAR, *parts, uses=("JSON_ARRAY",), atom=True)
    members = [
        value(t.VARCHAR, f"{texts.quoted(draw.pick('abc'))} : ", operand(one), atom=True)
        for one in items
    ]
    unique = draw.pick(("", "", " with unique keys")) if items else ""
    parts = ("json_object(", listed(members, least=0), f"{nulls}{unique})")
    return value(t.VARCHAR, *parts, uses=("JSON_OBJECT",), atom=True)


@producer(2, "varchar")
def format_(draw: Draw, scope: Scope, kind: Type, depth: int) -> Node:
    """`format('%d', …)`."""
    del kind
    pattern, *bases = draw.pick(_FORMATS)
    wanted = [t.array(t.INTEGER) if one == "array" else kinds.sized(draw, one) for one in bases]
    items = [expression(draw, scope, one, depth - 1) for one in wanted]
    first = value(t.VARCHAR, texts.quoted(pattern), atom=True)
    return value(
        t.VARCHAR, "format(", listed((first, *items), least=1), ")", uses=("FORMAT",), atom=True
    )
