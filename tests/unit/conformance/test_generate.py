"""The generator of queries: the same again from seed and number; trees that are cut down."""

from dataclasses import replace

from local_cloud.athena.sql import types as t
from tests.conformance.compare import Verdict
from tests.conformance.corpus import text_of
from tests.conformance.generate import kept
from tests.conformance.generate.groups import Groups
from tests.conformance.generate.node import (
    Node,
    listed,
    operand,
    optional,
    part,
    replaced,
    text,
    value,
    walk,
)
from tests.conformance.generate.run import Wanted, statements
from tests.conformance.generate.shrink import candidates, shrunk
from tests.conformance.generate.statements import generated
from tests.conformance.outcome import Outcome
from tests.conformance.recorded import Recorded
from tests.conformance.run import Judged

SEED = 1


def test_a_query_is_made_again_from_its_seed_and_number() -> None:
    made = [generated(SEED, index).text for index in range(300)]
    again = [generated(SEED, index).text for index in range(200, 260)]

    assert again == made[200:260]
    assert generated(SEED + 1, 200).text != again[0]


def test_a_run_goes_on_where_it_was_told_and_keeps_to_what_it_is_about() -> None:
    later = list(statements(Wanted(SEED, 3, start=500)))
    about = list(statements(Wanted(SEED, 3, about="count_if")))

    assert [one.index for one in later] == [500, 501, 502]
    assert all("count_if(" in one.text.sql for one in about)


def test_each_text_is_kept_once() -> None:
    made = kept.texts()
    found = [next(made).hash for _ in range(300)]

    assert len(set(found)) == 300


# ---- trees ----------------------------------------------------------------------------------


def _number(digits: str) -> Node:
    return value(t.INTEGER, digits, atom=True)


def _sum(left: Node, right: Node) -> Node:
    return value(t.INTEGER, operand(left), " + ", operand(right))


def test_brackets_are_written_where_a_value_needs_them() -> None:
    inner = _sum(_number("2"), _number("3"))

    assert text(_sum(_number("1"), inner)) == "1 + (2 + 3)"


def test_a_piece_is_replaced_where_it_is() -> None:
    tree = _sum(_number("1"), _number("2"))
    at = next(at for at, one in walk(tree) if one == _number("2"))

    assert text(replaced(tree, at, _number("7"))) == "1 + 7"


def test_candidates_leave_out_one_thing_each() -> None:
    items = listed((_number("1"), _sum(_number("2"), _number("3"))))
    tree = part("select ", items, optional(" where true"))

    made = {text(one) for one in candidates(tree)}

    assert "select 1, 2 + 3" in made
    assert "select 1 where true" in made
    assert "select 1, 2 where true" in made
    assert "select 1, null where true" in made


def test_a_statement_is_shrunk_to_what_still_fails() -> None:
    tree = generated(SEED, 0).tree
    wrong = value(t.INTEGER, "abs(", _sum(_number("1"), _number("0x1F")), ")", atom=True)
    items = listed((_number("5"), wrong, _number("6")))
    tree = part("select ", items, optional(" from ", part("t")), optional(" limit 3"))
    asked: list[str] = []

    def fails(one: Node) -> bool:
        asked.append(text(one))
        return "0x1F" in text(one)

    small = shrunk(tree, fails)

    assert text(small) == "select 0x1F"
    assert len(asked) == len(set(asked))


def test_shrinking_ends_when_its_tries_do() -> None:
    tree = generated(SEED, 5).tree
    asked: list[Node] = []

    def fails(one: Node) -> bool:
        asked.append(one)
        return False

    assert shrunk(tree, fails, tries=7) == tree
    assert len(asked) <= 7


# ---- groups ---------------------------------------------------------------------------------


def _judged(note: str) -> Judged:
    verdict = Verdict("wrong value", note)
    return Judged(text_of("select 1"), Recorded("0" * 16), Outcome(), verdict)


def test_failures_of_one_cause_are_one_entry() -> None:
    groups = Groups()
    tree = replace(_number("1"), uses=("abs(bigint)", "literal integer digits"))
    for _ in range(3):
        groups.add(tree, _judged("the same at the level of count only"))

    assert groups.known(
        _judged("the same at the level of count only"), frozenset(("abs(bigint)", "OVER"))
    )
    assert not groups.known(_judged("another"), frozenset(("abs(bigint)",)))
    assert not groups.known(
        _judged("the same at the level of count only"), frozenset(("OVER",))
    )
    assert [one.count for one in groups] == [4]
