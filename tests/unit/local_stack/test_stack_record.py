"""What the stack remembers of itself."""

from dataclasses import replace
from pathlib import Path

import pytest

from local_stack import record
from local_stack.errors import StackError
from local_stack.processes import Running
from local_stack.record import PORTS, ApiSource, StackRecord

RECORD = StackRecord(
    {name: 1000 + place for place, name in enumerate(PORTS)}, "key", ApiSource()
)


def test_a_record_comes_back_as_it_was_written(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"
    known = replace(RECORD, source=ApiSource("https://api", 50)).with_process(
        "x", Running(7, "t")
    )

    record.save(path, known)

    assert record.read(path) == known


def test_only_its_owner_may_read_the_record(tmp_path: Path) -> None:
    path = tmp_path / "stack.json"

    record.save(path, RECORD)

    assert path.stat().st_mode & 0o077 == 0


def test_where_nothing_was_started_there_is_no_record(tmp_path: Path) -> None:
    assert record.read(tmp_path / "stack.json") is None


def test_a_stopped_stack_remembers_its_ports_and_no_process() -> None:
    emptied = RECORD.with_process("kafka", Running(7, "t")).emptied()

    assert emptied.processes == {}
    assert emptied.ports == RECORD.ports


@pytest.mark.parametrize("text", ["{", "[]", '{"ports": {}}'])
def test_a_damaged_record_is_named_in_one_sentence(tmp_path: Path, text: str) -> None:
    path = tmp_path / "stack.json"
    path.write_text(text)

    with pytest.raises(StackError, match="cannot be read"):
        record.read(path)
