"""The audit log: a line for each query, with whose it was and what it cost, and never its text."""

import hashlib
import re
import time
from collections.abc import Iterable
from decimal import Decimal

from coinlake import logs
from coinlake.prices import billed_bytes
from query_api.core.allowed import TABLE_NAMES
from query_api.core.keys import ANONYMOUS
from query_api.core.statements import Statement
from query_api.loop.query_run import QueryRun
from query_api.loop.spending import Payer
from query_api.metrics import QueryApiMetrics

log = logs.get(__name__)

# Typed statements name each table like this, and hold no text of a request.
_TABLE = re.compile(r'"[a-z0-9_]+"\."([a-z0-9_]+)"')


def audited(
    metrics: QueryApiMetrics, run: QueryRun, payer: Payer, kind: str, usd: Decimal
) -> None:
    """A query that Athena may have run. `kind` is how it ended: from a closed list."""
    line(
        metrics,
        payer,
        statement_hash(run.question.statement),
        kind,
        query_id=run.id,
        tables=list(payer.tables or _tables(run.question.statement)),
        scanned_bytes=sum(run.scans),
        billed_bytes=sum(billed_bytes(one) for one in run.scans),
        usd=f"{usd:f}",
        seconds=round(time.monotonic() - run.began_s, 3),
    )


def refused(metrics: QueryApiMetrics, payer: Payer | None, sql: str, kind: str) -> None:
    """A statement that no query came of: the guard or a budget refused it."""
    payer = payer or Payer(ANONYMOUS)
    line(
        metrics,
        payer,
        statement_hash(Statement(sql)),
        kind,
        query_id=None,
        tables=list(payer.tables),
        scanned_bytes=0,
        billed_bytes=0,
        usd="0",
        seconds=0.0,
    )


def line(
    metrics: QueryApiMetrics, payer: Payer, hashed: str, kind: str, **about: object
) -> None:
    """One line; `kind` is a label, so it is from a closed list."""
    metrics.audited.labels(kind).inc()
    log.info(
        "query_audit", key=payer.caller.name, statement_sha256=hashed, outcome=kind, **about
    )


def statement_hash(statement: Statement) -> str:
    """SHA-256 of the text that Athena gets and of its parameters: equal statements are equal."""
    parts: Iterable[str] = (statement.sql, *statement.parameters)
    return hashlib.sha256("\x00".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


def _tables(statement: Statement) -> list[str]:
    return sorted({name for name in _TABLE.findall(statement.sql) if name in TABLE_NAMES})
