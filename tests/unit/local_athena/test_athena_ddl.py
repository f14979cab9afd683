"""DDL and kinds of statements, as the local Athena reads them."""

import pytest

from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.hive_ddl import create_table, partition_specs
from local_cloud.athena.sql.names import folded
from local_cloud.athena.sql.statement_reader import StatementReader
from local_cloud.athena.sql.statements import kind


def test_create_external_table_is_read_with_all_its_clauses() -> None:
    reader = StatementReader(
        """CREATE EXTERNAL TABLE IF NOT EXISTS lake.`Raw` (
        a string COMMENT 'it''s, (a)', b decimal(38, 18), -- note
        c array<struct<id:string,m:map<string,int>>>)
        COMMENT 'all' PARTITIONED BY (dt string)
        ROW FORMAT SERDE 'org.openx.data.jsonserde.JsonSerDe'
        WITH SERDEPROPERTIES ('ignore.malformed.json' = 'true')
        STORED AS INPUTFORMAT 'in' OUTPUTFORMAT 'out'
        LOCATION 's3://b/p/' TBLPROPERTIES ('k'='v', 'x'='y')"""
    )
    reader.expect("CREATE", "EXTERNAL", "TABLE")

    made = create_table(reader)

    assert (made.database, made.name, made.if_not_exists) == ("lake", "raw", True)
    assert [(c.name, c.type, c.comment) for c in made.columns] == [
        ("a", "string", "it's, (a)"),
        ("b", "decimal(38,18)", ""),
        ("c", "array<struct<id:string,m:map<string,int>>>", ""),
    ]
    assert [c.name for c in made.keys] == ["dt"]
    assert made.serde_properties == {"ignore.malformed.json": "true"}
    assert (made.input_format, made.location, made.properties) == (
        "in",
        "s3://b/p/",
        {"k": "v", "x": "y"},
    )


@pytest.mark.parametrize(
    "sql",
    [
        "t (a string)",
        "t (a strong) LOCATION 's3://b/'",
        "t (a string LOCATION 's3://b/'",
        "t (a string) LOCATION 's3://b/' SKEWED BY (a)",
    ],
)
def test_ddl_that_is_wrong_is_refused(sql: str) -> None:
    with pytest.raises(QueryError):
        create_table(StatementReader(sql))


def test_partition_specs_carry_values_and_locations() -> None:
    specs = partition_specs(
        StatementReader(
            "PARTITION (dt='a', hour = '01') LOCATION 's3://b/x/' PARTITION (dt='b', hour=2)"
        ),
        None,
    )

    assert [(one.values, one.location) for one in specs] == [
        ({"dt": "a", "hour": "01"}, "s3://b/x/"),
        ({"dt": "b", "hour": "2"}, ""),
    ]


@pytest.mark.parametrize(
    ("sql", "expected"),
    [
        ("select 1", ("DML", "SELECT")),
        ("/* x */ -- y\n with a as (select 1) select 1", ("DML", "SELECT")),
        ("(select 1)", ("DML", "SELECT")),
        ("create table a as select 1", ("DDL", "CREATE_TABLE_AS_SELECT")),
        ("create or replace view a as select 1", ("DDL", "CREATE")),
        ("show tables", ("UTILITY", "SHOW")),
    ],
)
def test_statements_are_sorted_as_athena_does(sql: str, expected: tuple[str, str]) -> None:
    assert kind(sql) == expected


@pytest.mark.parametrize(
    "sql", ["PRAGMA version", "ATTACH 'x'", "COPY a TO 'b'", "SET a = 1", ""]
)
def test_statements_of_other_engines_are_syntax_errors(sql: str) -> None:
    with pytest.raises(QueryError, match="mismatched input"):
        kind(sql)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("quotes", (None, "quotes")),
        ("`Quotes`", (None, "quotes")),
        ("`coinlake`.quotes", ("coinlake", "quotes")),
        ("COINLAKE.`Quotes`", ("coinlake", "quotes")),
        ("`coinlake.quotes`", ("coinlake", "quotes")),
        ('"coinlake"."quotes"', ("coinlake", "quotes")),
        ("awsdatacatalog.coinlake.quotes", ("coinlake", "quotes")),
        ("`a``b`", (None, "a`b")),
        ("`_odd`", (None, "_odd")),
    ],
)
def test_a_name_is_read_in_each_quoting(text: str, expected: tuple[str | None, str]) -> None:
    assert StatementReader(text).qualified() == expected


@pytest.mark.parametrize(
    "text", ["``", "`a.`", "'quotes'", "other.coinlake.quotes", "a.b.c.d", ".quotes"]
)
def test_what_is_no_name_is_refused(text: str) -> None:
    with pytest.raises(QueryError):
        StatementReader(text).qualified()


@pytest.mark.parametrize(
    ("text", "expected"),
    [("CoinLake", "coinlake"), ("`CoinLake`", "coinlake"), ('"a""b"', 'a"b'), (" x ", "x")],
)
def test_a_name_in_a_request_is_folded_and_unquoted(text: str, expected: str) -> None:
    assert folded(text) == expected
