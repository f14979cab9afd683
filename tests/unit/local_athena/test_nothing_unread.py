"""Nothing that the parser read is passed over: each field of each node has a say, or a refusal.

Shown three ways. Every rule uses every field that it is handed. Every statement that is answered
had every field of its tree read. And a tree that differs in one field has another plan.
"""

import importlib
import importlib.util
import json
import re
from collections.abc import Iterable
from dataclasses import fields, make_dataclass
from functools import cache
from pathlib import Path
from types import ModuleType
from typing import Any

import pytest

from local_cloud.athena.engines import duck_sql, planning
from local_cloud.athena.engines.duck_sql import select, sort_keys
from local_cloud.athena.engines.duck_sql.from_clause import RELATIONS
from local_cloud.athena.sql import analysis, parsing, queries
from local_cloud.athena.sql.analysis.expressions import RULES
from local_cloud.athena.sql.analysis.rules import NodeRules
from local_cloud.athena.sql.failures import QueryError
from tests.nothing_unread import changing, handlers, watching
from tests.nothing_unread.forms import STATEMENTS
from tests.nothing_unread.nodes import Field, classes, fields_of, shown
from tests.nothing_unread.places import LOOKED_AT, TAKEN
from tests.nothing_unread.planning import PARAMETERS, plan
from trino_sql import tree

VALUES = Path(__file__).parents[2] / "data" / "athena" / "values"
# Fields that are refused wherever they hold something: a statement, and Trino's error for it.
ALWAYS_REFUSED: dict[Field, tuple[str, str]] = {
    (tree.FunctionCall, "star_label"): (
        "SELECT count(t.*) FROM t",
        "INVALID_FUNCTION_ARGUMENT",
    ),
    (tree.JsonPath, "name"): ("SELECT JSON_EXISTS(b, 'lax $' AS p) FROM t", "INVALID_PATH"),
}
NEUTRAL: dict[Field, str] = {
    (tree.Identifier, "quoted"): "Trino finds names without regard to case, quoted or not",
}
# Flags that may say the same on both sides in some statements, and in which.
SAME_EITHER_WAY: dict[Field, str] = {
    **NEUTRAL,
    (tree.Cast, "safe"): "casts that cannot fail",
    (tree.FunctionCall, "distinct"): "count(*), for which no text says it; max",
    (tree.FunctionCall, "star"): "count() is count(*)",
    (tree.GroupBy, "distinct"): "one grouping set",
    (tree.SortItem, "descending"): "the order of a WINDOW that nobody uses",
}
# Arguments that come with a position in a signature that others share.
GIVEN_TO_ALL = frozenset(("at", "scope", "context", "planner"))
UNUSED: dict[tuple[str, str], str] = {
    ("_identifier", "quoted"): NEUTRAL[(tree.Identifier, "quoted")],
    ("as_subquery", "boundary"): "a protocol: it has no body",
    ("as_subquery", "use"): "a protocol: it has no body",
    ("bind", "database"): "a protocol: it has no body",
    ("bind", "name"): "a protocol: it has no body",
    ("prune", "relation"): "a protocol: it has no body",
    ("prune", "where"): "a protocol: it has no body",
    ("prune", "keys"): "a protocol: it has no body",
    ("_moment_to_date", "source"): "one cast of a table of casts by both types",
    ("_moment_to_date", "to"): "one cast of a table of casts by both types",
    ("_text_to_date", "source"): "one cast of a table of casts by both types",
    ("_text_to_date", "to"): "one cast of a table of casts by both types",
    ("_text_to_timestamp", "source"): "one cast of a table of casts by both types",
    ("_timestamp_to_date", "source"): "one cast of a table of casts by both types",
    ("_timestamp_to_date", "to"): "one cast of a table of casts by both types",
    ("_timestamp_to_date", "otherwise"): "it never fails",
    ("_date_to_text", "source"): "one cast of a table of casts by both types",
    ("_exists", "text"): "a subquery's SQL is written already",
    ("_scalar", "text"): "a subquery's SQL is written already",
    ("lambda", "path"): "a path's variable has its type whatever is around it",
}


def homeless(kinds: Iterable[type[tree.Node]]) -> list[str]:
    """The classes that no rule and no named place takes, so that no answer can depend on them."""
    known = {*RULES.known, *RELATIONS.known, *TAKEN}
    return sorted(one.__name__ for one in kinds if one not in known)


