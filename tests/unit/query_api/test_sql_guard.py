"""The guard against every bypass that was found elsewhere, and for the SQL that people write."""

import re
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest

from query_api.core.allowed import NODES, REFUSED, judged
from query_api.core.guard import check
from query_api.core.problems import RefusedSqlError
from trino_sql import tree
from trino_sql.query_parser import parse_query

HOW_TO = Path(__file__).resolve().parents[3] / "docs" / "how-to"
# Each line got past some guard of somebody; the comment says whose idea of safe it broke.
BYPASSES = {
    # first token or regular expression
    "with_delete": "WITH t AS (SELECT 1) DELETE FROM quotes",
    "with_insert": "WITH t AS (SELECT 1) INSERT INTO quotes SELECT * FROM t",
    "delete_in_cte": "WITH t AS (DELETE FROM quotes RETURNING *) SELECT * FROM t",
    "explain_analyze": "EXPLAIN ANALYZE DELETE FROM quotes",
    "explain": "EXPLAIN SELECT * FROM quotes",
    "comment_before": "/* SELECT */ DROP TABLE quotes",
    "comment_inside": "SELECT 1; -- \n DROP TABLE quotes",
    "two_statements": "SELECT 1; SELECT 2",
    "attach": "SELECT 1; ATTACH 'x.db'",
    "only_a_comment": "-- nothing",
    "empty": "  ",
    # the type of the top node
    "into": "SELECT 1 INTO stolen",
    "into_from": "SELECT * INTO stolen FROM quotes",
    "ctas": "CREATE TABLE stolen AS SELECT * FROM quotes",
    "unload": "UNLOAD (SELECT * FROM quotes) TO 's3://elsewhere/' WITH (format = 'PARQUET')",
    "merge": "MERGE INTO quotes USING quotes q ON true WHEN MATCHED THEN DELETE",
    "update": "UPDATE quotes SET name = 'x'",
    "drop": "DROP TABLE quotes",
    "create_view": "CREATE OR REPLACE VIEW quotes_live AS SELECT 1",
    # what a parser hands over as an opaque command
    "external_function": "USING EXTERNAL FUNCTION f(x varchar) RETURNS varchar LAMBDA 'fn' SELECT f('x')",
    "prepare": "PREPARE p FROM SELECT 1",
    "execute": "EXECUTE p",
    "call": "CALL system.sync_partition_metadata('a', 'b', 'ADD')",
    "show": "SHOW TABLES",
    "describe": "DESCRIBE quotes",
    "msck": "MSCK REPAIR TABLE quotes",
    "optimize": "OPTIMIZE quotes REWRITE DATA USING BIN_PACK",
    "vacuum": "VACUUM quotes",
    "set": "SET SESSION x = 1",
    "pragma": "PRAGMA database_list",
    "copy": "COPY quotes TO 'x.csv'",
    # table functions and files
    "system_query": "SELECT * FROM TABLE(cat.system.query(query => 'SELECT 1'))",
    "read_csv": "SELECT * FROM READ_CSV('/etc/passwd')",
    "file_as_table": "SELECT * FROM '/etc/passwd'",
    "file_as_name": 'SELECT * FROM "/etc/passwd"',
    "parquet_scan": "SELECT * FROM parquet_scan('s3://x/*')",
    "lateral_function": "SELECT * FROM quotes, LATERAL (SELECT 1)",
    # other catalogs, databases and hidden tables
    "lambda_catalog": 'SELECT * FROM "lambda:conn".db.t',
    "other_catalog": "SELECT * FROM other.coinlake.quotes",
    "other_database": "SELECT * FROM secrets.quotes",
    "unknown_table": "SELECT * FROM passwords",
    "partitions_table": 'SELECT * FROM coinlake."quotes$partitions"',
    "path_column": 'SELECT "$path" FROM quotes',
    "path_alias": 'SELECT 1 AS "$path"',
    "table_statement": "TABLE lake.secret",
    "backticks": "SELECT * FROM `secret`",
    # names of WITH queries
    "cte_shadows_allowed": "WITH quotes AS (SELECT * FROM other.secret) SELECT * FROM quotes",
    "cte_called_as_a_table": "WITH quotes AS (SELECT 1) SELECT * FROM quotes",
    "cte_out_of_scope": "SELECT * FROM (WITH secret AS (SELECT 1) SELECT * FROM secret) x, secret",
    "cte_reads_itself": "WITH secret AS (SELECT * FROM secret) SELECT * FROM secret",
    "cte_reads_a_later_one": "WITH a AS (SELECT * FROM secret), secret AS (SELECT 1) SELECT * FROM a",
    "cte_qualified": "WITH a AS (SELECT 1) SELECT * FROM secrets.a",
    "recursive": "WITH RECURSIVE t(n) AS (SELECT 1 UNION ALL SELECT n + 1 FROM t) SELECT * FROM t",
    # functions
    "reflect": "SELECT reflect('java.lang.System', 'getenv')",
    "java_method": "SELECT java_method('java.lang.System', 'exit', 0)",
    "getenv": "SELECT getenv('AWS_SECRET_ACCESS_KEY')",
    "version": "SELECT version()",
    "function_of_a_schema": "SELECT evil.every(name = 'x') FROM quotes",
    "known_function_of_a_schema": "SELECT evil.count(1) FROM quotes",
    "current_user": "SELECT current_user",
    "duckdb_settings": "SELECT * FROM duckdb_settings()",
    "http": "SELECT http_get('http://169.254.169.254/')",
    # rows and CPU out of nothing
    "sequence_bomb": "SELECT * FROM UNNEST(sequence(1, 10000)) x CROSS JOIN UNNEST(sequence(1, 10000)) y",
    "sequence": "SELECT sequence(1, 100000000)",
    "repeat": "SELECT repeat('x', 1000000000)",
    "rows_times_rows": "SELECT * FROM UNNEST(sequence(1, 200)) x CROSS JOIN UNNEST(sequence(1, 200)) y",
    "sequence_of_a_column": "SELECT sequence(1, rank) FROM quotes",
    "sequence_of_seconds": "SELECT sequence(TIMESTAMP '2000-01-01', TIMESTAMP '2026-01-01', INTERVAL '1' SECOND)",
    "sequence_in_a_subquery": "SELECT (SELECT count(*) FROM UNNEST(s) a CROSS JOIN UNNEST(s) b) FROM (SELECT sequence(1, 9999) s)",
    "sequence_in_a_lambda": "SELECT transform(sequence(1, 9999), x -> cardinality(sequence(1, 9999)))",
    "sequence_in_order_by": "SELECT rank FROM quotes ORDER BY cardinality(sequence(1, 99999999))",
    "sequence_in_a_window": "SELECT sum(rank) OVER (PARTITION BY cardinality(sequence(1, 99999999))) FROM quotes",
    "sequence_in_a_filter": "SELECT count(*) FILTER (WHERE cardinality(sequence(1, 99999999)) > 1) FROM quotes",
    "sequence_in_a_join": "SELECT 1 FROM quotes q JOIN rates r ON cardinality(sequence(1, 99999999)) > 1",
    "values_times_values": "SELECT count(*) FROM "
    + ", ".join(f"(VALUES 1, 2, 3, 4, 5, 6, 7, 8, 9, 10) t{n} (x)" for n in range(9)),
    "with_doubled": "WITH a0 AS (SELECT 1 x)"
    + "".join(
        f", a{n} AS (SELECT * FROM a{n - 1} UNION ALL SELECT * FROM a{n - 1})"
        for n in range(1, 20)
    )
    + " SELECT count(*) FROM a19",
    "tables_doubled": "WITH a0 AS (SELECT rank FROM quotes)"
    + "".join(
        f", a{n} AS (SELECT * FROM a{n - 1} UNION ALL SELECT * FROM a{n - 1})"
        for n in range(1, 8)
    )
    + " SELECT count(*) FROM a7",
    "text_doubled": "WITH a0 AS (SELECT 'xxxxxxxxxx' x)"
    + "".join(f", a{n} AS (SELECT x || x AS x FROM a{n - 1})" for n in range(1, 30))
    + " SELECT x FROM a29",
    "text_replaced": "SELECT " + "replace(" * 8 + "'a'" + ", 'a', 'aaaaaaaaaa')" * 8,
    "pad": "SELECT lpad('x', 2000000000, 'y')",
    "pad_by_a_column": "SELECT rpad(name, rank, 'y') FROM quotes",
    "format_width": "SELECT format('%999999999d', 1)",
    "format_of_a_column": "SELECT format(name, 1) FROM quotes",
    "reduce_doubles": "SELECT reduce(map_values(extra), 'x', (s, x) -> s || s, s -> s) FROM quotes",
    "reduce_agg_doubles": "SELECT reduce_agg(name, 'x', (s, x) -> concat(s, s), (a, b) -> a) FROM quotes",
    "lambdas_in_lambdas": "SELECT transform(a, x -> transform(a, y -> transform(a, z -> z))) FROM quotes",
    "buckets": "SELECT numeric_histogram(2000000000, rank) FROM quotes",
    "capacity": "SELECT approx_most_frequent(3, name, 2000000000) FROM quotes",
    "combinations": "SELECT combinations(map_keys(extra), 5) FROM quotes",
    "bar": "SELECT bar(0.5, 2000000000)",
    "sets_multiplied": "SELECT 1 FROM quotes GROUP BY "
    + ", ".join(["ROLLUP (rank, name, symbol, asset_id, explorer)"] * 8),
    # work in a pattern
    "pattern_nested": "SELECT regexp_like(name, '^(a+)+$') FROM quotes",
    "pattern_alike": "SELECT regexp_like(name, '(a|a)*b') FROM quotes",
    "pattern_of_a_column": "SELECT regexp_like(name, symbol) FROM quotes",
    "pattern_made": "SELECT regexp_like(name, concat('(a*', ')*b')) FROM quotes",
    "pattern_in_a_path": "SELECT JSON_EXISTS(name, 'lax $ ? (@ like_regex \"(a*)*b\")') FROM quotes",
    # not the same each time, or the account's
    "rand": "SELECT rand()",
    "random": "SELECT random(1, 6) FROM quotes",
    "uuid": "SELECT uuid()",
    "shuffle": "SELECT shuffle(map_keys(extra)) FROM quotes",
    "groups": "SELECT current_groups()",
    "schema": "SELECT current_schema",
    # what is called information_schema, and is not what stands for it
    "schemata": "SELECT * FROM information_schema.schemata",
    "schema_of_another": "SELECT * FROM other.information_schema.tables",
    "schema_hidden": 'SELECT * FROM information_schema."tables$partitions"',
    "schema_as_database": "SELECT * FROM information_schema.quotes",
    # odd syntax
    "time_travel": "SELECT * FROM quotes FOR VERSION AS OF 1",
    "sample": "SELECT * FROM quotes TABLESAMPLE BERNOULLI (10)",
    "match_recognize": "SELECT a FROM quotes MATCH_RECOGNIZE (PATTERN (a))",
    "no_columns": "SELECT , FROM quotes",
    "placeholder": "SELECT * FROM quotes WHERE asset_id = ?",
    "named_parameter": "SELECT :a",
    "session_variable": "SELECT @a",
    "nul_as_space": "SELECT\x00* FROM quotes",
    "escape_character": "SELECT '\x1b[2J'",
    "surrogate": "SELECT '\ud800'",
    "limit_expression": "SELECT 1 LIMIT (SELECT 1)",
    "limit_all": "SELECT 1 LIMIT ALL",
    "underscores": "SELECT 1_000",
    "hexadecimal": "SELECT 0x1F",
    "dollar_string": "SELECT $$text$$",
    "cube": "SELECT 1 FROM quotes GROUP BY CUBE (rank)",
    "group_by_auto": "SELECT rank FROM quotes GROUP BY AUTO",
    "ties": "SELECT rank FROM quotes ORDER BY 1 FETCH FIRST 1 ROWS WITH TIES",
    "localtime": "SELECT localtime",
    "parameter_in_limit": "SELECT 1 LIMIT ?",
    "values": "VALUES (1)",
    "parenthesised": "(SELECT 1)",
    # a parser that can be made to work hard
    "nested_brackets": "SELECT " + "(" * 49 + "1" + ")" * 49,
    "nested_queries": "SELECT * FROM " + "(SELECT * FROM " * 30 + "quotes" + ")" * 30,
    "nested_case": "SELECT " + "CASE WHEN " * 400 + "true" + " THEN 1 END" * 400,
    "nested_not": "SELECT " + "NOT " * 3000 + "true",
    "minus_chain": "SELECT " + "- " * 3000 + "1",
    "plus_chain": "SELECT " + "1 + " * 3000 + "1",
    "dots": "SELECT " + ".".join("a" * 32) + " FROM quotes",
    "dots_of_a_call": "SELECT " + ".".join("a" * 3000) + "()",
    "dots_of_a_table": "SELECT 1 FROM " + ".".join("a" * 3000),
    "subscripts": "SELECT a" + "[1]" * 1000 + " FROM quotes",
    "casts": "SELECT " + "CAST(" * 100 + "1" + " AS varchar)" * 100,
    "arrays_of_arrays": "SELECT CAST(1 AS bigint" + " ARRAY" * 1000 + ")",
    "types_in_types": "SELECT CAST(1 AS " + "array(" * 100 + "bigint" + ")" * 101,
    "unions": "SELECT 1" + " UNION ALL SELECT 1" * 500,
    "intersections": "SELECT 1" + " INTERSECT SELECT 1" * 500,
    "joins": "SELECT 1 FROM (VALUES 1) a" + " CROSS JOIN (VALUES 1) b" * 500,
    "zones": "SELECT now()" + " AT TIME ZONE 'UTC'" * 500,
    "lambdas": "SELECT " + "x -> " * 500 + "x",
    "concatenations": "SELECT " + "'a' || " * 1000 + "'a'",
    "values_in_values": "SELECT * FROM "
    + "(VALUES (SELECT 1 FROM " * 30
    + "quotes"
    + "))" * 30,
    "in_in": "SELECT 1 WHERE " + "1 IN (SELECT 1 WHERE " * 30 + "true" + ")" * 30,
    "exists_in_exists": "SELECT 1 WHERE " + "EXISTS (SELECT 1 WHERE " * 30 + "true" + ")" * 30,
    "json_in_json": "SELECT " + "JSON_ARRAY(" * 30 + "1" + ")" * 30,
    "rows_of_values": "SELECT * FROM (VALUES " + "1, " * 5000 + "1) t",
    "comments_without_end": "SELECT 1 " + "/*" * 8000,
    "too_long": "SELECT * FROM quotes WHERE rank IN (" + ", ".join(["1"] * 9000) + ")",
    "too_many_tables": "SELECT 1 FROM " + ", ".join(f"quotes q{n}" for n in range(17)),
}


