"""Asks the real Trino each text, twice, and keeps what it said."""

import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from functools import partial

from tests.conformance.canonical import Answer, closest, json_text, print_at, type_text
from tests.conformance.corpus import Text
from tests.conformance.recorded import Recorded, of_answer
from tests.conformance.statement_text import order_keys, traits
from tests.conformance.tables import SHUFFLED
from tests.trino_lab.client import Answer as Said
from tests.trino_lab.client import TooManyRowsError, Trino

AT_ATIME = 4
MAX_ROWS = 200_000
TIME = "query_max_run_time=60s"
# The second run: other rows' order, other plans, one thread.
OTHERWISE = (
    f"{TIME},task_concurrency=1,join_reordering_strategy=NONE,"
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
    return _each(_one, trino, texts)


def record_once(trino: Trino, texts: Iterable[Text]) -> Iterator[tuple[Text, Recorded, Said]]:
    """The same of texts that are known to be settled: each is asked once."""
    return _each(_one_settled, trino, texts)


def _each(
    ask: Callable[[Trino, Text], tuple[Text, Recorded, Said]],
    trino: Trino,
    texts: Iterable[Text],
) -> Iterator[tuple[Text, Recorded, Said]]:
    trino = replace(trino, max_rows=MAX_ROWS)
    with ThreadPoolExecutor(AT_ATIME) as pool:
        yield from pool.map(partial(ask, trino), texts)


def _one(trino: Trino, text: Text) -> tuple[Text, Recorded, Said]:
    found, said = asked(trino, text)
    if found.unusable is None:
        found = asked_again(trino, text, found)
    return text, shortened(text, found), said


def _one_settled(trino: Trino, text: Text) -> tuple[Text, Recorded, Said]:
    found, said = asked(trino, text)
    return text, shortened(text, found), said


def asked(trino: Trino, text: Text) -> tuple[Recorded, Said]:
    """What Trino says to a text at first, with all rows; they may not be settled."""
    said = _asked(trino, text.sql, TIME)
    if why := unusable(text.sql, said):
        return Recorded(text.hash, said.error, unusable=why), said
    if said.error is not None:
        return Recorded(text.hash, said.error), said
    order = traits(text.sql).order
    keys = order_keys(order, said.names) if order is not None else ()
    types = tuple(map(type_text, said.types))
    return Recorded(text.hash, types=types, rows=said.rows, keys=keys), said


def asked_again(trino: Trino, text: Text, first: Recorded) -> Recorded:
    """The same with what a second run, over other rows' order, leaves of it."""
    other = replace(trino, headers={**trino.headers, "X-Trino-Schema": SHUFFLED})
    said = _asked(other, text.sql, OTHERWISE)
    types = tuple(map(type_text, said.types))
    if first.error != said.error or first.types != types:
        why = f"Trino says {first.error} and {said.error} to it"
        return Recorded(text.hash, first.error, unusable=why)
    if first.error is not None:
        return first
    second = Answer(types, said.rows)
    settled = closest(first.print_at, lambda level: print_at(level, second, first.keys))
    return replace(first, settled=settled)


def shortened(text: Text, found: Recorded) -> Recorded:
    """As it is kept: with its rows where they are short."""
    if found.rows is None:
        return found
    rows = found.rows
    if traits(text.sql).order is None:
        # Two recordings of one answer are then the same bytes.
        rows = tuple(sorted(rows, key=json_text))
    return of_answer(text.hash, Answer(found.types, rows), found.keys, found.settled)


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