@cache
def heard() -> tuple[set[Field], set[Field]]:
    return changing.heard(STATEMENTS)


# ---- each class has its place ---------------------------------------------------------------


def test_each_form_of_the_grammar_has_a_rule_or_a_place_that_takes_it() -> None:
    assert homeless(classes()) == []


def test_a_form_whose_rule_is_gone_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(RULES.known, tree.Like)

    assert homeless(classes()) == ["Like"]
    with pytest.raises(AssertionError, match="Like as an expression"):
        changing.heard(STATEMENTS)


def test_a_form_that_the_parser_learns_is_reported() -> None:
    learnt = make_dataclass("Overlaps", [("left", Any)], bases=(tree.Expression,), frozen=True)

    assert homeless({*classes(), learnt}) == ["Overlaps"]


def test_each_place_takes_all_fields_of_its_form() -> None:
    left = {
        (kind.__name__, place): missing
        for kind, places in TAKEN.items()
        for place in places
        if (missing := _passed_over(kind, place))
    }

    assert left == {}


def test_a_field_that_no_place_reads_is_reported() -> None:
    more = make_dataclass("Limit", [("percent", bool)], bases=(tree.Limit,), frozen=True)

    assert _passed_over(more, TAKEN[tree.Limit][0]) == {"percent"}


def _passed_over(kind: type[tree.Node], place: str) -> set[str]:
    read: set[str] = set()
    for one in place.split(" + "):
        module, _, path = one.partition(":")
        found: Any = importlib.import_module(f"local_cloud.athena.{module}")
        for name in path.split("."):
            found = getattr(found, name)
        read |= handlers.attributes_of(found)
    # The text of a name is made of all its parts.
    read |= {"parts"} if "text" in read else set()
    wanted = {name for _, name in fields_of({kind}) if (kind, name) not in NEUTRAL}
    return wanted - read


# ---- rules use what they are handed ---------------------------------------------------------


def test_each_rule_uses_each_field_that_it_is_handed() -> None:
    rules = {*RULES.known.values(), *RELATIONS.known.values()}

    assert handlers.unused_by_rules(rules) == {("_identifier", "quoted")}


def test_each_function_of_the_analysis_uses_what_it_is_given() -> None:
    modules = [*_modules(analysis), *_modules(duck_sql), queries, parsing]

    unused = {one for module in modules for one in handlers.unused_in(module)}

    assert {one for one in unused if one[1] not in GIVEN_TO_ALL} == set(UNUSED)


def test_a_handler_that_ignores_an_argument_is_reported(tmp_path: Path) -> None:
    scratch = tmp_path / "scratch.py"
    scratch.write_text(
        "def rule(context, scope, at, *, value, pattern, escape, negated):\n"
        "    def inner(kept):\n"
        "        return value\n"
        "    negated = False\n"
        "    return inner(pattern) if escape else negated\n"
    )
    module = _imported(scratch)

    assert handlers.unused_by_rules([module.rule]) == set()
    assert ("inner", "kept") in handlers.unused_in(module)

    scratch.write_text(scratch.read_text().replace("else negated", "else pattern"))
    module = _imported(scratch)

    assert handlers.unused_by_rules([module.rule]) == {("rule", "negated")}


def _imported(path: Path) -> ModuleType:
    spec = importlib.util.spec_from_file_location(path.stem, path)
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def _modules(package: ModuleType) -> list[ModuleType]:
    folder = Path(str(package.__file__)).parent
    names = sorted(one.stem for one in folder.glob("*.py") if one.stem != "__init__")
    return [importlib.import_module(f"{package.__name__}.{name}") for name in names]


def test_a_rule_without_a_field_of_its_node_is_refused() -> None:
    more = make_dataclass("Like", [("folded", bool)], bases=(tree.Like,), frozen=True)

    with pytest.raises(TypeError, match="folded"):
        NodeRules[Any]("an expression").rule(more)(RULES.known[tree.Like])


# ---- every field is read --------------------------------------------------------------------


def _texts_of_values() -> list[str]:
    cases = [
        one for file in sorted(VALUES.glob("*.json")) for one in json.loads(file.read_text())
    ]
    texts = (one["query"] for one in cases)
    plain = re.compile(r"(?i)\s*(select|with|values)\b")
    return [one if plain.match(one) else f"SELECT {one}" for one in texts]


