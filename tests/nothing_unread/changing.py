"""Trees that differ from a statement's in one field only, for all fields in turn.

Where no such change is seen in any plan, nobody listens to that field.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from tests.nothing_unread.nodes import Field, nodes
from tests.nothing_unread.planning import Plan, plan
from trino_sql import tree
from trino_sql.query_parser import parse_with_parameters

Words = Mapping[Field, frozenset[str]]
_NOBODY = tree.Identifier("nobody_has_this_name")


@dataclass(frozen=True, slots=True)
class Change:
    """A part of a tree with one field changed: that field, and those that it stands in."""

    fields: tuple[Field, ...]
    made: Any

    @property
    def field(self) -> Field:
        return self.fields[0]


def words(trees: Iterable[tree.Query]) -> Words:
    """The texts that stand in each field of text, over all trees."""
    found: dict[Field, set[str]] = {}
    for node in (one for query in trees for one in nodes(query)):
        for name, value in tree.parts(node).items():
            if isinstance(value, str):
                found.setdefault((type(node), name), set()).add(value)
    return {key: frozenset(values) for key, values in found.items()}


def changes(value: Any, known: Words) -> Iterator[Change]:
    """Each way to change one field of one node of `value`."""
    if isinstance(value, tree.Node):
        for name, part in tree.parts(value).items():
            field = (type(value), name)
            for other in _others(part, field, known):
                yield Change((field,), replace(value, **{name: other}))
            for inner in changes(part, known):
                made = replace(value, **{name: inner.made})
                yield Change((*inner.fields, field), made)
    elif isinstance(value, tuple):
        for index, one in enumerate(value):
            for inner in changes(one, known):
                yield Change(inner.fields, (*value[:index], inner.made, *value[index + 1 :]))


def _others(value: Any, field: Field, known: Words) -> Iterator[Any]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int):
        yield value + 1
    elif isinstance(value, bytes):
        yield value + b"!"
    elif isinstance(value, str):
        yield from sorted(known.get(field, frozenset()) - {value})
        yield f"{value}x"
    elif isinstance(value, tuple):
        yield value[:-1]
        yield (*value, value[-1] if value else _NOBODY)
    elif isinstance(value, tree.Expression):
        yield _NOBODY


def heard(statements: Iterable[str]) -> tuple[set[Field], set[Field]]:
    """(fields that were changed somewhere, those of which a change was seen in a plan)."""
    parsed = [(one, parse_with_parameters(one)[0]) for one in statements]
    known = words(query for _, query in parsed)
    tried: set[Field] = set()
    found: set[Field] = set()
    for sql, query in parsed:
        before = plan(sql)
        assert before.error is None, f"{sql}: {before.error}: {before.message}"
        for change in changes(query, known):
            tried.update(change.fields)
            if not found.issuperset(change.fields) and _differs(sql, change.made, before):
                found.update(change.fields)
    return tried, found


def unheard_flags(statements: Iterable[str]) -> set[tuple[Field, str]]:
    """The flags whose opposite gives the same plan, each with its statement."""
    found: set[tuple[Field, str]] = set()
    for sql in statements:
        before = plan(sql)
        for change in changes(parse_with_parameters(sql)[0], {}):
            if _is_flag(change.field) and not _differs(sql, change.made, before):
                found.add((change.field, sql))
    return found


def _is_flag(field: Field) -> bool:
    kind, name = field
    return any(
        one.type is bool for one in kind.__dataclass_fields__.values() if one.name == name
    )


def _differs(sql: str, other: tree.Query, before: Plan) -> bool:
    try:
        return plan(sql, other) != before
    except Exception:  # a tree that no text has may break what listens to it
        return True
