"""The engine up to DuckDB's SQL, with a few tables that nobody has to read."""

from collections.abc import Mapping
from dataclasses import dataclass

from local_cloud.athena.engines import planning
from local_cloud.athena.engines.duck_sql import relation
from local_cloud.athena.engines.duck_sql.relation import BoundTable, BoundView
from local_cloud.athena.engines.duck_sql.text import Text
from local_cloud.athena.engines.duck_sql.udf import Udfs
from local_cloud.athena.sql import parsing
from local_cloud.athena.sql import types as t
from local_cloud.athena.sql.analysis.context import Names, Session
from local_cloud.athena.sql.failures import QueryError
from local_cloud.athena.sql.ir import Expr
from trino_sql import tree

_COLUMNS = (
    ("a", t.BIGINT),
    ("b", t.VARCHAR),
    ("c", t.array(t.BIGINT)),
    ("d", t.DOUBLE),
    ("r", t.row((t.BIGINT, t.VARCHAR), ("x", "y"))),
)
TABLES: Mapping[str, BoundTable | BoundView] = {
    "t": BoundTable("lake0", _COLUMNS),
    "u": BoundTable("lake1", _COLUMNS),
    "v": BoundView("SELECT a, b FROM t", "default", _COLUMNS[:2]),
}
PARAMETERS = ("7", "8")


class Tables:
    """Names that mean something in any database but `nowhere`."""

    def bind(self, database: str, name: str) -> BoundTable | BoundView:
        if database != "default" or name not in TABLES:
            raise QueryError("TABLE_NOT_FOUND", f"{database}.{name}")
        return TABLES[name]

    def prune(self, relation: str, where: Expr, keys: Mapping[str, str]) -> None:
        """There are no partitions."""


@dataclass(frozen=True, slots=True)
class Plan:
    """What a statement comes to: its SQL, columns and functions, or its error."""

    sql: str = ""
    columns: tuple[tuple[str | None, t.Type], ...] = ()
    functions: tuple[object, ...] = ()
    error: str | None = None
    message: str = ""


def plan(sql: str, query: tree.Query | None = None) -> Plan:
    """The plan of `sql`, or of another tree in its place."""
    parsed = parsing.query_with_parameters(sql)
    made = (query, parsed[1]) if query is not None else parsed
    parameters = [parsing.expression(one) for one in PARAMETERS[: made[1]]]
    return planned(sql, made[0], parameters)


def planned(
    sql: str,
    query: tree.Query,
    parameters: list[tree.Expression],
    tables: relation.TableBinder | None = None,
) -> Plan:
    """The plan of a tree whose text is `sql`."""
    udfs = Udfs()
    planner = planning._planner(
        sql,
        parameters,
        Session("default", 1_700_000_000_000_000),
        tables or Tables(),
        Text(udfs),
        Names(),
        0,
    )
    try:
        made = planner.query(query, None)
    except QueryError as error:
        return Plan(error=error.name, message=error.message)
    columns = tuple((one.name, one.type) for one in made.fields)
    return Plan(made.sql, columns, tuple(map(str, udfs.made)))