@pytest.mark.parametrize("sql", BYPASSES.values(), ids=BYPASSES.keys())
def test_a_known_bypass_is_refused(sql: str) -> None:
    with pytest.raises(RefusedSqlError):
        check(sql, "coinlake", 1000)


USEFUL = {
    "view": "SELECT name, example FROM unknown_fields WHERE feed = 'assets'",
    "star": "SELECT * FROM quotes",
    "qualified": "SELECT q.price_usd FROM coinlake.quotes q WHERE q.dt = '2026-11-22'",
    "catalog": "SELECT 1 FROM AwsDataCatalog.coinlake.candles_1m",
    "group": "SELECT asset_id, count(*) FROM quotes GROUP BY 1 HAVING count(*) > 2 ORDER BY 2 DESC",
    "with": "WITH newest AS (SELECT max(received_ts) AS at FROM quotes) SELECT * FROM newest",
    "with_chain": "WITH a AS (SELECT 1 AS x), b AS (SELECT * FROM a) SELECT * FROM b",
    "window": "SELECT row_number() OVER (PARTITION BY asset_id ORDER BY received_ts DESC) FROM quotes",
    "frame": "SELECT sum(rank) OVER (ORDER BY rank ROWS BETWEEN 1 PRECEDING AND CURRENT ROW) FROM quotes",
    "join": "SELECT 1 FROM quotes q JOIN candles_1m c ON q.asset_id = c.asset_id",
    "union": "SELECT asset_id FROM quotes UNION ALL SELECT rate_id FROM rates",
    "subquery": "SELECT * FROM quotes WHERE rank IN (SELECT min(rank) FROM quotes)",
    "exists": "SELECT 1 FROM quotes q WHERE EXISTS (SELECT 1 FROM rates)",
    "map": "SELECT element_at(extra, 'k'), extra['k'], cardinality(map_keys(extra)) FROM quotes",
    "unnest_column": "SELECT k, v FROM quotes CROSS JOIN UNNEST(extra) AS t (k, v)",
    "time": "SELECT date_trunc('hour', source_ts), date_add('day', 1, source_ts) FROM quotes",
    "last_hour": "SELECT 1 FROM quotes WHERE source_ts > current_timestamp - INTERVAL '1' HOUR",
    "timestamp": "SELECT 1 FROM quotes WHERE source_ts > TIMESTAMP '2026-11-22 00:00:00.000'",
    "case": "SELECT CASE WHEN rank = 1 THEN 'first' ELSE 'other' END FROM quotes",
    "casts": "SELECT CAST(rank AS DECIMAL(10, 2)), TRY_CAST(name AS BIGINT) FROM quotes",
    "quarantine": "SELECT reason, count(*) FROM quotes_quarantine GROUP BY reason",
    "fetch": "SELECT * FROM quotes FETCH FIRST 5 ROWS ONLY",
    "decimal_literal": "SELECT DECIMAL '1.5', CAST(rank AS DECIMAL) FROM quotes",
    "negated": "SELECT 1 FROM quotes WHERE name NOT LIKE 'a%' ESCAPE '!' AND rank NOT BETWEEN 1 AND 2",
    "trailing_semicolon": "SELECT 1;",
    "upper_case_table": "SELECT * FROM QUOTES",
    "json": "SELECT json_extract_scalar(payload, '$.a'), json_parse(payload) FROM rejected",
    "json_value": "SELECT JSON_VALUE(payload, 'lax $.a' RETURNING bigint DEFAULT 0 ON ERROR) FROM rejected",
    "gathered": "SELECT array_agg(name ORDER BY rank), listagg(name, ', ') WITHIN GROUP (ORDER BY name) FROM quotes",
    "arrays": "SELECT approx_percentile(rank, ARRAY[0.5, 0.9]), ARRAY[1, 2][1] FROM quotes",
    "unnest_array": "SELECT * FROM UNNEST(ARRAY[1, 2]) AS t (n)",
    "days": "SELECT d FROM UNNEST(sequence(DATE '2026-11-01', DATE '2026-11-30')) AS t (d)",
    "week": "SELECT d FROM UNNEST(sequence(current_date - INTERVAL '7' DAY, current_date, INTERVAL '1' DAY)) AS t (d)",
    "lambda": "SELECT reduce(map_values(extra), 0, (s, x) -> s + length(x), s -> s) FROM quotes",
    "lambda_text": "SELECT reduce(map_values(extra), '', (s, x) -> s || x, s -> s) FROM quotes",
    "patterns": r"SELECT regexp_replace(name, '\s+', ' '), regexp_like(symbol, '(?i)^(usd|eur).*$') FROM quotes",
    "padded": "SELECT lpad(CAST(rank AS varchar), 4, '0'), format('%06.2f', 1e0) FROM quotes",
    "grouping": "SELECT GROUPING(rank), count(*) FROM quotes GROUP BY ROLLUP (rank)",
    "quantified": "SELECT 1 FROM quotes WHERE rank >= ALL (SELECT rank FROM quotes)",
    "row": "SELECT CAST(ROW(1, 'a') AS ROW(n integer, t varchar)).n",
    "odd_alias": 'SELECT price_usd AS "price in USD (last)" FROM quotes ORDER BY "price in USD (last)"',
    "bytes": "SELECT to_hex(sha256(to_utf8(name))), X'00' FROM quotes",
}


