"""What the guard accepts touches only allowed tables, by the record of the engine that ran it."""

import pytest

from query_api.core import guard
from query_api.core.terms import children
from tests.guard_fuzz.lake import Engine, foreign
from tests.guard_fuzz.run import Found, fuzz
from trino_sql import tree

# Another share each commit would be red for a reason that the commit has not: the campaign asks all.
SEED = 17
HOSTILE = [index for index in range(100_000) if index % 10 >= 8]


def test_a_share_of_the_campaign_finds_no_hole() -> None:
    found = fuzz(SEED, range(300))

    assert found.holes == []
    assert found.accepted > found.asked / 2
    assert found.ends["answered"] > found.accepted / 2


def test_the_engine_tells_what_it_touched_whatever_the_text_says() -> None:
    engine = Engine()

    ended = engine.run(
        "SELECT count(*) FROM nation WHERE 0 < (SELECT count(*) FROM secrets.t1)"
    )

    assert ended == "answered"
    assert engine.touched == {"default.nation", "secrets.t1"}
    assert foreign(engine.touched) == {"secrets.t1"}


def _until_a_hole(found: Found) -> bool:
    return not found.holes and found.asked < 3000


def test_a_guard_that_passes_over_queries_in_expressions_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def outside_of_expressions(node: tree.Node) -> list[tree.Node]:
        return [one for one in children(node) if not isinstance(one, tree.ScalarSubquery)]

    monkeypatch.setattr(guard, "children", outside_of_expressions)

    assert fuzz(SEED, HOSTILE, _until_a_hole).holes


def test_a_guard_that_takes_any_database_is_found_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def by_last_name(
        name: tree.QualifiedName, named: frozenset[str], database: str
    ) -> tuple[str, str] | None:
        *around, table = (part.name.lower() for part in name.parts)
        if not around and table in named:
            return None
        return (around[-1] if around else database, table)

    monkeypatch.setattr(guard, "_table", by_last_name)

    assert fuzz(SEED, HOSTILE, _until_a_hole).holes


def test_a_guard_that_knows_names_of_with_everywhere_is_found_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    tables = guard._tables

    def with_all_names(node: tree.Node, named: frozenset[str], database: str) -> object:
        if isinstance(node, tree.Query) and not named:
            inside = (one for one in guard._walk(node) if isinstance(one, tree.NamedQuery))
            named = frozenset(one.name.name.lower() for one in inside)
        return tables(node, named, database)

    monkeypatch.setattr(guard, "_tables", with_all_names)

    assert fuzz(SEED, HOSTILE, _until_a_hole).holes
