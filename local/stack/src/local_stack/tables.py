"""Lays rows out as text tables for the terminal. Pure."""

from collections.abc import Mapping, Sequence
from dataclasses import fields
from decimal import Decimal

from local_stack.counts import StageCounts, total

_TITLES = {
    "polls": "polls",
    "history": "of before",
    "kafka_records": "Kafka records",
    "raw_objects": "raw objects",
    "raw_bytes": "raw bytes",
    "curated_rows": "curated rows",
    "quarantined_rows": "quarantined",
}
_LONGEST = 24
_PLACES = 8


def table(header: Sequence[str], rows: Sequence[Sequence[str | None]]) -> str:
    """Rows under their header; what looks like a number stands on the right."""
    cells = [[_short(cell) for cell in row] for row in rows]
    columns = list(zip(header, *cells, strict=True)) if cells else [(name,) for name in header]
    widths = [max(map(len, column)) for column in columns]
    right = [all(map(_numeric, column[1:])) for column in columns]
    lines = [
        _line(header, widths, right),
        _line(["-" * width for width in widths], widths, right),
    ]
    return "\n".join([*lines, *(_line(row, widths, right) for row in cells)])


def stages(counts: Mapping[str, StageCounts]) -> str:
    """The count at each stage, a line per feed and one for all."""
    rows = [[name, *_numbers(each)] for name, each in counts.items()]
    rows.append(["all", *_numbers(total(counts))])
    return table(["feed", *_TITLES.values()], rows)


def _numbers(counts: StageCounts) -> list[str]:
    return [f"{getattr(counts, field.name):,}" for field in fields(counts)]


def _line(row: Sequence[str], widths: Sequence[int], right: Sequence[bool]) -> str:
    return "  ".join(
        cell.rjust(width) if to_right else cell.ljust(width)
        for cell, width, to_right in zip(row, widths, right, strict=True)
    ).rstrip()


def _short(cell: str | None) -> str:
    if cell is None:
        return "null"
    if _numeric(cell) and "." in cell:
        # Decimals come with all 18 places, which nobody can read in a table.
        cell = f"{Decimal(cell):.{_PLACES}f}".rstrip("0").rstrip(".")
    return cell if len(cell) <= _LONGEST else f"{cell[: _LONGEST - 1]}…"


def _numeric(cell: str) -> bool:
    return cell.replace(",", "").replace(".", "", 1).removeprefix("-").isdigit()