@pytest.mark.parametrize("sql", USEFUL.values(), ids=USEFUL.keys())
def test_useful_sql_passes_and_what_is_sent_passes_again(sql: str) -> None:
    checked = check(sql, "coinlake", 1000)

    again = check(checked.sql, "coinlake", 1001)
    assert again == checked


@pytest.mark.parametrize("sql", USEFUL.values(), ids=USEFUL.keys())
def test_what_is_sent_says_what_was_written(sql: str) -> None:
    checked = check(sql, "coinlake", 1000)

    assert _without_names_and_cap(checked.sql) == _without_names_and_cap(sql)


def _without_names_and_cap(sql: str) -> tree.Query:
    """The statement's tree with bare table names, and without a LIMIT of its whole."""
    query = parse_query(sql)
    body = query.body
    if isinstance(body, tree.Select):
        body = replace(body, tail=replace(body.tail, limit=None))
    bare = _bare(replace(query, body=body, tail=replace(query.tail, limit=None)))
    assert isinstance(bare, tree.Query)
    return bare


def _bare(value: Any) -> Any:
    if isinstance(value, tuple):
        return tuple(map(_bare, value))
    if isinstance(value, tree.Table):
        last = value.name.parts[-1].name.lower()
        return tree.Table(tree.QualifiedName((tree.Identifier(last),)))
    if isinstance(value, tree.Node):
        return replace(value, **{name: _bare(one) for name, one in tree.parts(value).items()})
    return value


