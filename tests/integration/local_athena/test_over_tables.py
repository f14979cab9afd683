"""What Trino answers over tables of odd values: which condition is asked first, which rows meet."""

import json
from pathlib import Path
from typing import Any

import pytest

from local_cloud.athena.engines.duck_sql import correlated_rows, join_pushing, pushing
from tests.conformance import ours
from tests.conformance.canonical import json_text

FILE = Path(__file__).parents[2] / "data" / "conformance" / "over_tables.json"
CASES: list[dict[str, Any]] = json.loads(FILE.read_text())


@pytest.mark.full_size(one_in=4)
@pytest.mark.parametrize("case", CASES, ids=lambda case: str(case["query"]))
def test_an_answer_or_an_error_is_trinos(case: dict[str, Any]) -> None:
    found = ours.answer(case["query"])

    assert found.crash is None
    # What Trino does not support either may be refused in our words.
    assert found.refusal is None or case.get("error") == "NOT_SUPPORTED"
    assert found.error == case.get("error"), found.message
    if found.answer is not None:
        assert list(found.answer.types) == case["types"]
        assert sorted(map(json_text, found.answer.rows)) == sorted(map(json_text, case["rows"]))


@pytest.mark.parametrize(
    "sql",
    [
        # The sign of a NaN that a processor has made.
        "select to_ieee754_32(mod(x, real '1')) from (values real '-Infinity') t(x)",
        # Trino fails where it asks the constant of the rows around, and not where it does not.
        "select 1 from odd_numbers where -id in (select 1 / 0 from odd_times where day > at)",
        "select 1 from (values 1) t(n) where n = any (select 1 / 0 from odd_times where id < 0)",
        # The null of an error would be taken for a value that is equal to nothing.
        "select try(nullif(small, case cast(small as varchar(1)) when '0' then 1 end)) "
        "from odd_numbers",
        # Trino's code for IN writes over the value that it looks for (InCodeGenerator of 476).
        "select 'a' not in (number, try(number)) from odd_texts",
        "select word = number or word = nullif(number, 'x') from odd_texts",
        "select big in (id, cardinality(array[id, id])) from odd_numbers",
        "select big in (id, case id when 3 then 1 else 9 end) from odd_numbers",
        "select word in (number, json_value(number, 'strict $.a' passing number as x)) "
        "from odd_texts",
        # Of two conditions it makes one in more ways than are known here.
        "select case flag when flag and flag then 1 else 2 end from odd_numbers",
        # It rounds the constant and fails to cast it back.
        "select id from odd_numbers where cast(big as decimal(38,0)) < "
        "99999999999999999999.999999999999999999",
        "select 1 from odd_numbers where 99999999999999999999.999999999999999999 in "
        "(select cast(big as decimal(38,0)) from odd_numbers)",
        # It computes the constant of rows that no row around them meets.
        "select (select count(1 / 0) from odd_numbers a where a.id = b.id + 100) from odd_times b",
        "select a.id, b.m from odd_times a, "
        "lateral (select max(1 / 0) m from odd_numbers b where b.id = a.id + 100) b",
        # It computes one side though the other is empty.
        "select (select 1 from odd_times where id = 23) from odd_nested where null "
        "intersect select cast(-infinity() as integer) from odd_numbers",
        # It asks rows that a condition leaves out for keys between others.
        "select 1 from (select * from odd_nested where id = 1) a join t8 b "
        "on a.numbers = b.tinyint_array_column",
        "select 1 from odd_nested a left join t8 b on a.numbers = b.tinyint_array_column "
        "where b.real_column = 1.5",
        "select 1 from odd_nested where numbers in (select numbers from odd_nested where id = 1)",
        # It asks a query whose value nothing needs, and fails where that has two rows.
        "select if(false, (select id from odd_numbers))",
        "select 1 where true or (select id from odd_numbers) = 1",
        "select id, try(if(false, (select id from odd_numbers))) from odd_numbers where id = 1",
        # It computes all arguments of what it computes before a query runs.
        "select regexp_split(try(null), '(')",
        # It says GENERIC_INTERNAL_ERROR.
        "values (1, (select max(id) from odd_numbers))",
        # It puts the comparison in the column's place, and asks its sides for nulls.
        "select same is null from (select counts = counts as same from odd_nested)",
        "select count(*) filter (where other is not null) "
        "from (select point != point as other from odd_nested)",
        "select same is not distinct from null "
        "from (select not numbers = numbers as same from odd_nested)",
    ],
)
def test_what_follows_from_trinos_plan_or_processor_is_refused(sql: str) -> None:
    assert ours.answer(sql).refusal is not None


@pytest.mark.parametrize(
    ("rule", "sql"),
    [
        (
            (pushing.Computing, "push"),
            "select id from (select id, coalesce(tiny, 0) x from odd_numbers where tiny > 1) "
            "where 1 / x = 7",
        ),
        (
            (join_pushing.Joining, "push"),
            "select a.id from odd_numbers a left join odd_numbers b "
            "on a.id = b.id + 500 and 1 / (a.id - a.id) < 3",
        ),
        (
            (correlated_rows, "split"),
            "select id, (select max(1 / (b.id - b.id)) from odd_numbers b where b.id = a.id + 100) "
            "from odd_numbers a",
        ),
    ],
)
def test_without_its_rule_a_condition_is_asked_of_too_few_rows(
    rule: tuple[Any, str], sql: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert ours.answer(sql).error == "DIVISION_BY_ZERO"

    monkeypatch.setattr(*rule, lambda *_: None)

    assert ours.answer(sql).answer is not None
