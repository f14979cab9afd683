"""What the queries of a board's panels return from a real Prometheus, as Grafana would ask them."""

import math
import re
from collections.abc import Callable, Sequence
from typing import Any

Ask = Callable[..., Any]
"""A call of Prometheus's HTTP API: its path under /api/v1 and its parameters, to `data`."""

# Grafana takes four scrapes at least (docs, $__rate_interval).
RATE_INTERVAL = "60s"
_POINTS = 240
_LEGEND = re.compile(r"\{\{\s*(\w+)\s*\}\}")


def board_series(ask: Ask, board: dict[str, Any], from_s: float, to_s: float) -> dict[str, Any]:
    """`draw.jsx`'s question: the board with all series of its panels between two moments."""
    panels = [panel for panel in board["panels"] if panel["type"] != "row"]
    series = {str(panel["id"]): _panel(ask, panel, from_s, to_s) for panel in panels}
    return {"board": board, "from": from_s * 1000, "to": to_s * 1000, "series": series}


def _panel(ask: Ask, panel: dict[str, Any], from_s: float, to_s: float) -> list[dict[str, Any]]:
    return [one for target in panel["targets"] for one in _target(ask, target, from_s, to_s)]


def _target(
    ask: Ask, target: dict[str, Any], from_s: float, to_s: float
) -> list[dict[str, Any]]:
    expr = target["expr"].replace("$__rate_interval", RATE_INTERVAL)
    if target["instant"]:
        found = ask("query", query=expr, time=str(to_s))["result"]
        return [_series(target, one["metric"], [one["value"]]) for one in found]
    step = max(1, math.ceil((to_s - from_s) / _POINTS))
    asked = {"start": str(from_s), "end": str(to_s), "step": str(step)}
    found = ask("query_range", query=expr, **asked)["result"]
    return [_series(target, one["metric"], _gaps(one["values"], step)) for one in found]


def _gaps(samples: Sequence[Sequence[Any]], step: float) -> list[Sequence[Any]]:
    """The samples with a null where some are missing, as Grafana's data source has them."""
    whole: list[Sequence[Any]] = []
    for sample in samples:
        if whole and sample[0] - whole[-1][0] > 1.5 * step:
            whole.append((whole[-1][0] + step, None))
        whole.append(sample)
    return whole


def _series(
    target: dict[str, Any], metric: dict[str, str], samples: Sequence[Sequence[Any]]
) -> dict[str, Any]:
    return {
        "name": _name(target["legendFormat"], metric),
        "times": [at * 1000 for at, _ in samples],
        "values": [None if value is None else _value(value) for _, value in samples],
    }


def _name(legend: str, metric: dict[str, str]) -> str:
    if legend != "__auto":
        return _LEGEND.sub(lambda found: metric.get(found[1], ""), legend)
    return ", ".join(metric.values()) or "Value"


def _value(text: str) -> float | str:
    value = float(text)
    return value if math.isfinite(value) else "NaN"