def test_each_form_of_the_grammar_is_allowed_or_refused_with_a_reason() -> None:
    forms = {
        one
        for one in vars(tree).values()
        if isinstance(one, type) and issubclass(one, tree.Node) and fields(one)[1:]
    }
    forms |= {tree.Null}

    assert forms == NODES | set(REFUSED)
    assert not NODES & set(REFUSED)


def test_a_form_with_a_field_that_nobody_judged_is_refused_at_import() -> None:
    with pytest.raises(TypeError, match="judge it anew"):
        judged({tree.Like: "value pattern negated"})


@pytest.mark.parametrize("page", ["read-the-quality", "trace-a-row"])
def test_what_the_pages_ask_passes(page: str) -> None:
    asked = re.findall(r"```sql\n(.*?)```", (HOW_TO / f"{page}.md").read_text(), re.S)

    assert asked
    for sql in asked:
        assert check(sql, "coinlake", 100).tables


@pytest.mark.parametrize("table", ["tables", "columns"])
def test_information_schema_is_answered_from_the_contract(table: str) -> None:
    checked = check(f"SELECT * FROM information_schema.{table} LIMIT 5", "coinlake", 10)

    assert "information_schema" not in checked.sql
    assert checked.tables == ()
    assert "'quotes'" in checked.sql
    assert checked.sql.endswith(f"AS {table} LIMIT 5")


