"""The figures of a full run as a page and as JSON (`docs/reference/conformance.*`)."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from tests.conformance.by_design import Difference
from tests.conformance.compare import BY_DESIGN, FAILURES, REFUSED, SAME, SAME_ERROR
from tests.conformance.run import Counts

REFERENCE = Path(__file__).resolve().parents[2] / "docs" / "reference"
PAGE, FIGURES = REFERENCE / "conformance.md", REFERENCE / "conformance.json"
GENERATED_TITLE, GENERATED_KEY = "## Generated queries", "generated"
COMMAND = "make conformance"
# Reasons for which fewer texts were refused are one line of the page; the JSON has them all.
_SHOWN = 5


@dataclass(frozen=True, slots=True)
class Run:
    """What was compared with what, and when."""

    trino: str
    engine: str
    date: str


def write(run: Run, counts: Counts, differences: Sequence[Difference]) -> None:
    """Both files; what they say of generated queries stays as it is."""
    page = "\n".join(_page(run, counts, differences)) + "\n"
    figures = as_json(run, counts)
    if (known := _figures().get(GENERATED_KEY)) is not None:
        figures[GENERATED_KEY] = known
    _write(page + _generated_part(), figures)


def write_generated(lines: Iterable[str], figures: Mapping[str, Any]) -> None:
    """The section on generated queries and its figures; the rest of both stays as it is."""
    page = PAGE.read_text().partition(GENERATED_TITLE)[0]
    _write(
        "\n".join([page.rstrip("\n"), "", GENERATED_TITLE, *lines]).rstrip("\n") + "\n",
        {**_figures(), GENERATED_KEY: figures},
    )


def _write(page: str, figures: Mapping[str, Any]) -> None:
    PAGE.write_text(page)
    FIGURES.write_text(json.dumps(figures, indent=2, ensure_ascii=False) + "\n")


def _figures() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(FIGURES.read_text()) if FIGURES.is_file() else {}
    return found


def _generated_part() -> str:
    found = PAGE.read_text().partition(GENERATED_TITLE) if PAGE.is_file() else ("", "", "")
    return "".join(found[1:])


def as_json(run: Run, counts: Counts) -> dict[str, Any]:
    """Everything that was counted."""
    return {
        "trino": run.trino,
        "engine": run.engine,
        "date": run.date,
        "command": COMMAND,
        "texts": counts.texts,
        "usable": counts.usable,
        "unusable": counts.unusable,
        "answered": counts.answered,
        "same": counts.kinds.get(SAME, 0),
        "same_error": counts.kinds.get(SAME_ERROR, 0),
        "by_design": counts.by_design,
        "refused": counts.refused,
        "weakened": counts.weakened,
        "failures": {kind: counts.kinds.get(kind, 0) for kind in FAILURES},
    }


def _page(run: Run, counts: Counts, differences: Sequence[Difference]) -> Iterator[str]:
    kinds = counts.kinds
    yield "# Conformance of the local Athena"
    yield ""
    yield f"Made by `{COMMAND}` on {run.date}: Trino {run.trino} beside {run.engine}."
    yield ""
    yield (
        "Athena engine v3 is Trino. The texts of Trino's own tests (read from its jars, not kept"
        " here) were asked of a real Trino; its types, values and errors are recorded in"
        " `tests/data/conformance/`. The local Athena gives the same, or refuses by name."
    )
    yield ""
    yield from table(
        "what",
        "texts",
        {
            "texts": counts.texts,
            "usable": counts.usable,
            "the same types and values": kinds.get(SAME, 0),
            "the same error": kinds.get(SAME_ERROR, 0),
            "different by design": kinds.get(BY_DESIGN, 0),
            "refused by name": kinds.get(REFUSED, 0),
            "others": counts.failures,
        },
    )
    share = 100 * counts.answered / counts.usable if counts.usable else 0.0
    yield f"Answered (the same value, the same error, or by design): {share:.1f} % of the usable."
    yield ""
    yield from _section("Others", "kind", {k: kinds[k] for k in FAILURES if kinds.get(k)})
    yield from _section("Not usable", "why", counts.unusable)
    yield from _section("Compared less strictly", "rule", counts.weakened)
    yield "The rules are described in `tests/conformance/rules.py`."
    yield ""
    yield "## Different by design"
    yield ""
    yield "| difference | texts | source |"
    yield "| --- | --- | --- |"
    for one in differences:
        yield f"| {one.name} | {counts.by_design.get(one.name, 0):,} | {one.source} |"
    yield ""
    yield from _section("Refused", "the local Athena does not support", short(counts.refused))


def short(reasons: Mapping[str, int]) -> dict[str, int]:
    """The reasons with several texts each, and the others as one line."""
    shown = {reason: count for reason, count in reasons.items() if count >= _SHOWN}
    rest = sum(reasons.values()) - sum(shown.values())
    if rest:
        shown[f"{len(reasons) - len(shown)} other things"] = rest
    return shown


def _section(title: str, what: str, figures: Mapping[str, int]) -> Iterator[str]:
    yield f"## {title}"
    yield ""
    if not figures:
        yield "None."
        yield ""
        return
    yield from table(what, "texts", figures)


def table(what: str, count: str, figures: Mapping[str, int]) -> Iterator[str]:
    """Names and figures."""
    yield f"| {what} | {count} |"
    yield "| --- | --- |"
    for name, figure in figures.items():
        yield f"| {_cell(name)} | {figure:,} |"
    yield ""


def _cell(text: str) -> str:
    return " ".join(text.split()).replace("|", "\\|")[:160]
