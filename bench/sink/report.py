"""From runs to figures: the JSON, the table that is printed, the table of the docs."""

import os
import platform
import subprocess
from collections.abc import Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from statistics import median
from typing import Any

from bench.sink import yardstick
from bench.sink.measure import Run
from bench.sink.peers import ROOT, WRITERS

US = "coinlake"
PAGE = ROOT / "docs" / "reference" / "benchmarks.md"
BEGIN = "<!-- figures: python -m bench.sink --report -->"
END = "<!-- end of figures -->"
_MB = 1e6
_PACKAGES = ("aiokafka", "aiobotocore", "isal", "pyspark")
_HEAD = (
    "writer",
    "wall s",
    "CPU s",
    "start CPU s",
    "MB/CPU s",
    "MB/CPU s after start",
    "peak MB",
    "objects",
    "stored MB",
    "stored",
)


def result(name: str, raw_bytes: int, runs: Sequence[Run], empty: Run | None) -> dict[str, Any]:
    """A writer's figures at one size: the run in the middle by CPU, and every run."""
    cpu_s = median(run.account.cpu_s for run in runs)
    middle = min(runs, key=lambda run: abs(run.account.cpu_s - cpu_s))
    start_s = None if empty is None else empty.account.cpu_s
    # Below zero where the machine disturbed a small run more than the run itself took.
    after_s = None if start_s is None else max(0.0, middle.account.cpu_s - start_s)
    return {
        "writer": name,
        "what": WRITERS[name].what,
        "wall_s": middle.account.wall_s,
        "cpu_s": round(middle.account.cpu_s, 3),
        "start_cpu_s": None if start_s is None else round(start_s, 3),
        "mb_per_cpu_s": round(raw_bytes / _MB / middle.account.cpu_s, 1),
        "mb_per_cpu_s_after_start": round(raw_bytes / _MB / after_s, 1) if after_s else None,
        "peak_mb": round(middle.account.peak_bytes / _MB, 1),
        "objects": middle.evidence.objects,
        "stored_mb": round(middle.evidence.stored_bytes / _MB, 1),
        "stored_all_once": all(run.verdict == "all, once" for run in runs),
        "verdict": "; ".join(sorted({run.verdict for run in runs})),
        "runs": [run.as_json() for run in runs],
    }


def ratios(writers: Sequence[Mapping[str, Any]]) -> dict[str, dict[str, float | None]]:
    """How many times a peer's MB per CPU second ours is, with and without its start.

    Nothing is told of a peer that did not store all: how fast it failed is no speed.
    """
    by_name = {one["writer"]: one for one in writers}
    ours = by_name.pop(US, None)
    if ours is None:
        return {}
    return {
        name: {
            field: round(ours[field] / one[field], 2) if ours[field] and one[field] else None
            for field in ("mb_per_cpu_s", "mb_per_cpu_s_after_start")
        }
        for name, one in by_name.items()
        if one["stored_all_once"]
    }


def incomplete(sizes: Sequence[Mapping[str, Any]]) -> list[tuple[str, int]]:
    """Who did not store all, once: the writer, and the bytes of a value."""
    return [
        (one["writer"], size["size"])
        for size in sizes
        for one in size["writers"]
        if not one["stored_all_once"]
    ]


def machine() -> dict[str, Any]:
    """Where it was measured, so that figures of two machines are not taken for one's."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = version(name)
        except PackageNotFoundError:
            versions[name] = "not installed"
    return {
        "cpu": _cpu_model(),
        "cores": os.cpu_count(),
        "kernel": platform.release(),
        "python": platform.python_version(),
        "packages": versions,
        "packing_mb_per_cpu_s": yardstick.packing(),
        "commit": _commit(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def text(report: Mapping[str, Any]) -> str:
    """The tables for people and for the docs: the same, in Markdown."""
    machine_, parts = report["machine"], []
    parts.append(
        f"{report['date']}, commit `{machine_['commit']}`, {machine_['cpu']}, "
        f"{machine_['cores']} cores, Python {machine_['python']}; gzip level "
        f"{report['gzip_level']}, {report['rounds']} round(s), load before "
        f"{machine_['load_before']}. One core packs, in MB per CPU second: "
        + ", ".join(f"{name} {mb}" for name, mb in machine_["packing_mb_per_cpu_s"].items())
        + "."
    )
    for size in report["sizes"]:
        parts.append(_table(size))
        parts.extend(_ratio_lines(size["ratios"]))
    return "\n".join(parts) + "\n"


def written_into(page: str, figures: str) -> str:
    """The page with the figures between its two marks. Raises ValueError where it has none."""
    before, begin, rest = page.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise ValueError(f"the page lacks {BEGIN} or {END}")
    return f"{before}{BEGIN}\n{figures.strip()}\n{END}{after}"


def _table(size: Mapping[str, Any]) -> str:
    title = (
        f"\n{size['values']:,} values of {size['size']:,} bytes, {size['raw_mb']:,} MB, "
        f"{size['partitions']} partitions, lz4:\n"
    )
    rows = [_HEAD, ("---",) + ("---:",) * (len(_HEAD) - 2) + ("---",)]
    rows += [_row(one) for one in size["writers"]]
    return title + "\n" + "\n".join(f"| {' | '.join(row)} |" for row in rows) + "\n"


def _row(one: Mapping[str, Any]) -> tuple[str, ...]:
    start, after = one["start_cpu_s"], one["mb_per_cpu_s_after_start"]
    return (
        one["writer"],
        f"{one['wall_s']:.1f}",
        f"{one['cpu_s']:.2f}",
        "" if start is None else f"{start:.2f}",
        f"{one['mb_per_cpu_s']:.1f}",
        "" if after is None else f"{after:.1f}",
        f"{one['peak_mb']:.0f}",
        str(one["objects"]),
        f"{one['stored_mb']:.1f}",
        one["verdict"],
    )


def _ratio_lines(found: Mapping[str, Mapping[str, float | None]]) -> list[str]:
    lines = []
    for name, ratio in found.items():
        after = ratio["mb_per_cpu_s_after_start"]
        told = "" if after is None else f" ({after} after start)"
        lines.append(
            f"- {US} / {name}: {ratio['mb_per_cpu_s']} times the MB per CPU second{told}"
        )
    return lines


def _cpu_model() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return platform.machine()


def _commit() -> str:
    said = subprocess.run(
        ["git", "describe", "--always", "--dirty"], cwd=ROOT, capture_output=True, text=True
    )
    return said.stdout.strip() or "unknown"