def passed_over(statements: Iterable[str]) -> dict[str, str]:
    """Fields that were not read in a statement that was planned, each with one such statement."""
    found: dict[str, str] = {}
    for sql in statements:
        try:
            query, count = parsing.query_with_parameters(sql)
        except QueryError:
            continue
        given = [parsing.expression(one) for one in PARAMETERS[:count]]
        watched = watching.seen(sql, query, given)
        if watched is not None:
            unread = {one for one in watched.unread if one not in NEUTRAL}
            found |= dict.fromkeys(shown(unread), sql)
    return found


def test_a_statement_is_answered_only_after_all_of_it_was_read() -> None:
    assert passed_over(STATEMENTS) == {}
    assert passed_over(_texts_of_values()[::10]) == {}


def test_two_nodes_are_equal_only_if_all_that_they_say_is() -> None:
    # A subquery that is equal to another one is not planned again.
    left_out = {
        (kind, one.name) for kind in classes() for one in fields(kind) if not one.compare
    }

    assert {name for _, name in left_out} == {"at"}


def test_a_field_that_is_passed_over_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(planning, "tail_limits", lambda planner, tail, ordered: None)

    found = passed_over(["SELECT 1 UNION SELECT 2 LIMIT 1"])

    assert set(found) == {"IntegerLiteral.value", "Limit.count"}


def unknown_places(statements: Iterable[str]) -> set[tuple[str, str]]:
    """Where nodes are taken apart by hand, if it is not one of the places that are known."""
    known = {
        (kind, place)
        for kind, places in TAKEN.items()
        for one in places
        for place in one.split(" + ")
    } | set(LOOKED_AT)
    found: set[tuple[str, str]] = set()
    for sql in statements:
        query, count = parsing.query_with_parameters(sql)
        given = [parsing.expression(one) for one in PARAMETERS[:count]]
        watched = watching.seen(sql, query, given)
        assert watched is not None
        # A name is read wherever a name is needed.
        found |= {
            (kind.__name__, place)
            for kind, place in watched.places
            if kind is not tree.Identifier and (kind, place) not in known
        }
    return found


def test_nodes_are_taken_apart_in_known_places_only() -> None:
    assert unknown_places(STATEMENTS) == set()


def test_a_new_place_that_takes_a_node_apart_is_reported(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    scratch = {"__name__": "local_cloud.athena.scratch", "known": sort_keys.order_keys}
    exec("def order_keys(*given):\n    given[3].order\n    return known(*given)", scratch)
    monkeypatch.setattr(select, "order_keys", scratch["order_keys"])

    found = unknown_places(["SELECT a FROM t ORDER BY a"])

    assert found == {("Tail", "scratch:order_keys")}


# ---- every field matters --------------------------------------------------------------------


def test_a_change_of_any_field_is_seen_in_the_plan() -> None:
    tried, found = heard()

    assert shown(tried - found) == []
    assert fields_of(classes()) - tried == set(ALWAYS_REFUSED)


@pytest.mark.parametrize(
    ("sql", "error"), ALWAYS_REFUSED.values(), ids=shown(set(ALWAYS_REFUSED))
)
def test_what_no_answer_may_hold_is_refused(sql: str, error: str) -> None:
    assert plan(sql).error == error


def test_a_flag_says_something_wherever_it_stands() -> None:
    assert {field for field, _ in changing.unheard_flags(STATEMENTS)} == set(SAME_EITHER_WAY)


@pytest.mark.long
def test_not_like_that_runs_as_like_is_reported(monkeypatch: pytest.MonkeyPatch) -> None:
    right = RULES.known[tree.Like]

    def wrong(*context: Any, negated: bool, **rest: Any) -> Any:
        return right(*context, negated=False, **rest)

    monkeypatch.setitem(RULES.known, tree.Like, wrong)

    tried, found = changing.heard(STATEMENTS)
    assert shown(tried - found) == ["Like.negated"]
    assert (tree.Like, "negated") in {one for one, _ in changing.unheard_flags(STATEMENTS)}


def test_a_field_that_the_parser_learns_is_reported() -> None:
    more = make_dataclass("Between", [("symmetric", bool)], bases=(tree.Between,), frozen=True)
    tried, _ = heard()

    unknown = fields_of({more, *classes()} - {tree.Between}) - tried

    assert "Between.symmetric" in shown(unknown)
