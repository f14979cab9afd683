"""The judge of the random faults: an answer that is not in raw must be named, with its reason."""

from pathlib import Path

import pytest

from tests.random_faults import told

POLL = b"0192-a"
FILE = "000000000007.record"
DAMAGED = {POLL: FILE}


def test_a_hit_answer_that_is_listed_with_its_reason_is_told() -> None:
    assert told.untold([POLL], DAMAGED, [FILE], {FILE: "its digest differs"}) == []


@pytest.mark.parametrize(
    ("damaged", "aside", "reasons", "wrong"),
    [
        ({}, [FILE], {FILE: "its digest differs"}, "the journalled answer 0192-a is nowhere"),
        (DAMAGED, [], {FILE: "its digest differs"}, f"{FILE} is lost"),
        (DAMAGED, ["000000000008.record"], {FILE: "its digest differs"}, f"{FILE} is lost"),
        (DAMAGED, [FILE], {}, f"{FILE} is put aside, and no line says why"),
        (DAMAGED, [FILE], {FILE: ""}, f"{FILE} is put aside, and no line says why"),
    ],
)
def test_an_answer_that_is_lost_in_silence_is_wrong(
    damaged: dict[bytes, str], aside: list[str], reasons: dict[str, str], wrong: str
) -> None:
    (said,) = told.untold([POLL], damaged, aside, reasons)
    assert said.startswith(wrong)


def test_reasons_are_those_of_every_process_that_wrote_the_log(tmp_path: Path) -> None:
    log = tmp_path / "log"
    log.write_text(
        '{"event": "journal_file_odd", "file": "1.record", "aside": true, "reason": "old"}\n'
        "Traceback of nobody\n"
        '{"event": "journal_opened", "pending": 1}\n'
        '{"event": "journal_file_odd", "file": "x", "aside": false, "reason": "a stranger"}\n'
        '{"event": "journal_file_odd", "file": "2.record", "aside": true, "reason": "new"}\n'
    )
    assert told.reasons(log) == {"1.record": "old", "2.record": "new"}
