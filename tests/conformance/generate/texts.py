"""Texts, bytes and JSON as statements write them: empty, padded, quoted, beyond ASCII."""

from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.types import Type
from tests.conformance.generate.draw import Draw
from tests.conformance.generate.moments import moment_text
from tests.conformance.generate.node import Node, value
from tests.conformance.generate.numbers import number_text
from tests.conformance.generate.pools import pairs, pool

WORDS, DOCUMENTS, UUIDS = pool("words"), pool("documents"), pool("uuids")
_BYTES, _ESCAPED = pool("bytes"), pairs("escaped")


def quoted(text: str) -> str:
    """A text between quotes."""
    return "'" + text.replace("'", "''") + "'"


def varchar(draw: Draw, words: tuple[str, ...] = WORDS) -> Node:
    """`'abc'` or `U&'caf\\00e9'`; its length is its type's."""
    if words is WORDS and draw.maybe(0.08):
        return _unicode(draw)
    text = draw.pick(words)
    return value(t.varchar(len(text)), quoted(text), uses=("literal varchar",), atom=True)


def _unicode(draw: Draw) -> Node:
    written, text = draw.pick(_ESCAPED)
    kind, use = t.varchar(len(text)), ("literal U&",)
    if "\\\\" not in written and draw.maybe(0.3):
        other = written.replace("\\", "#")
        return value(kind, f"U&'{other}' UESCAPE '#'", uses=("literal UESCAPE",), atom=True)
    return value(kind, f"U&'{written}'", uses=use, atom=True)


def char(draw: Draw, length: int) -> Node:
    """`char 'abc'`, padded or cut to the length."""
    text = draw.pick(WORDS)[:length]
    kind = t.char(len(text))
    return value(kind, f"char {quoted(text)}", uses=("literal char",), atom=True)


def varbinary(draw: Draw) -> Node:
    """`X'00ff'`."""
    return value(t.VARBINARY, f"X'{draw.pick(_BYTES)}'", uses=("literal X''",), atom=True)


def document(draw: Draw) -> Node:
    """`json '…'`."""
    text = quoted(draw.pick(DOCUMENTS))
    return value(t.JSON, f"json {text}", uses=("literal json",), atom=True)


def uuid(draw: Draw) -> Node:
    """`uuid '…'`."""
    return value(t.UUID, f"uuid '{draw.pick(UUIDS)}'", uses=("literal uuid",), atom=True)


def text_of(draw: Draw, kind: Type) -> str:
    """A text that such a type can mostly be read from."""
    if kind.name in t.NUMERIC:
        found = number_text(draw, kind)
        return f" {found} " if draw.maybe(0.05) else found
    if kind.name == "boolean":
        return draw.pick(("true", "false", "TRUE", "t", "f", "1", "0", "False"))
    if kind.name in ("date", *t.TIMED) or kind.name.startswith("interval"):
        return moment_text(draw, kind)
    if kind.name == "json":
        return draw.pick(DOCUMENTS)
    return draw.pick(UUIDS) if kind.name == "uuid" else draw.pick(WORDS)
