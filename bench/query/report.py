"""The figures as lines to read, and as ratios: only those of one run compare."""

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench.query.rows import FORMATS, Measured

COLUMNAR = ("service arrow", "service parquet")
PAGED = ("pyathena default", "pyathena async", "pyathena aio")
MANY_ROWS, ALL_ROWS = 10_000, 1_000_000
# What the service is to reach (issue 17): printed beside the figures, asserted nowhere.
COLUMNAR_LIMIT, OWN_MEDIAN_MS, OWN_P99_MS, LAG_MS = 1.25, 15, 40, 20


def table(found: Sequence[Measured]) -> list[str]:
    """One size: a line for each client, in Markdown."""
    fastest = min(one.wall_s for one in found)
    lines = [
        f"{found[0].rows:,} rows:",
        "",
        "| client | ms | of the fastest | asked again, ms | CPU s, client and service | peak MB | engine CPU s |",
        "| --- | ---: | ---: | ---: | ---: | ---: | ---: |",
    ]
    for one in sorted(found, key=lambda one: one.wall_s):
        engine = min(each.engine_cpu_s for each in one.first)
        lines.append(
            f"| {one.client} | {one.wall_s * 1000:,.0f} | {one.wall_s / fastest:.2f} |"
            f" {one.again_s * 1000:,.1f} | {one.cpu_s:.3f} | {one.peak_bytes / 1e6:,.0f} | {engine:.2f} |"
        )
    return lines


def goals(sizes: Sequence[Sequence[Measured]]) -> Iterator[str]:
    """Each goal with what was seen."""
    for found in sizes:
        by_name = {one.client: one for one in found}
        rows = found[0].rows
        peers = [one for one in found if one.client not in FORMATS]
        ours = [by_name[name] for name in FORMATS if name in by_name]
        if not peers or not ours:
            continue
        if rows >= MANY_ROWS:
            yield from _ahead_of_paging(
                rows, ours, [one for one in peers if one.client in PAGED]
            )
        if rows >= ALL_ROWS:
            yield from _near_the_fastest(rows, by_name, peers)
        fastest = min(peers, key=lambda one: one.again_s)
        for one in ours:
            yield _line(
                f"{rows:,} rows asked again: {one.client} / {fastest.client}",
                one.again_s / fastest.again_s,
                1.0,
            )


def _ahead_of_paging(
    rows: int, ours: Sequence[Measured], paged: Sequence[Measured]
) -> Iterator[str]:
    for one in ours:
        for peer in paged:
            yield _line(
                f"{rows:,} rows: {one.client} / {peer.client}", one.wall_s / peer.wall_s, 1.0
            )


def _near_the_fastest(
    rows: int, by_name: Mapping[str, Measured], peers: Sequence[Measured]
) -> Iterator[str]:
    fastest = min(peers, key=lambda one: one.wall_s)
    for name in COLUMNAR:
        if name in by_name:
            ratio = by_name[name].wall_s / fastest.wall_s
            yield _line(f"{rows:,} rows: {name} / {fastest.client}", ratio, COLUMNAR_LIMIT)


def _line(what: str, ratio: float, limit: float) -> str:
    return f"{what}: {ratio:.2f} (goal: below {limit:g}) {_said(ratio < limit)}"


def own_time(figures: Mapping[str, Any]) -> Iterator[str]:
    """The small typed query."""
    wall, engine, own, late = (figures[name] for name in ("wall", "engine", "own", "remainder"))
    yield (
        f"a small typed query, {wall['count']} times: median {wall['median_ms']:.1f} ms, of which the"
        f" engine says {engine['median_ms']:.1f}; until the next look at it {late['median_ms']:.1f}"
    )
    for name, limit in (("median_ms", OWN_MEDIAN_MS), ("p99_ms", OWN_P99_MS)):
        said = _said(own[name] <= limit)
        yield f"its own time, {name}: {own[name]:.1f} (goal: {limit}) {said}"
    for name, what in (("again", "asked again"), ("not_modified", "answered with 304")):
        without = figures[name]
        yield f"{what}: median {without['median_ms']:.1f} ms, p99 {without['p99_ms']:.1f}"


def lag(what: str, figures: Mapping[str, float]) -> str:
    """The service's event loop."""
    return (
        f"the event loop's lag {what}: worst {figures['worst_ms']:.1f} ms, 99 of 100 within"
        f" {figures['p99_ms']:.1f} (goal: {LAG_MS}) {_said(figures['worst_ms'] <= LAG_MS)}"
    )


def _said(is_reached: bool) -> str:
    return "reached" if is_reached else "NOT REACHED"
