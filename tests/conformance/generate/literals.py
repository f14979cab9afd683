"""Constants of every type: nulls, empty and nested ones too."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.coercion import common_super_type
from local_cloud.athena.sql.types import Type
from tests.conformance.generate import texts
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.kinds import OPAQUE, WRITTEN, fits, spelled
from tests.conformance.generate.moments import moment
from tests.conformance.generate.node import Node, listed, value
from tests.conformance.generate.numbers import number

NULLS = 0.06


def cast_to(kind: Type, of: Node, safe: bool = False, uses: tuple[str, ...] = ()) -> Node:
    """`cast(… as …)`."""
    word = "try_cast" if safe else "cast"
    return value(kind, f"{word}(", of, f" as {spelled(kind)})", uses=uses, atom=True)


def exactly(kind: Type, of: Node) -> Node:
    """`of` as exactly this type."""
    if of.type == kind:
        return of
    assert of.type is not None
    return cast_to(kind, of, uses=(cast_use(of.type, kind),))


def cast_use(source: Type, to: Type) -> str:
    """What a cast tries."""
    return f"cast {source.name} as {to.name}"


def null(draw: Draw, kind: Type) -> Node:
    """`null`, or one of this type."""
    bare = value(t.UNKNOWN, "null", uses=("literal null",), atom=True)
    return (
        bare
        if kind == t.UNKNOWN or draw.maybe(0.3)
        else cast_to(kind, bare, uses=(cast_use(t.UNKNOWN, kind),))
    )


def constant(draw: Draw, kind: Type, nulls: float = NULLS) -> Node:
    """A constant that fits where this type is wanted."""
    if kind == t.UNKNOWN or kind.name in OPAQUE or draw.maybe(nulls):
        return null(draw, kind)
    if kind.args:
        return _nested(draw, kind)
    made = _scalar(draw, kind)
    assert made.type is not None
    return made if fits(made.type, kind) else exactly(kind, made)


def _scalar(draw: Draw, kind: Type) -> Node:
    if kind.name == "boolean":
        return _boolean(draw)
    if kind.name in t.NUMERIC:
        return number(draw, kind)
    if kind.name == "varchar" or kind.name in WRITTEN:
        return texts.varchar(draw)
    if kind.name == "char":
        return texts.char(draw, kind.precision or 0)
    made = {"varbinary": texts.varbinary, "json": texts.document, "uuid": texts.uuid}.get(
        kind.name
    )
    return made(draw) if made is not None else moment(draw, kind)


def _boolean(draw: Draw) -> Node:
    if draw.maybe(0.1):
        text = draw.pick(("boolean 'true'", "boolean 'FALSE'"))
        return value(t.BOOLEAN, text, uses=("literal boolean '…'",), atom=True)
    return value(t.BOOLEAN, draw.pick(("true", "false")), uses=("literal boolean",), atom=True)


def _nested(draw: Draw, kind: Type) -> Node:
    made = {"array": array, "map": map_, "row": row}[kind.name](draw, kind)
    assert made.type is not None
    return made if fits(made.type, kind) else exactly(kind, made)


def array(draw: Draw, kind: Type) -> Node:
    """`array[…]`, empty now and then."""
    items = [constant(draw, kind.args[0], 0.12) for _ in range(draw.pick((0, 1, 2, 2, 3, 4)))]
    return array_of(items, bare=draw.maybe(0.05))


def array_of(items: list[Node], bare: bool = False) -> Node:
    """The constructor of an array with these items; Trino 476 takes it without its word, too."""
    word, use = ("[", "literal [...]") if bare else ("array[", "literal array")
    return value(
        t.array(joined(items)), word, listed(items, least=0), "]", uses=(use,), atom=True
    )


def joined(items: list[Node]) -> Type:
    """The type to which all items are coerced."""
    found = t.UNKNOWN
    for one in items:
        assert one.type is not None
        common = common_super_type(found, one.type)
        assert common is not None, (str(found), str(one.type))
        found = common
    return found


def map_(draw: Draw, kind: Type) -> Node:
    """`map(array[…], array[…])`, or `map()`."""
    # There are two booleans only; the same key twice is an error, and not to be drawn often.
    count = draw.pick((0, 1, 2, 2, 3) if kind.args[0].name != "boolean" else (0, 1, 1))
    if count == 0 and draw.maybe(0.5):
        return value(t.map_of(t.UNKNOWN, t.UNKNOWN), "map()", uses=("map()",), atom=True)
    keys: list[Node] = []
    for _ in range(count):
        key = constant(draw, kind.args[0], 0.005)
        if all(key.parts != other.parts for other in keys):
            keys.append(key)
    items = [constant(draw, kind.args[1], 0.12) for _ in keys]
    made = t.map_of(joined(keys), joined(items))
    return value(
        made,
        "map(",
        array_of(keys),
        ", ",
        array_of(items),
        ")",
        uses=("map(array(k),array(v))",),
        atom=True,
    )


def row(draw: Draw, kind: Type) -> Node:
    """`row(…)` or `(…, …)`; with names by a cast."""
    items = [constant(draw, one, 0.12) for one in kind.args]
    return row_of(items, bare=len(items) > 1 and draw.maybe(0.3))


def row_of(items: list[Node], bare: bool = False) -> Node:
    """The constructor of a row."""
    kinds = tuple(one.type for one in items if one.type is not None)
    word, use = ("(", "literal (…, …)") if bare else ("row(", "literal row")
    return value(
        t.row(kinds), word, listed(items, least=len(items)), ")", uses=(use,), atom=True
    )
