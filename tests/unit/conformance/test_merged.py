"""Several generated expressions in one statement: its text, and each one's share of the answer."""

from itertools import count

from tests.conformance.generate.merged import Batch, Member, answered, batches, member
from tests.conformance.generate.statements import Generated, generated
from tests.trino_lab.client import Answer

MADE = [generated(1, index) for index in range(3)]


def _batch(source: str, *members: Member) -> Batch:
    return Batch(source, list(zip(MADE, members, strict=False)))


def _first(source: str) -> tuple[Generated, Member]:
    for index in count():
        made = generated(1, index)
        found = member(made)
        if found is not None and found.source == source:
            return made, found
    raise AssertionError("unreachable")


def test_expressions_alone_stand_side_by_side() -> None:
    batch = _batch("", Member("", ("1 + 1",)), Member("", ("'a'", "null")))

    assert batch.sql() == "select 1 + 1, 'a', null"


def test_rows_that_a_statement_does_not_read_are_not_evaluated_for_it() -> None:
    batch = _batch("t", Member("t", ("f(r1.x)",), (1, 3)), Member("t", ("r1.y",)))

    expected = "select r1.id, case when r1.id in (1, 3) then f(r1.x) end, r1.y from t r1"
    assert batch.sql() == expected


def test_columns_of_values_do_not_meet() -> None:
    one = Member("values", ("r1.c1 + 1",), (1, 2), (("1",), ("2",)))
    other = Member("values", ("r1.c1 || r1.c2",), (1,), (("'a'", "'b'"),))

    assert _batch("values", one, other).sql() == (
        "select r1.n, r1.s0c1 + 1, case when r1.n in (1) then r1.s1c1 || r1.s1c2 end "
        "from (values (1, 1, 'a', 'b'), (2, 2, null, null)) r1(n, s0c1, s1c1, s1c2)"
    )


def test_each_gets_its_columns_and_its_rows() -> None:
    batch = _batch("t", Member("t", ("a",), (1, 3)), Member("t", ("b",)))
    said = Answer(
        ("bigint", "integer", "varchar"), ((1, 10, "x"), (2, None, "y"), (3, 30, "z"))
    )

    first, second = (found for _, found in batch.records(said))

    assert (first.types, first.rows) == (("bigint", "integer"), ((1, 10), (3, 30)))
    assert second.rows == ((1, "x"), (2, "y"), (3, "z"))


def test_a_batch_that_fails_is_halved_until_the_others_have_their_answer() -> None:
    items = [Member("", ("1",)), Member("", ("1 / 0",)), Member("", ("2",))]
    asked = []

    def ask(sql: str) -> Answer:
        asked.append(sql)
        bad = "1 / 0" in sql
        return Answer((), (), "DIVISION_BY_ZERO") if bad else Answer(("integer",), ((1,),))

    found = list(answered(_batch("", *items), ask))

    # Two are left that stood beside the one that fails: they are asked by themselves.
    assert asked == ["select 1, 1 / 0, 2", "select 1 / 0, 2"]
    assert found == []


def test_generated_statements_are_taken_apart_as_they_are_written() -> None:
    for source in ("", "values", "odd_texts"):
        made, found = _first(source)
        (batch,) = batches([(made, found)])

        # Alone it is the statement itself, but for the names of VALUES.
        assert all(item in made.text.sql for item in found.items)
        assert batch.source == source


def test_a_query_inside_is_not_merged() -> None:
    for index in range(300):
        made = generated(1, index)
        if "(select " in made.text.sql:
            assert member(made) is None