def test_a_bare_name_of_information_schema_is_no_table() -> None:
    with pytest.raises(RefusedSqlError, match="there is no table tables"):
        check("SELECT * FROM tables", "coinlake", 10)


def test_a_backslash_is_no_escape() -> None:
    sql = r"SELECT 1 FROM quotes WHERE name = 'x\' OR name = ' UNION SELECT s FROM secret -- '"

    checked = check(sql, "coinlake", 10)

    assert checked.tables == ("quotes",)
    assert r"name = 'x\' OR name = ' UNION SELECT s FROM secret -- '" in checked.sql


def test_tables_are_sent_fully_qualified() -> None:
    checked = check("SELECT * FROM quotes, rates r", "coinlake", 10)

    assert checked.sql == 'SELECT * FROM "coinlake"."quotes", "coinlake"."rates" r LIMIT 11'
    assert checked.tables == ("quotes", "rates")


def test_comments_are_not_sent() -> None:
    checked = check("SELECT 1 /* hint */ -- more", "coinlake", 10)

    assert checked.sql == "SELECT 1 LIMIT 11"


@pytest.mark.parametrize(
    ("sql", "sent"),
    [
        ("SELECT 1", "LIMIT 11"),
        ("SELECT 1 LIMIT 10", "LIMIT 10"),
        ("SELECT 1 LIMIT 12", "LIMIT 11"),
        ("SELECT 1 UNION ALL SELECT 2 LIMIT 500", "LIMIT 11"),
        ("SELECT 1 OFFSET 5 LIMIT 500", "OFFSET 5 LIMIT 11"),
        ("SELECT 1 FETCH FIRST 500 ROWS ONLY", "LIMIT 11"),
    ],
)
def test_rows_are_capped_by_one_more_than_asked(sql: str, sent: str) -> None:
    checked = check(sql, "coinlake", 10)

    assert checked.sql.endswith(sent)


def test_a_refusal_never_repeats_odd_text() -> None:
    with pytest.raises(RefusedSqlError) as refused:
        check('SELECT * FROM "<script>alert(1)</script>"', "coinlake", 10)

    assert "<script>" not in str(refused.value)
