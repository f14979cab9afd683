"""The tables that the queries read: how the real Trino gets them."""

import time
from collections.abc import Iterator
from pathlib import Path

from tests.trino_lab.client import Answer, Trino

DATA = Path(__file__).resolve().parents[1] / "data" / "conformance"
CATALOG, SCHEMA = "memory", "default"
# The same tables with their rows in another order: what differs there, SQL does not settle.
SHUFFLED = "shuffled"
# The generator's catalog has a name that no text uses: a text about tables of another catalog
# would otherwise find some.
SOURCE = "generated_rows"
# One split and one writer each: a table's rows then come in the order in which they were made.
CATALOGS = {
    CATALOG: "connector.name=memory\nmemory.splits-per-node=1\n",
    SOURCE: "connector.name=tpch\ntpch.splits-per-node=1\n",
}
TPCH = ("customer", "lineitem", "nation", "orders", "part", "partsupp", "region", "supplier")
_ONE_WRITER = "task_min_writer_count=1,scale_writers=false,task_concurrency=1"


def statements() -> Iterator[str]:
    """What makes the tables, in order."""
    for table in TPCH:
        yield f'create table {table} as select * from {SOURCE}."sf0.001".{table}'
    text = (DATA / "tables.sql").read_text()
    lines = (line for line in text.splitlines() if not line.startswith("--"))
    for statement in "\n".join(lines).split(";\n"):
        if statement.strip().strip(";"):
            yield statement.strip().rstrip(";")


def make_tables(trino: Trino) -> None:
    """Fill an empty memory catalog."""
    _wait_for_a_worker(trino)
    for statement in statements():
        _run(trino, statement)
    _run(trino, f"create schema {SHUFFLED}")
    for (table,) in _run(trino, "show tables").rows:
        _shuffle(trino, table)


def _shuffle(trino: Trino, table: str) -> None:
    names = _run(trino, f"select * from {table} limit 0").names
    listed = ", ".join(f'"{name}"' for name in names)
    # A LIMIT keeps the order: Trino drops the ORDER BY of a query that only fills a table.
    _run(
        trino,
        f"create table {SHUFFLED}.{table} as select {listed} from"
        f" (select *, row_number() over () as place from {table})"
        " order by (place * 7919) % 10007 desc limit 1000000",
    )


def _run(trino: Trino, statement: str) -> Answer:
    answer = trino.query(statement, _ONE_WRITER)
    if answer.error is not None:
        raise RuntimeError(f"{answer.error}: {answer.message}: {statement[:200]}")
    return answer


def _wait_for_a_worker(trino: Trino) -> None:
    # A server that answers `select 1` has not yet found that it is a worker too.
    deadline = time.monotonic() + 60
    while (error := trino.query(f'select * from {SOURCE}."sf0.001".region').error) is not None:
        if time.monotonic() > deadline:
            raise TimeoutError(f"Trino has no worker for its catalogs: {error}")
        time.sleep(0.5)
