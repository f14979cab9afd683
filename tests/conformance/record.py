"""Asks the real Trino each text, twice, and keeps what it said."""

import re
import sys
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

from tests.conformance.canonical import Answer, closest, json_text, print_at, type_text
from tests.conformance.corpus import Text
from tests.conformance.recorded import Recorded, of_answer
from tests.conformance.statement_text import order_keys, traits
from tests.conformance.tables import SHUFFLED
from tests.trino_lab.client import Answer as Said
from tests.trino_lab.client import TooManyRowsError, Trino

AT_A_TIME = 4
MAX_ROWS = 200_000
_TIME = "query_max_run_time=60s"
# The second run: other rows' order, other plans, one thread.
_OTHERWISE = (
    f"{_TIME},task_concurrency=1,join_reordering_strategy=NONE,"
    "join_distribution_type=PARTITIONED,spill_enabled=false"
)
NOT_THERE = frozenset({"TABLE_NOT_FOUND", "SCHEMA_NOT_FOUND", "CATALOG_NOT_FOUND"})
# Trino's own limits and faults say nothing about SQL.
NO_ANSWER = re.compile(r"EXCEEDED_|CLUSTER_OUT_OF_MEMORY|GENERIC_INTERNAL_ERROR")
_TOO_MANY = "more rows than are kept"
# Lists of what one server has and does.
_ITSELF = re.compile(
    r"\binformation_schema\b|\bsystem\s*\.\s*(runtime|jdbc|metadata)\b", re.IGNORECASE
)
_JAVA_MARK = re.compile("\x01|%[0-9$]*[sdn]|%[a-z_]+%")


def record(trino: Trino, texts: Iterable[Text]) -> Iterator[tuple[Text, Recorded, Said]]:
    """Each text with its record, as they come; several are asked at a time."""
    trino = replace(trino, max_rows=MAX_ROWS)
    with ThreadPoolExecutor(AT_A_TIME) as pool:
        yield from pool.map(lambda text: _one(trino, text), texts)


def _one(trino: Trino, text: Text) -> tuple[Text, Recorded, Said]:
    first = _asked(trino, text.sql, _TIME)
    if why := unusable(text.sql, first):
        return text, Recorded(text.hash, first.error, unusable=why), first
    other = replace(trino, headers={**trino.headers, "X-Trino-Schema": SHUFFLED})
    second = _asked(other, text.sql, _OTHERWISE)
    if first.error != second.error or first.types != second.types:
        why = f"Trino says {first.error} and {second.error} to it"
        return text, Recorded(text.hash, first.error, unusable=why), first
    if first.error is not None:
        return text, Recorded(text.hash, first.error), first
    found = traits(text.sql)
    keys = order_keys(found.order, first.names) if found.order is not None else ()
    types = tuple(map(type_text, first.types))
    one, two = Answer(types, first.rows), Answer(types, second.rows)
    settled = closest(
        lambda level: print_at(level, one, keys), lambda level: print_at(level, two, keys)
    )
    if found.order is None:
        # Two recordings of one answer are then the same bytes.
        one = Answer(types, tuple(sorted(one.rows, key=json_text)))
    return text, of_answer(text.hash, one, keys, settled), first


def _asked(trino: Trino, sql: str, properties: str) -> Said:
    try:
        return trino.query(sql, properties)
    except TooManyRowsError:
        return Said((), (), _TOO_MANY)


def unusable(sql: str, said: Said) -> str | None:
    """Why the text teaches nothing about SQL; None where it does.

    A syntax error is usable where Trino stumbles over what stands there; not where it misses
    what a test would have put in: at a mark of Java's string concatenation or `format`, or at
    the end of the text.
    """
    if _ITSELF.search(sql):
        return "it asks the server about itself"
    if said.error == _TOO_MANY:
        return f"its answer has more than {MAX_ROWS:,} rows"
    if said.error in NOT_THERE:
        return "its table, schema or catalog is not there"
    if said.error == "SYNTAX_ERROR" and _JAVA_MARK.search(sql):
        return "half a sentence: a test puts something in"
    if said.error == "SYNTAX_ERROR" and "mismatched input '<EOF>'" in said.message:
        return "half a sentence: it goes on in the test"
    if said.error is not None and NO_ANSWER.match(said.error):
        return f"Trino does not answer it: {said.error}"
    return None


class Progress:
    """Says how far it is, on one line of a terminal and now and then in a log."""

    def __init__(self, total: int, what: str) -> None:
        self._total, self._what, self._done = total, what, 0
        self._began = self._said = time.monotonic()

    def step(self) -> None:
        """One more is done."""
        self._done += 1
        now = time.monotonic()
        if now - self._said > 10 or self._done == self._total:
            self._said = now
            sys.stderr.write(
                f"{self._what}: {self._done} of {self._total}, {now - self._began:.0f} s\n"
            )
