"""The long run in parts: each is asked by itself, its figures are kept until it is asked again."""

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from tests.commit import commit
from tests.conformance.generate.remembered import Remembered
from tests.conformance.generate.run import Figures, Wanted
from tests.conformance.oracle import LOCAL

PARTS, SIZE, SEED = 40, 2_500, 20261128
FOLDER = LOCAL / "parts"


@dataclass(frozen=True, slots=True)
class Part:
    """What came of one part, and of which commit's engine."""

    number: int
    commit: str
    date: str
    figures: Figures


def wanted(number: int) -> Wanted:
    """The part's queries."""
    return Wanted(SEED, SIZE, number * SIZE)


def remembered(number: int) -> Remembered:
    """What Trino said to the part's queries when it was asked before."""
    return Remembered(FOLDER / f"{number:02}.answers.jsonl")


def save(number: int, figures: Figures) -> None:
    """Keeps them in place of the part's last ones."""
    FOLDER.mkdir(parents=True, exist_ok=True)
    made = {
        "commit": commit(),
        "date": datetime.now(UTC).date().isoformat(),
        "kinds": figures.kinds,
        "refused": figures.refused,
        "weakened": figures.weakened,
        "used": sorted(figures.used),
        "seconds": round(figures.seconds, 1),
    }
    _file(number).write_text(json.dumps(made, ensure_ascii=False))


def load() -> Sequence[Part]:
    """The parts that were asked."""
    return [_read(number) for number in range(PARTS) if _file(number).is_file()]


def _read(number: int) -> Part:
    made = json.loads(_file(number).read_text())
    figures = Figures(
        Counter(made["kinds"]),
        Counter(made["refused"]),
        Counter(made["weakened"]),
        set(made["used"]),
        made["seconds"],
    )
    return Part(number, made["commit"], made["date"], figures)


def _file(number: int) -> Path:
    return FOLDER / f"{number:02}.json"
