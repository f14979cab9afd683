"""Verdicts as text for a person: ours and theirs, side by side."""

from collections.abc import Iterable, Iterator

from tests.conformance.canonical import Answer, json_text
from tests.conformance.outcome import Outcome, grouped
from tests.conformance.recorded import Recorded
from tests.conformance.run import Judged
from tests.trino_lab.client import Answer as Said

_ROWS = 20
_WIDTH = 400


def shown(judged: Iterable[Judged], kind: str, most: int) -> Iterator[str]:
    """The first texts of a kind of verdict, of a rule, or with a hash that begins so."""
    wanted = (
        one
        for one in judged
        if kind in (one.verdict.kind, one.verdict.rule, grouped(one.verdict.note))
        or one.text.hash.startswith(kind)
    )
    for one, _ in zip(wanted, range(most), strict=False):
        yield f"---- {one.text.hash}: {one.verdict.kind}; {one.verdict.rule or one.verdict.note}"
        yield one.text.sql.strip()
        yield f"theirs: {of_record(one.theirs)}"
        yield f"ours:   {of_outcome(one.ours)}"


def of_record(record: Recorded) -> str:
    """Trino's side, as it was recorded."""
    if record.error is not None:
        return record.error
    if record.rows is not None:
        return _rows(Answer(record.types, record.rows))
    return f"{', '.join(record.types)}\n  {record.print_at('count')} rows, not kept here"


def of_said(said: Said) -> str:
    """Trino's side, as it just said it."""
    if said.error is not None:
        return f"{said.error}: {said.message}"
    return _rows(Answer(said.types, said.rows))


def of_outcome(outcome: Outcome) -> str:
    """Our side."""
    if outcome.answer is not None:
        return _rows(outcome.answer)
    if outcome.crash is not None:
        return f"CRASH: {outcome.crash}"
    return f"{outcome.error}: {outcome.message}"


def _rows(answer: Answer) -> str:
    lines = [", ".join(answer.types)]
    lines += [f"  {json_text(row)[:_WIDTH]}" for row in answer.rows[:_ROWS]]
    if len(answer.rows) > _ROWS:
        lines.append(f"  … {len(answer.rows)} rows")
    return "\n".join(lines)
