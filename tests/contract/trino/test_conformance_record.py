"""What the conformance runs compare with is what a real Trino says: its rows and its answers."""

import re
from collections.abc import Iterator, Mapping
from pathlib import Path

import pyarrow.parquet as pq
import pytest

from tests.conformance import ours
from tests.conformance.canonical import LEVELS
from tests.conformance.corpus import Text, corpus
from tests.conformance.generate import kept
from tests.conformance.oracle import started
from tests.conformance.parquet_tables import TYPES, dump, file_of, table_types
from tests.conformance.record import record_once
from tests.conformance.recorded import Recorded, load
from tests.conformance.rules import BY_CHANCE, allowed
from tests.conformance.run import usable
from tests.conformance.statement_text import traits
from tests.trino_lab.client import Trino
from tests.trino_lab.maven import jars_of_tests

pytestmark = [pytest.mark.full_size, pytest.mark.needs("jdk24"), pytest.mark.timeout(3600)]

# A time that becomes a timestamp gets today's date in Trino; the engine refuses it by this name.
_OF_THE_DAY = re.compile(r"cast\(time\(\d+\)( with time zone)? as timestamp\(")


@pytest.fixture(scope="module")
def with_tables() -> Iterator[Trino]:
    with started() as trino:
        yield trino


def test_the_parquet_files_hold_the_real_trinos_rows(
    with_tables: Trino, tmp_path: Path
) -> None:
    dump(with_tables, tmp_path)

    assert (tmp_path / TYPES.name).read_text() == TYPES.read_text()
    for table in table_types():
        kept, real = pq.read_table(file_of(table)), pq.read_table(file_of(table, tmp_path))
        # As text: NaN is not equal to itself.
        assert str(kept.to_pylist()) == str(real.to_pylist()), table


def test_the_real_trino_says_again_what_was_recorded(with_tables: Trino) -> None:
    records = load()
    texts = usable(corpus(jars_of_tests()), records)
    # Where its own two runs differed, a third may differ too.
    settled = [one for one in texts if records[one.hash].settled == "rows"]

    assert _changed(with_tables, {text: records[text.hash] for text in settled}) == set()


def test_the_real_trino_says_again_what_was_recorded_of_generated_queries(
    with_tables: Trino,
) -> None:
    records = {text: found for text, found in kept.load() if found.settled == "rows"}

    assert records, "nothing was recorded: python -m tests.conformance generate --record"
    assert _changed(with_tables, records) == set()


def _changed(trino: Trino, records: Mapping[Text, Recorded]) -> set[str]:
    """The texts that Trino answers in another way than it was recorded, for no known reason."""
    return {
        text.sql
        for text, now, _ in record_once(trino, list(records))
        if _said(text, now) != _said(text, records[text]) and not _is_of_the_day(text)
    }


def _is_of_the_day(text: Text) -> bool:
    return _OF_THE_DAY.match(ours.answer(text.sql).refusal or "") is not None


def _said(text: Text, record: Recorded) -> tuple[object, ...]:
    if record.error:
        return record.error, record.types, record.keys
    # Rows may come in another order where the statement asks for none, or for one that is hidden.
    weakest = [level for rule, level in allowed(traits(text.sql), record) if rule in BY_CHANCE]
    first = max((LEVELS.index(level) for level in weakest), default=0)
    prints = tuple(record.print_at(level) for level in LEVELS[first:])
    return record.types, record.keys, prints
