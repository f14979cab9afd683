"""The page of what SQL may hold, from the guard's own lists."""

from query_api.core.allowed import REFUSED as REFUSED_FORMS
from query_api.core.allowed import TABLE_NAMES
from query_api.core.functions import ALLOWED, BOUNDS, REFUSED
from query_api.core.growth import MAX_ROWS, MAX_TABLES_READ
from query_api.core.information_schema import SCHEMA, TABLES_OF_IT
from query_api.core.nesting import (
    MAX_BRACKETS,
    MAX_CASES,
    MAX_DOTS,
    MAX_OPERATORS,
    MAX_RELATIONS,
    MAX_SIGNS,
    MAX_TOKENS,
)
from query_api.core.sql_text import MAX_BYTES

_NOTE = (
    "What the guard of `POST /v1/queries` lets through; `GET /v1/sql/functions` gives the same as JSON.",
    "The functions are those that a real Trino 476 lists (`SHOW FUNCTIONS`), each judged once: allowed where it",
    "is deterministic and without side effects, and bounded where its work could grow without a byte being",
    "scanned.",
)


def sql_page(made_by: str) -> str:
    """The page `sql-functions.md`."""
    lines = ["# What SQL may hold", "", made_by, "", *_NOTE, "", *_functions(), *_bounds()]
    return "\n".join([*lines, *_refused(), *_sizes()]) + "\n"


def _functions() -> list[str]:
    lines = ["## Functions", "", "| about | functions |", "| --- | --- |"]
    for about in dict.fromkeys(ALLOWED.values()):
        names = sorted(name for name, what in ALLOWED.items() if what == about)
        lines.append(f"| {about} | {' '.join(f'`{name}`' for name in names)} |")
    return [*lines, ""]


def _bounds() -> list[str]:
    lines = ["## What some of them may be given", "", "| functions | |", "| --- | --- |"]
    for bound in dict.fromkeys(BOUNDS.values()):
        names = sorted(name for name, what in BOUNDS.items() if what == bound)
        lines.append(f"| {' '.join(f'`{name}`' for name in names)} | {bound} |")
    return [*lines, ""]


def _refused() -> list[str]:
    lines = ["## Refused", "", "| functions, syntax | why |", "| --- | --- |"]
    for why in dict.fromkeys(REFUSED.values()):
        names = sorted(name for name, what in REFUSED.items() if what == why)
        lines.append(f"| {' '.join(f'`{name}`' for name in names)} | {why} |")
    lines += [f"| {kind.__name__} | {why} |" for kind, why in REFUSED_FORMS.items()]
    return [*lines, ""]


def _sizes() -> list[str]:
    tables = " ".join(f"`{name}`" for name in sorted(TABLE_NAMES))
    shown = " ".join(f"`{SCHEMA}.{name}`" for name in TABLES_OF_IT)
    return [
        "## Tables and sizes",
        "",
        f"{tables}; {shown}, which show these tables and no other.",
        "",
        "| at most | |",
        "| --- | --- |",
        f"| {MAX_BYTES} | bytes |",
        f"| {MAX_TOKENS} | words, values and signs |",
        f"| {MAX_BRACKETS}, {MAX_CASES} | brackets, and CASE, in one another |",
        f"| {MAX_DOTS}, {MAX_SIGNS} | dots behind one another, signs or NOT in front of one value |",
        f"| {MAX_OPERATORS} | operators in one expression |",
        f"| {MAX_RELATIONS} | joins and set operations in one query |",
        f"| {MAX_TABLES_READ} | tables read, once each WITH query stands in each place that reads it |",
        f"| {MAX_ROWS} | rows out of nothing (VALUES, UNNEST), multiplied where they are joined |",
    ]
